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

"""
From frames of the robot's camera to the int8 graphs of a bundle, compared with fp32.

Frames become latents, latents become the questions that a planner asks, and what flows through
the graphs meanwhile gives int8 its scales.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
import tempfile

import numpy as np

from jepa_ros.core.proprioception import latent_of
from jepa_ros.core.world_model import WorldModel
from jepa_ros.engines.manifest import Manifest, read_graph
from jepa_ros.engines.onnx_engine import OnnxEngine
from jepa_ros.engines.onnx_int8 import Inputs, to_int8
from jepa_ros.types import Array, Image, ModelSpec

FEWEST_FRAMES = 32
CANDIDATES = 64
# of the frames one in so many is kept to compare int8 with fp32 on
_HELD_OUT = 4
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Difference:
    """
    How far int8 is from fp32, through both graphs, on frames that gave no scales.

    ``latents``: RMS of the difference, relative to how far latents are from their mean.
    ``cost``: median of the relative differences.  ``elites``: the part of the best eighth of
    candidates that stays the same.
    """

    latents: float
    cost: float
    elites: float


@dataclass(frozen=True)
class Calibrated:
    """Int8 graphs by the names of the bundle's graphs, and how each runtime answers with them."""

    graphs: dict[str, bytes]
    differences: dict[str, Difference]
    frames: int
    compared: int
    seed: int


def questions(spec: ModelSpec, latents: Sequence[Array], rng: np.random.Generator
              ) -> Iterator[Inputs]:
    """
    Yield one question a planner may ask for each latent (L, D), with the T - 1 before as context.

    The goal is another frame's latent.  Actions are over the whole of their range; half of the
    candidates hold one action, which leads further away than noise does.
    """
    action = spec.action
    one = (action.block, action.width)
    for i in range(spec.history - 1, len(latents)):
        def draw(*size: int) -> Array:
            return rng.uniform(action.low, action.high, (*size, *one)).astype(np.float32)

        candidates = draw(CANDIDATES, spec.horizon)
        candidates[::2] = candidates[::2, :1, :1]
        yield {'context': np.stack(latents[i - spec.history + 1:i + 1]),
               'executed': draw(spec.history), 'candidates': candidates,
               'goal': latents[int(rng.integers(len(latents)))]}


def calibrate(manifest: Manifest, frames: Sequence[Image], seed: int = 0,
              progress: Progress | None = None) -> Calibrated:
    """
    Make the int8 graphs of a bundle from frames (N, height, width, 3) of the model's size.

    One frame in four is kept to compare with fp32 on every runtime that is here.  ``progress`` is
    told the part done, 0 to 1, and the phase.  Needs ``onnx``.  ValueError where frames are few,
    BundleError where a graph has no int8 form.
    """
    if len(frames) < FEWEST_FRAMES:
        raise ValueError(f'{len(frames)} frames, at least {FEWEST_FRAMES} are needed')
    told = progress or (lambda part, phase: None)
    reference, spec = OnnxEngine(manifest), manifest.spec
    kept = [frame for i, frame in enumerate(frames) if i % _HELD_OUT]
    held_out = frames[::_HELD_OUT]
    latents = [latent_of(reference.encode(frame), None, spec) for frame in kept]
    told(0.1, 'encoder')
    encoder = to_int8(read_graph(manifest, manifest.encoder),
                      ({manifest.encoder.inputs[0].name: frame[None]} for frame in kept))

    names = [tensor.name for tensor in manifest.rollout.inputs]

    def asked() -> Iterator[Inputs]:
        for i, inputs in enumerate(questions(spec, latents, np.random.default_rng(seed))):
            told(0.2 + 0.6 * i / len(latents), 'rollout')
            # questions name inputs as the planner does, a bundle as it likes
            yield dict(zip(names, inputs.values(), strict=True))

    graphs = {'encoder': encoder,
              'rollout': to_int8(read_graph(manifest, manifest.rollout), asked())}
    told(0.8, 'comparing')
    with tempfile.TemporaryDirectory() as folder:
        differences = {name: compare(reference, engine, held_out, seed)
                       for name, engine in _engines(manifest, graphs, Path(folder))}
    told(1.0, 'done')
    return Calibrated(graphs, differences, len(kept), len(held_out), seed)


def compare(reference: WorldModel, other: WorldModel, frames: Sequence[Image], seed: int = 0
            ) -> Difference:
    """Ask two engines the same questions, each from its own latents of the same frames."""
    spec = reference.spec
    answers, latents = [], []
    for engine in (reference, other):
        latents.append([latent_of(engine.encode(frame), None, spec) for frame in frames])
        answers.append([engine.rollout(**inputs) for inputs in questions(
            spec, latents[-1], np.random.default_rng(seed))])
    exact = np.stack(latents[0])
    spread = exact - exact.mean(axis=0)
    best = CANDIDATES // 8
    same, relative = [], []
    for a, b in zip(*answers, strict=True):
        relative.append(np.abs(a.cost - b.cost) / np.maximum(np.abs(a.cost), 1e-6))
        same.append(len({*np.argsort(a.cost)[:best]} & {*np.argsort(b.cost)[:best]}) / best)
    return Difference(float(np.sqrt(np.mean((np.stack(latents[1]) - exact) ** 2)
                                    / np.mean(spread ** 2))),
                      float(np.median(relative)), float(np.mean(same)))


def _engines(manifest: Manifest, graphs: dict[str, bytes], folder: Path
             ) -> Iterator[tuple[str, WorldModel]]:
    """Yield the runtimes that are here, each with int8 graphs that are in no bundle yet."""
    for name, content in graphs.items():
        (folder / name).write_bytes(content)
    made = replace(manifest, folder=folder, encoder=replace(manifest.encoder, file='encoder'),
                   rollout=replace(manifest.rollout, file='rollout'))
    yield 'onnxruntime', OnnxEngine(made)
    if find_spec('openvino') is not None:
        from jepa_ros.engines.openvino_engine import OpenvinoEngine
        yield 'openvino', OpenvinoEngine(made)
