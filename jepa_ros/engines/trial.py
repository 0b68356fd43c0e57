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

"""One frame and one rollout through a bundle: whether it works here, and in what time."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import time
from typing import TypeVar

import numpy as np

from jepa_ros.config import PlannerConfig
from jepa_ros.core.proprioception import latent_of
from jepa_ros.engines.load import load_engine

# at the least, since the first takes longer; and for so long, since others work too
_CALLS, _ENOUGH_S = 5, 0.3
_Answer = TypeVar('_Answer')


@dataclass(frozen=True)
class Trial:
    """What ran a bundle, why that, and how long each call took at its quickest."""

    engine: str
    device: str
    precision: str
    why: str
    load_s: float
    encode_s: float
    rollout_s: float
    candidates: int


def try_bundle(folder: Path, engine: str = 'auto', candidates: int = PlannerConfig.candidates
               ) -> Trial:
    """
    Load a bundle, encode a grey ramp, roll out candidates of random actions towards it.

    BundleError where the bundle or the engine is not whole, ValueError where an answer has
    another shape than the manifest says, or is not finite.
    """
    began_s = time.perf_counter()
    model = load_engine(folder, engine)
    load_s = time.perf_counter() - began_s
    spec = model.spec
    shape = (spec.image_height, spec.image_width, 3)
    image = np.linspace(0, 255, num=int(np.prod(shape))).astype(np.uint8).reshape(shape)
    encoded, encode_s = _timed(lambda: model.encode(image))
    latent = latent_of(encoded, None, spec)                                     # (L, D)
    block = (spec.action.block, spec.action.width)                              # (K, A)
    plans = np.random.default_rng(0).uniform(
        spec.action.low, spec.action.high, (candidates, spec.horizon, *block)).astype(np.float32)
    context = np.stack([latent] * spec.history)                                 # (T, L, D)
    executed = np.zeros((spec.history, *block), np.float32)
    answer, rollout_s = _timed(lambda: model.rollout(context, executed, plans, latent))
    for name, found, wanted in (
            ('encode', latent, (spec.tokens, spec.width)),
            ('rollout', answer.latents, (candidates, spec.horizon, spec.tokens, spec.width)),
            ('cost', answer.cost, (candidates,))):
        if found.shape != wanted:
            raise ValueError(f'{name} answers shape {found.shape}, must be {wanted}')
        if not np.isfinite(found).all():
            raise ValueError(f'{name} answers numbers that are not finite')
    return Trial(model.engine, model.device, model.precision, model.why, load_s, encode_s,
                 rollout_s, candidates)


def _timed(call: Callable[[], _Answer]) -> tuple[_Answer, float]:
    """Return what a call answers, and the shortest of its times in s."""
    times_s: list[float] = []
    while len(times_s) < _CALLS or sum(times_s) < _ENOUGH_S:
        began_s = time.perf_counter()
        answer = call()
        times_s.append(time.perf_counter() - began_s)
    return answer, min(times_s)
