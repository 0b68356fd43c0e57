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

"""Between the bytes of a bundle and their use: names, graphs that point elsewhere, changes."""

import numpy as np
import pytest

from jepa_ros.engines.bundle_files import check_name, has_external_data, LONGEST_NAME, sha256
from jepa_ros.engines.load import load_engine
from jepa_ros.engines.manifest import BundleError, load_manifest, read_graph


def test_what_is_refused_is_told_in_a_line(broken, edit):
    """However much the manifest says, and whatever characters it says it with."""
    edit(lambda raw: raw['image'].update(colour='x' * 500_000))
    with pytest.raises(BundleError) as error:
        load_manifest(broken)
    assert len(str(error.value)) < 300 + len(str(broken))


@pytest.mark.parametrize('spelling', [
    b'\n\x08', b'\n\x88\x00', b'\x8a\x00\x08', b'\x8a\x80\x00\x88\x80\x80\x00',
    b'\x8a\x80\x80\x80\x10\x08', b'\n\x88\x80\x80\x80\x70', b'\x8a\x80\x80\x80\x80\xff\x01\x08'])
def test_data_elsewhere_is_found_however_it_is_spelt(spelling):
    """Protobuf's readers take numbers with more bytes than they need; OpenVINO read the file."""
    assert has_external_data(b'location' + spelling + b'location')


@pytest.mark.parametrize('graph', [b'', b'location', b'\x08location', b'a location',
                                   b'\n\x09location'])
def test_a_word_alone_is_no_data_elsewhere(graph):
    assert not has_external_data(graph)


def test_names_have_a_limit():
    """Which every file system holds."""
    check_name('a' * LONGEST_NAME)
    with pytest.raises(BundleError, match=f'at most {LONGEST_NAME}'):
        check_name('a' * (LONGEST_NAME + 1))


def test_a_graph_that_changed_since_is_refused(broken):
    """Between the check of its hash and its use."""
    manifest = load_manifest(broken)
    content = read_graph(manifest, manifest.rollout)
    (broken / 'rollout.onnx').write_bytes(content[:-1])
    with pytest.raises(BundleError, match=r'rollout.onnx changed after it was checked'):
        read_graph(manifest, manifest.rollout)


@pytest.mark.parametrize('engine', ['openvino', 'onnxruntime'])
def test_a_graph_that_cannot_run_is_named(broken, engine):
    """What the runtime raises, whatever it is, comes out as the bundle's error."""
    loaded = load_engine(broken, engine)
    with pytest.raises(BundleError, match=r'encoder.onnx does not run: '):
        loaded.encode(np.zeros((3, 3, 3), np.uint8))


def test_an_answer_of_another_shape_is_refused(broken, edit):
    """The shape that a graph declares does not bind ONNX Runtime where it depends on numbers."""
    import onnx
    from onnx.helper import make_graph, make_model, make_node, make_tensor, make_tensor_value_info
    nodes = [make_node('Cast', ['image'], ['numbers'], to=onnx.TensorProto.INT64),
             make_node('ReduceMax', ['numbers'], ['most'], keepdims=0),
             make_node('Add', ['most', 'turned'], ['shape']),
             make_node('Reshape', ['zeros', 'shape'], ['latent'])]
    graph = make_graph(
        nodes, 'g', [make_tensor_value_info('image', onnx.TensorProto.UINT8, [1, 32, 32, 3])],
        [make_tensor_value_info('latent', onnx.TensorProto.FLOAT, [1, 1, 8])],
        [make_tensor('turned', onnx.TensorProto.INT64, [3], [1, 8, 1]),
         make_tensor('zeros', onnx.TensorProto.FLOAT, [8], [0.0] * 8)])
    model = make_model(graph, opset_imports=[onnx.helper.make_opsetid('', 17)], ir_version=9)
    onnx.save_model(model, broken / 'encoder.onnx')
    edit(lambda raw: raw['files'].update({'encoder.onnx': sha256(broken / 'encoder.onnx')}))
    loaded = load_engine(broken, 'onnxruntime')
    with pytest.raises(BundleError, match=r'output latent has shape \(1, 8, 1\), manifest says '
                       r'\(1, 1, 8\)'):
        loaded.encode(np.zeros((32, 32, 3), np.uint8))
