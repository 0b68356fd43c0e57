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

"""Engines of the bundles, each built once a run, and ONNX graphs to build others from."""

from functools import cache
from pathlib import Path

from int8_rig import int8_bundle
import onnx
from onnx import helper, TensorProto

from jepa_ros.engines.int8_graphs import graphs_in
from jepa_ros.engines.manifest import load_manifest
from jepa_ros.engines.tensorrt_build import ANY, build, Built, Candidates, load_tensorrt

MODELS = Path(__file__).parents[2] / 'models'
SHIPPED = sorted(path.parent for path in MODELS.glob('*/manifest.json'))
# other than the defaults, so that a default in the wrong place is seen
CANDIDATES = Candidates(1, 16, 256)


@cache
def built(folder: Path, precision: str = 'fp32') -> dict[str, Built]:
    """Return the engines of a bundle for any GPU, by the names of its graphs in fp32."""
    manifest = load_manifest(int8_bundle(folder) if precision == 'int8' else folder)
    graphs = graphs_in(manifest, precision)
    return {named.file: build(load_tensorrt(), manifest, graph, precision, CANDIDATES, ANY)
            for named, graph in zip((manifest.encoder, manifest.rollout), graphs, strict=True)}


def tensor(name: str, shape: list[int], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """Return an input or output."""
    return helper.make_tensor_value_info(name, kind, shape)


def graph_of(nodes: list, inputs: list, outputs: list, weights: list | None = None) -> bytes:
    """Return the bytes of an ONNX file."""
    graph = helper.make_graph(nodes, 'graph', inputs, outputs, weights or [])
    sets = [helper.make_opsetid('', 20), helper.make_opsetid('odd', 1)]
    return helper.make_model(graph, opset_imports=sets, ir_version=10).SerializeToString()
