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

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jepa_ros.engines.cuda import Cuda
from jepa_ros.engines.manifest import GraphSpec, Manifest, sha256
from jepa_ros.engines.private_files import CacheError, CacheUnsafeError
from jepa_ros.engines.tensorrt_build import (
    ANY,
    build,
    Built,
    Candidates,
    Progress,
    RECIPE,
    targets,
)
from jepa_ros.engines.tensorrt_cache import EngineCache, Key


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


def find(trt: Any, cache: EngineCache, manifest: Manifest, graph: GraphSpec, wish: Wish) -> bytes:
    """
    Return a graph's engine from the cache: the one for the device, else the one for any.

    CacheError says why there is none for the device; CacheUnsafeError where others may write.
    """
    try:
        return cache.load(key_of(trt, manifest, graph, wish))
    except CacheUnsafeError:
        raise
    except CacheError as error:
        if targets(trt):
            wide = Wish(wish.precision, wish.candidates, ANY)
            try:
                return cache.load(key_of(trt, manifest, graph, wide))
            except CacheUnsafeError:
                raise
            except CacheError:
                pass
        raise error
