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

"""From a bundle's folder and an engine's name to a world model."""

from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from jepa_ros.core.world_model import WorldModel
from jepa_ros.engines.manifest import BundleError, load_manifest, Manifest

# name: the module it needs, how to install it, and the precisions that it offers, default first
ENGINES = {
    'openvino': ('openvino', 'pip install -r requirements/robot.txt', ('fp32', 'bf16')),
    'onnxruntime': ('onnxruntime', 'pip install -r requirements/robot.txt', ('fp32',)),
    'onnxruntime-cuda': ('onnxruntime', 'pip install onnxruntime-gpu', ('fp32',)),
    'onnxruntime-tensorrt': ('onnxruntime', 'pip install onnxruntime-gpu', ('fp32',)),
    'torch': ('torch', 'pip install -r requirements/train.txt', ('fp32',)),
}
# on the CPU, the faster first; docs/benchmarks.md has both
_CPU_ENGINES = ('openvino', 'onnxruntime')


class Engine(WorldModel, Protocol):
    """A world model that can say what runs it, where, how exactly, and why that one."""

    engine: str
    device: str
    precision: str
    why: str


def load_engine(bundle_dir: Path, engine: str = 'auto', threads: int = 1,
                precision: str = 'auto') -> Engine:
    """
    Check a bundle and make it ready to run; imports the runtime only now.

    ``engine`` is auto or one of ``ENGINES``; ``precision`` is auto (the engine's most exact) or
    one of those that the engine offers.  Raises BundleError where the bundle is not whole or the
    runtime is missing, ValueError where engine, precision or threads are not to be had.
    """
    if engine != 'auto' and engine not in ENGINES:
        raise ValueError(f'engine is {engine!r}, must be one of auto, {", ".join(ENGINES)}')
    name, why = (_choose() if engine == 'auto' else (engine, 'asked for by name'))
    module, remedy, precisions = ENGINES[name]
    if precision not in ('auto', *precisions):
        raise ValueError(f'precision is {precision!r}, {name} has {", ".join(precisions)}')
    manifest = load_manifest(bundle_dir)
    try:
        made = _make(name, manifest, threads, precisions[0] if precision == 'auto' else precision)
    except ImportError as error:
        raise BundleError(f'{module} is not installed ({error}); {remedy}') from error
    made.why = why
    return made


def _choose() -> tuple[str, str]:
    """Return the engine that auto stands for here, and why."""
    for name in _CPU_ENGINES:
        if find_spec(ENGINES[name][0]) is not None:
            missing = _CPU_ENGINES[:_CPU_ENGINES.index(name)]
            return name, ('the fastest on a CPU that answers as torch does' if not missing
                          else f'{", ".join(missing)} is not installed')
    return _CPU_ENGINES[-1], 'nothing else is installed'


def _make(name: str, manifest: Manifest, threads: int, precision: str) -> Engine:
    if name == 'openvino':
        from jepa_ros.engines.openvino_engine import OpenvinoEngine
        return OpenvinoEngine(manifest, threads, precision)
    if name == 'torch':
        from jepa_ros.engines.torch_engine import load_torch
        return load_torch(manifest, threads)
    from jepa_ros.engines.onnx_engine import OnnxEngine
    return OnnxEngine(manifest, threads, name.partition('-')[2] or 'cpu')
