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
From a bundle's graph to a TensorRT engine: parsed, checked, built; without a GPU where asked.

One implementation for ``tensorrt_rtx`` (a PC) and ``tensorrt`` (JetPack); both are strongly typed
here, so an engine computes in the types that the graph says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from jepa_ros.config import PlannerConfig
from jepa_ros.engines.manifest import BundleError, GraphSpec, Manifest, read_graph
from jepa_ros.engines.onnx_precision import HALVES, to_half
from jepa_ros.engines.onnx_uint8 import cast_uint8_inputs
from jepa_ros.engines.tensorrt_hooks import errors_logger, progress_monitor

PRECISIONS = ('fp32', *HALVES, 'int8')
# of what this module does to a graph; raised when a change here makes former engines wrong
RECIPE = 1
# the target of an engine for every GPU that tensorrt_rtx builds for by itself
ANY = 'any'
_WORDS = {'FLOAT': 'fp32', 'HALF': 'fp16'}
_PRODUCTS = ('CONVOLUTION', 'MATRIX_MULTIPLY')
Progress = Callable[[float, str], None]


class BuildError(RuntimeError):
    """TensorRT is missing, or did not build what it was given."""


@dataclass(frozen=True)
class Candidates:
    """How many candidates S an engine takes: at least, usually (it is tuned for it), at most."""

    fewest: int = 1
    usual: int = PlannerConfig.candidates
    most: int = 1024

    def __post_init__(self) -> None:
        """Refuse numbers out of order; ValueError names them."""
        if not 1 <= self.fewest <= self.usual <= self.most:
            raise ValueError(f'candidates are {self.fewest}, {self.usual}, {self.most}: at least, '
                             'usually, at most; must be in this order, from 1')


@dataclass(frozen=True)
class Layer:
    """
    One layer of a network: its name, what it does, and the type of what it returns.

    The precision of a product is int8 where that is what it reads, through a scale.
    """

    name: str
    kind: str
    precision: str


@dataclass(frozen=True)
class Built:
    """An engine as bytes, and the layers of the network that it was built from."""

    blob: bytes
    layers: tuple[Layer, ...]


def load_tensorrt() -> Any:
    """Import ``tensorrt_rtx``, else JetPack's ``tensorrt`` (10 or later); BuildError without."""
    for name in ('tensorrt_rtx', 'tensorrt'):
        try:
            trt: Any = import_module(name)
        except ImportError:
            continue
        if name == 'tensorrt' and int(trt.__version__.split('.')[0]) < 10:
            raise BuildError(f'tensorrt is {trt.__version__}, must be 10 or later')
        return trt
    raise BuildError('TensorRT is not installed; pip install -r requirements/tensorrt.txt')


def targets(trt: Any) -> tuple[str, ...]:
    """Return the targets that can be built for without their GPU; none with ``tensorrt``."""
    known = getattr(getattr(trt, 'ComputeCapability', None), '__members__', {})
    found = tuple(name.lower().replace('sm', 'sm_') for name in known if name.startswith('SM'))
    return (ANY, *found) if found else ()


def graph_in(manifest: Manifest, graph: GraphSpec, precision: str) -> bytes:
    """
    Return a graph's ONNX bytes, its products in a precision; see the modules that change it.

    For int8 it must be one of the bundle's int8 graphs.
    """
    if precision not in PRECISIONS:
        raise ValueError(f'precision is {precision!r}, must be one of {", ".join(PRECISIONS)}')
    content = cast_uint8_inputs(read_graph(manifest, graph))
    return to_half(content, precision) if precision in HALVES else content


def parse(trt: Any, builder: Any, content: bytes, label: str) -> Any:
    """
    Return the network of an ONNX graph.

    BundleError names the op that TensorRT does not know, or leaves to a plugin.
    """
    flags = trt.NetworkDefinitionCreationFlag
    network = builder.create_network(1 << int(flags.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, builder.logger)
    if not parser.parse(content):
        first = parser.get_error(0) if parser.num_errors else None
        if first is None or not first.node_operator():
            raise BundleError(f'{label} is not an ONNX graph that TensorRT reads')
        # for an op that it does not know TensorRT looks for a plugin of that name
        why = ('it does not know this op' if 'Plugin not found' in first.desc()
               else ' '.join(first.desc().split()))
        raise BundleError(f'{label}: TensorRT {trt.__version__} does not take '
                          f'{first.node_operator()} (node {first.node_name()!r}): {why}')
    refuse_plugins(network, parser.get_used_vc_plugin_libraries(), label)
    return network


def refuse_plugins(network: Any, libraries: list[str], label: str) -> None:
    """Raise BundleError where a network has layers that a plugin computes, or needs a library."""
    plugins = [f'{layer.name} ({layer.type.name.lower()})' for layer in _layers_of(network)
               if layer.type.name.startswith('PLUGIN')]
    if plugins or libraries:
        raise BundleError(f'{label} needs plugins, foreign code that no engine here loads: '
                          f'{", ".join([*plugins, *libraries])}')


def layers(network: Any) -> tuple[Layer, ...]:
    """Return what a network computes, its constants and shapes left out."""
    found = []
    scaled: dict[str, str] = {}     # by tensors of fp32: the type that a scale made them of
    for layer in _layers_of(network):
        kind = layer.type.name
        if kind in ('CONSTANT', 'SHAPE') or not layer.num_outputs:
            continue
        word = layer.get_output(0).dtype.name
        read = {scaled.get(layer.get_input(i).name, word)
                for i in range(min(layer.num_inputs, 2)) if layer.get_input(i) is not None}
        if kind == 'DEQUANTIZE':
            scaled[layer.get_output(0).name] = layer.get_input(0).dtype.name
        elif kind == 'SHUFFLE':
            scaled[layer.get_output(0).name] = scaled.get(layer.get_input(0).name, word)
        elif kind in _PRODUCTS and len(read) == 1:
            word = read.pop()
        found.append(Layer(layer.name, kind.lower(), _WORDS.get(word, word.lower())))
    return tuple(found)


def build(trt: Any, manifest: Manifest, graph: GraphSpec, precision: str = 'fp32',
          candidates: Candidates | None = None, target: str | None = None,
          progress: Progress | None = None) -> Built:
    """
    Build the engine of one graph.

    ``target`` is one of ``targets``; without it the engine is for the GPU of this machine.
    ``progress`` is told the part done, 0 to 1, and the phase; what it raises ends the build.
    BundleError where the graph is at fault, BuildError where TensorRT refuses.
    """
    logger = errors_logger(trt)
    builder = trt.Builder(logger)
    if builder is None:
        raise BuildError(f'TensorRT does not start: {logger.last}')
    network = parse(trt, builder, graph_in(manifest, graph, precision), graph.file)
    config = builder.create_builder_config()
    # 10 bits of mantissa are not fp32
    config.clear_flag(trt.BuilderFlag.TF32)
    _set_target(trt, config, target)
    profile = builder.create_optimization_profile()
    if set_profile(profile, graph, candidates or Candidates()):
        config.add_optimization_profile(profile)
    monitor = progress_monitor(trt, progress) if progress else None
    if monitor is not None:
        config.progress_monitor = monitor
    blob = builder.build_serialized_network(network, config)
    if monitor is not None and monitor.raised is not None:
        raise monitor.raised
    if blob is None:
        raise BuildError(f'{graph.file}: TensorRT {trt.__version__} built no engine: '
                         f'{logger.last}')
    return Built(bytes(blob), layers(network))


def set_profile(profile: Any, graph: GraphSpec, candidates: Candidates) -> bool:
    """Give every free size of a graph's inputs its range; return whether there is one."""
    free = [t for t in graph.inputs if any(isinstance(size, str) for size in t.shape)]
    for tensor in free:
        profile.set_shape(tensor.name, *(
            tuple(n if isinstance(size, str) else size for size in tensor.shape)
            for n in (candidates.fewest, candidates.usual, candidates.most)))
    return bool(free)


def _layers_of(network: Any) -> list[Any]:
    return [network.get_layer(i) for i in range(network.num_layers)]


def _set_target(trt: Any, config: Any, target: str | None) -> None:
    known = targets(trt)
    if target is not None and target not in known:
        raise BuildError(
            f'target is {target!r}, must be one of {", ".join(known)}' if known else
            f'{trt.__name__} {trt.__version__} builds only on the GPU that will run the engine')
    if known and target != ANY:
        config.num_compute_capabilities = 1
        name = 'CURRENT' if target is None else target.upper().replace('_', '')
        if not config.set_compute_capability(getattr(trt.ComputeCapability, name), 0):
            raise BuildError(f'TensorRT {trt.__version__} does not take the target {name}')
