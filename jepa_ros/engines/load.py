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

_ROBOT = 'pip install -r requirements/robot.txt'
_TENSORRT = 'pip install -r requirements/tensorrt.txt'
# name: the module it needs, how to install it, and the precisions that it offers, the most exact
# first; docs/engines.md has them in words
ENGINES = {
    'openvino': ('openvino', _ROBOT, ('fp32', 'bf16', 'int8')),
    'onnxruntime': ('onnxruntime', _ROBOT, ('fp32', 'int8')),
    'onnxruntime-cuda': ('onnxruntime', 'pip install onnxruntime-gpu', ('fp32',)),
    'onnxruntime-tensorrt': ('onnxruntime', 'pip install onnxruntime-gpu', ('fp32',)),
    'tensorrt': ('tensorrt', _TENSORRT, ('fp32', 'fp16', 'bf16', 'int8')),
    'torch': ('torch', 'pip install -r requirements/train.txt', ('fp32',)),
}
# on the CPU, the faster first; docs/benchmarks.md has both
_CPU_ENGINES = ('openvino', 'onnxruntime')
# a PC's, and the one that JetPack brings
_TENSORRT_MODULES = ('tensorrt_rtx', 'tensorrt')


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

    ``engine`` is auto or one of ``ENGINES``: auto is tensorrt where there are a GPU and an engine
    that was built for it, else the best for the CPU.  ``precision`` is auto (the most exact; with
    tensorrt the most exact that was built) or one of those that the engine offers.  Raises
    BundleError where the bundle is not whole, the runtime is missing, or tensorrt has nothing
    built, ValueError where engine, precision or threads are not to be had.
    """
    if engine != 'auto' and engine not in ENGINES:
        raise ValueError(f'engine is {engine!r}, must be one of auto, {", ".join(ENGINES)}')
    if engine != 'auto':
        return _named(engine, load_manifest(bundle_dir), threads, precision, 'asked for by name')
    name, why = _on_cpu()
    manifest = load_manifest(bundle_dir)
    try:
        return _named('tensorrt', manifest, threads, precision,
                      'there is a GPU, and an engine that was built for it')
    except ValueError as error:
        return _named(name, manifest, threads, precision, f'{why}; not tensorrt: {error}')


def _on_cpu() -> tuple[str, str]:
    """Return the engine that auto stands for on this CPU, and why."""
    for name in _CPU_ENGINES:
        if find_spec(ENGINES[name][0]) is not None:
            missing = _CPU_ENGINES[:_CPU_ENGINES.index(name)]
            return name, ('the fastest on a CPU that answers as torch does' if not missing
                          else f'{", ".join(missing)} is not installed')
    return _CPU_ENGINES[-1], 'nothing else is installed'


def _named(name: str, manifest: Manifest, threads: int, precision: str, why: str) -> Engine:
    """Return one engine by its name; a missing runtime is an error that says how to install it."""
    module, remedy, precisions = ENGINES[name]
    if precision not in ('auto', *precisions):
        raise ValueError(f'precision is {precision!r}, {name} has {", ".join(precisions)}')
    try:
        made = _make(name, manifest, threads, precision)
    except ImportError as error:
        raise BundleError(f'{module} is not installed ({error}); {remedy}') from error
    made.why = why
    return made


def _make(name: str, manifest: Manifest, threads: int, precision: str) -> Engine:
    if name == 'tensorrt':
        if not any(find_spec(module) for module in _TENSORRT_MODULES):
            raise BundleError(f'TensorRT is not installed; {_TENSORRT}')
        from jepa_ros.engines.tensorrt_load import load_cached
        return load_cached(manifest, precision)
    exact = ENGINES[name][2][0]
    precision = exact if precision == 'auto' else precision
    if name == 'openvino':
        from jepa_ros.engines.openvino_engine import OpenvinoEngine
        return OpenvinoEngine(manifest, threads, precision)
    if name == 'torch':
        from jepa_ros.engines.torch_engine import load_torch
        return load_torch(manifest, threads)
    from jepa_ros.engines.onnx_engine import OnnxEngine
    return OnnxEngine(manifest, threads, name.partition('-')[2] or 'cpu', precision)
