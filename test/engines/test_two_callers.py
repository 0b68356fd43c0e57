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

"""An engine is asked by two threads at once: the one that looks, and the one that plans."""

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest

from jepa_ros.engines.load import load_engine


@pytest.mark.parametrize('name', ['openvino', 'onnxruntime', 'torch'])
def test_each_of_two_callers_gets_its_own_answers(bundle, name):
    if find_spec(name) is None:
        pytest.skip(f'{name} is not installed')
    model = load_engine(bundle, name)
    spec, rng = model.spec, np.random.default_rng(0)
    shape = (spec.history, spec.action.block, spec.action.width)
    questions = [
        (rng.normal(size=(spec.history, spec.tokens, spec.width)).astype(np.float32),
         rng.uniform(-0.3, 0.3, shape).astype(np.float32),
         rng.uniform(-0.3, 0.3, (count, spec.horizon, *shape[1:])).astype(np.float32),
         rng.normal(size=(spec.tokens, spec.width)).astype(np.float32))
        for count in (1, 16, 1, 16)]
    images = rng.integers(0, 256, (4, spec.image_height, spec.image_width, 3), np.uint8)

    def ask(first):
        answers = []
        for i in range(100):
            at = (first + i) % 4
            answers.append((at, model.encode(images[at]), model.rollout(*questions[at])))
        return answers

    expected = [(model.encode(images[at]), model.rollout(*questions[at])) for at in range(4)]
    with ThreadPoolExecutor(2) as callers:
        for answers in callers.map(ask, (0, 2)):
            for at, latent, rollout in answers:
                np.testing.assert_allclose(latent, expected[at][0], atol=1e-6)
                np.testing.assert_allclose(rollout.latents, expected[at][1].latents, atol=1e-6)
                np.testing.assert_allclose(rollout.cost, expected[at][1].cost, atol=1e-5)
