# Copyright 2026 jepa_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""What docs/bundle.md has somebody write for networks of their own is a bundle that plans."""

from pathlib import Path
import re
import subprocess
import sys

import numpy as np
import pytest

from jepa_ros.config import PlannerConfig
from jepa_ros.core.sampling_planner import SamplingPlanner
from jepa_ros.engines.load import load_engine

PAGE = Path(__file__).parents[2] / 'docs' / 'bundle.md'


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """Return what the page's script writes."""
    (script,) = re.findall(r'^```python\n(.*?)^```$', PAGE.read_text(), re.MULTILINE | re.DOTALL)
    folder = tmp_path_factory.mktemp('page') / 'own'
    done = subprocess.run([sys.executable, '-c', script, str(folder)], capture_output=True,
                          text=True, timeout=300, cwd=PAGE.parents[1])
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize('engine', ['openvino', 'onnxruntime'])
def test_it_encodes_and_plans(folder, engine):
    model, rng = load_engine(folder, engine), np.random.default_rng(0)
    spec = model.spec
    z, goal = (model.encode(rng.integers(0, 256, (spec.image_height, spec.image_width, 3),
                                         np.uint8)) for _ in range(2))
    assert z.shape == (spec.tokens, spec.width)
    context = np.stack([z] * spec.history)
    executed = np.zeros((spec.history, spec.action.block, spec.action.width), np.float32)
    plan = SamplingPlanner(spec, PlannerConfig()).plan(
        model, context, executed, goal, np.zeros(spec.action.width, np.float32),
        np.zeros((0, spec.action.width), np.float32), 0.0, rng, lambda: 0.0)
    assert plan.blocks.shape == (spec.horizon, spec.action.block, spec.action.width)
    # its predictor was never trained, but some plans are better than others, and it finds those
    action = spec.action
    others = rng.uniform(action.low, action.high,
                         (100, spec.horizon, action.block, action.width)).astype(np.float32)
    ends = model.rollout(context, executed, others, goal).cost_to_go[:, -1]
    assert plan.cost_to_go[-1] < np.quantile(ends, 0.1)
