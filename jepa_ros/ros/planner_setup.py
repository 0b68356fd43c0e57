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

"""What the planner node is made of, from its parameters: the agent, and its eye."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
import time
from typing import Any

import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from jepa_ros.core.agent import Agent
from jepa_ros.core.proprioception import latent_of
from jepa_ros.core.sampling_planner import SamplingPlanner
from jepa_ros.core.world_model import WorldModel
from jepa_ros.engines.bundle_files import read_json
from jepa_ros.engines.manifest import trained_region
from jepa_ros.ros import planner_params
from jepa_ros.ros.convert import to_picture
from jepa_ros.types import ModelSpec

# While an engine runs for the first time it may compile, which no deadline must cut short.
_FIRST_DEADLINE_S = 60.0


def make_agent(model: WorldModel, values: dict[str, Any]) -> Agent:
    """
    Return an agent, the model having run once in every size that plans will ask for.

    Raises ValueError where a parameter is out of bounds, or where the model finds no plan that
    is finite.
    """
    config = planner_params.planner_config(values)
    agent_config = planner_params.agent_config(values)
    # in the middle of a drive a wide search must not blind it; iCEM's iterations differ in size
    once = replace(config, deadline_s=_FIRST_DEADLINE_S,
                   iterations=config.iterations if config.method == 'icem' else 1)
    _run_once(model, SamplingPlanner(model.spec, once))
    return Agent(model, SamplingPlanner(model.spec, config), agent_config,
                 np.random.default_rng(values['seed']), time.monotonic)


def _run_once(model: WorldModel, planner: SamplingPlanner) -> None:
    """Encode a black picture and plan from it to itself."""
    spec, action = model.spec, model.spec.action
    z = latent_of(model.encode(np.zeros((spec.image_height, spec.image_width, 3), np.uint8)),
                  None, spec)
    context = np.stack([z] * spec.history)
    executed = np.zeros((spec.history, action.block, action.width), np.float32)
    # one candidate is what surprise and committed blocks ask for
    model.rollout(context, executed, np.zeros((1, spec.horizon, action.block, action.width),
                                              np.float32), z)
    planner.plan(model, context, executed, z, np.zeros(action.width, np.float32),
                 np.zeros((0, action.width), np.float32), 0.0, np.random.default_rng(0),
                 time.monotonic)


def make_eye(spec: ModelSpec, values: dict[str, Any]
             ) -> Callable[[Image | CompressedImage], np.ndarray]:
    """Return what makes the model's picture of a message; it raises ImageError."""
    region = planner_params.region(values)

    def see(message: Image | CompressedImage) -> np.ndarray:
        return to_picture(message).part(region).fit(spec.image_height, spec.image_width)

    return see


def region_remark(bundle: Path, values: dict[str, Any]) -> str:
    """
    Return what to say where a model learnt from another part of its pictures; '' where not.

    A manifest need not tell: models of a simulator, or of others, may have nothing there.
    """
    learnt = trained_region(read_json(bundle / 'manifest.json'))
    region = planner_params.region(values)
    if learnt is None or learnt == region:
        return ''
    return (f'{bundle.name} was trained on region {list(learnt)} of its pictures, the parameter '
            f'region is {list(region)}: it will see what it does not know')
