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

"""One engine of a bundle, by way of the cache: found there, or built and put there."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jepa_ros.engines.cuda import Cuda
from jepa_ros.engines.manifest import GraphSpec, Manifest, sha256
from jepa_ros.engines.tensorrt_build import (
    ANY,
    build,
    Built,
    Candidates,
    Progress,
    RECIPE,
    targets,
)
from jepa_ros.engines.tensorrt_cache import EngineAbsentError, EngineCache, Key


@dataclass(frozen=True)
class Wish:
    """
    What engines are wanted: precision, numbers of candidates, and for which device.

    ``device`` is a compute capability as 'sm_89', or 'any' for one built without a GPU for all.
    """

    precision: str = 'fp32'
    candidates: Candidates = field(default_factory=Candidates)
    device: str = ANY


def device_of(trt: Any, cuda: Cuda) -> str:
    """Return what engines are built for here: with ``tensorrt`` they are for one model of GPU."""
    return cuda.device() if targets(trt) else f'{cuda.device()} {cuda.device_name()}'


def key_of(trt: Any, manifest: Manifest, graph: GraphSpec, wish: Wish) -> Key:
    """Return the key of a graph's engine in the cache."""
    c = wish.candidates
    free = any(isinstance(size, str) for tensor in graph.inputs for size in tensor.shape)
    return Key(manifest.name, graph.file, sha256(manifest.path(graph)), wish.precision,
               wish.device, trt.__name__, trt.__version__,
               (c.fewest, c.usual, c.most) if free else (), RECIPE)


def store(trt: Any, cache: EngineCache, manifest: Manifest, graph: GraphSpec, wish: Wish,
          target: str | None, progress: Progress | None = None) -> tuple[Path, Built]:
    """Build a graph's engine and put it into the cache; return where it is, and what it is."""
    built = build(trt, manifest, graph, wish.precision, wish.candidates, target, progress)
    return cache.store(key_of(trt, manifest, graph, wish), built.blob), built


def newest(trt: Any, cache: EngineCache, manifest: Manifest, graph: GraphSpec, wish: Wish
           ) -> Wish | None:
    """
    Return a wish for the candidates that a graph was built for last, or None where it never was.

    Those for the device come before those for any.  CacheUnsafeError where others may write.
    """
    for device in (wish.device, *([ANY] if targets(trt) else [])):
        key = key_of(trt, manifest, graph, replace(wish, device=device))
        for variant in cache.variants(key):
            return replace(wish, candidates=Candidates(*variant.candidates))
    return None


def find(trt: Any, cache: EngineCache, manifest: Manifest, graph: GraphSpec, wish: Wish) -> bytes:
    """
    Return a graph's engine from the cache: the one for the device, else the one for any.

    EngineAbsentError says why there is none for the device; other CacheErrors where an entry is
    not safe, or not what was written.
    """
    try:
        return cache.load(key_of(trt, manifest, graph, wish))
    except EngineAbsentError as error:
        if targets(trt):
            with suppress(EngineAbsentError):
                return cache.load(key_of(trt, manifest, graph, replace(wish, device=ANY)))
        raise error
