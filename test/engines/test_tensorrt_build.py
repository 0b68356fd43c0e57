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

"""Every bundle that is shipped becomes TensorRT engines, without a GPU."""

from collections import Counter
from types import SimpleNamespace

from built_engines import built, CANDIDATES, graph_of, SHIPPED, tensor
from int8_rig import int8_bundle
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
import pytest

from jepa_ros.engines.int8_graphs import graphs_in
from jepa_ros.engines.manifest import (
    BundleError,
    GraphSpec,
    load_manifest,
    read_graph,
    TensorSpec,
)
from jepa_ros.engines.tensorrt_build import (
    ANY,
    build,
    BuildError,
    Candidates,
    graph_in,
    parse,
    refuse_plugins,
    set_profile,
    targets,
)
from jepa_ros.engines.tensorrt_hooks import errors_logger, Phases

trt = pytest.importorskip('tensorrt_rtx')


@pytest.fixture
def builder():
    return trt.Builder(errors_logger(trt))


@pytest.mark.parametrize('precision', ['fp32', 'fp16', 'bf16'])
@pytest.mark.parametrize('folder', SHIPPED, ids=lambda f: f.name)
def test_shipped_bundles_are_built(folder, precision):
    manifest = load_manifest(folder)
    engines = built(folder, precision)
    assert set(engines) == {manifest.encoder.file, manifest.rollout.file}
    for engine in engines.values():
        assert len(engine.blob) > 100_000
        kinds = Counter((layer.kind, layer.precision) for layer in engine.layers)
        assert kinds['matrix_multiply', precision] > 0
        assert {p for kind, p in kinds if kind in ('matrix_multiply', 'convolution')} == {
            precision}
        assert {p for kind, p in kinds if kind == 'normalization'} <= {'fp32'}
        assert all(layer.name for layer in engine.layers)


def matrices(content, kind):
    """Return the constant matrices of a graph, by name."""
    return {t.name: numpy_helper.to_array(t) for t in
            onnx.load_model_from_string(content).graph.initializer
            if t.data_type == kind and len(t.dims) == 2}


def ends(weight):
    """Return a matrix's first row and column."""
    return weight[0], np.ascontiguousarray(weight[:, 0])


def part_in(engine, weights):
    """Return which part of some weights an engine holds as they are, or turned, or joined."""
    found = [any(line.tobytes() in engine.blob for line in ends(weight)) for weight in weights]
    return sum(found) / len(found)


@pytest.mark.parametrize('folder', SHIPPED, ids=lambda f: f.name)
def test_int8_products_read_int8_and_keep_int8_weights(folder):
    """The layers say it, and the weights are in the engine as int8, and not as fp32."""
    manifest, engines = load_manifest(int8_bundle(folder)), built(folder, 'int8')
    # what is judged once for all candidates stays exact: here where the goal lies, too
    tells = len(manifest.rollout.outputs) > 3
    for name, graph in zip(engines, graphs_in(manifest, 'int8'), strict=True):
        engine, kinds = engines[name], Counter()
        for layer in engine.layers:
            kinds[layer.kind, layer.precision] += 1
        products = {p: n for (kind, p), n in kinds.items()
                    if kind in ('convolution', 'matrix_multiply')}
        assert products['int8'] > (2 if tells else 4) * products.get('fp32', 0)
        assert kinds['quantize', 'int8'] > 0
        assert {p for kind, p in kinds if kind in ('activation', 'normalization')} == {'fp32'}
        narrow = matrices(read_graph(manifest, graph), TensorProto.INT8)
        wide = matrices((folder / name).read_bytes(), TensorProto.FLOAT)
        assert part_in(engine, narrow.values()) >= 0.8
        turned = [w for n, w in wide.items() if f'{n}_quantized' in narrow]
        if tells:   # of what is exact too, the int8 graph itself has the weights as they were
            content, most = read_graph(manifest, graph), len(turned)
            turned = [w for w in turned if not any(line.tobytes() in content for line in ends(w))]
            assert len(turned) >= 0.9 * most
        assert part_in(built(folder)[name], turned) >= 0.8
        assert part_in(engine, turned) == 0.0


@pytest.mark.parametrize('folder', SHIPPED, ids=lambda f: f.name)
def test_half_the_bits_make_a_smaller_engine(folder):
    wide, narrow = built(folder, 'fp32'), built(folder, 'fp16')
    assert all(len(narrow[name].blob) < 0.8 * len(wide[name].blob) for name in wide)


@pytest.mark.parametrize('folder', SHIPPED, ids=lambda f: f.name)
def test_inputs_outputs_and_profiles_are_as_asked(folder, builder):
    manifest = load_manifest(folder)
    for graph in (manifest.encoder, manifest.rollout):
        network = parse(trt, builder, graph_in(manifest, graph, 'fp16'), graph.file)
        for specs, count, get in ((graph.inputs, network.num_inputs, network.get_input),
                                  (graph.outputs, network.num_outputs, network.get_output)):
            assert [(t.name, t.dtype) for t in specs] == [
                (get(i).name, np.dtype(trt.nptype(get(i).dtype)).name) for i in range(count)]
        profile = builder.create_optimization_profile()
        free = [t for t in graph.inputs if isinstance(t.shape[0], str)]
        assert set_profile(profile, graph, CANDIDATES) == bool(free)
        for t in free:
            shapes = profile.get_shape(t.name)
            assert [tuple(shape) for shape in shapes] == [
                (n, *t.shape[1:]) for n in (1, 16, 256)]


def test_the_default_profile_is_the_planner_s():
    assert Candidates() == Candidates(fewest=1, usual=32, most=1024)


@pytest.mark.parametrize('numbers', [(0, 1, 2), (2, 1, 3), (1, 5, 4)])
def test_numbers_of_candidates_out_of_order_are_refused(numbers):
    with pytest.raises(ValueError, match='candidates are {}, {}, {}'.format(*numbers)):
        Candidates(*numbers)


def test_an_op_that_is_not_known_is_named(builder):
    odd = graph_of([helper.make_node('Wobble', ['x'], ['y'], 'first', domain='odd')],
                   [tensor('x', [1, 4])], [tensor('y', [1, 4])])
    with pytest.raises(BundleError, match=r"does not take Wobble .node 'first'.: it does "
                       r'not know this op'):
        parse(trt, builder, odd, 'odd.onnx')


def test_an_op_that_a_plugin_computes_is_named(builder):
    boxes = graph_of(
        [helper.make_node('RoiAlign', ['x', 'boxes', 'of'], ['y'], output_height=2,
                          output_width=2)],
        [tensor('x', [1, 3, 8, 8]), tensor('boxes', [2, 4]), tensor('of', [2], 7)],
        [tensor('y', [2, 3, 2, 2])])
    with pytest.raises(BundleError, match='does not take RoiAlign'):
        parse(trt, builder, boxes, 'boxes.onnx')


@pytest.mark.parametrize('kind', ['PLUGIN', 'PLUGIN_V2', 'PLUGIN_V3'])
def test_plugin_layers_and_libraries_are_refused(kind):
    layer = SimpleNamespace(name='odd', type=trt.LayerType.__members__[kind])
    network = SimpleNamespace(num_layers=1, get_layer=lambda i: layer)
    with pytest.raises(BundleError, match=rf'x.onnx needs plugins, .*: odd \({kind.lower()}\)'):
        refuse_plugins(network, [], 'x.onnx')
    with pytest.raises(BundleError, match=r'x.onnx needs plugins, .*: libodd.so'):
        refuse_plugins(SimpleNamespace(num_layers=0), ['libodd.so'], 'x.onnx')


def test_what_is_no_graph_is_refused(builder):
    with pytest.raises(BundleError, match=r'x.onnx is not an ONNX graph that TensorRT reads'):
        parse(trt, builder, b'nonsense', 'x.onnx')


def test_a_graph_that_does_not_add_up_names_its_node(builder):
    weight = numpy_helper.from_array(np.zeros((3, 2), np.float32), 'w')
    odd = graph_of([helper.make_node('MatMul', ['x', 'w'], ['y'], 'product')],
                   [tensor('x', [1, 4])], [tensor('y', [1, 2])], [weight])
    with pytest.raises(BundleError, match=r"x.onnx: TensorRT .* MatMul \(node 'product'\)"):
        parse(trt, builder, odd, 'x.onnx')


def test_targets_are_offered_and_others_refused(bundle):
    assert targets(trt)[0] == ANY
    assert 'sm_89' in targets(trt)
    manifest = load_manifest(bundle)
    with pytest.raises(BuildError, match="target is 'sm_13', must be one of any, sm_"):
        build(trt, manifest, manifest.encoder, target='sm_13')
    assert build(trt, manifest, manifest.encoder, target='sm_89').blob


def test_a_runtime_that_cannot_build_for_others_says_so(bundle):
    class Jetson:
        """TensorRT without targets, as JetPack's is."""

        __name__ = 'tensorrt'

        def __getattr__(self, name):
            if name == 'ComputeCapability':
                raise AttributeError(name)
            return getattr(trt, name)

    assert targets(Jetson()) == ()
    manifest = load_manifest(bundle)
    with pytest.raises(BuildError, match=r'tensorrt .* builds only on the GPU that will run'):
        build(Jetson(), manifest, manifest.encoder, target=ANY)


def test_progress_rises_to_the_end(bundle):
    manifest, told = load_manifest(bundle), []
    build(trt, manifest, manifest.rollout, target=ANY, progress=lambda *said: told.append(said))
    parts = [part for part, _ in told]
    assert parts == sorted(parts)
    assert (parts[0], parts[-1]) == (0.0, 1.0)
    assert len(set(parts)) > 10
    assert all(phase for _, phase in told)


def test_a_build_that_is_interrupted_ends(bundle):
    def interrupted(part, phase):
        if part > 0.1:
            raise KeyboardInterrupt

    manifest = load_manifest(bundle)
    with pytest.raises(KeyboardInterrupt):
        build(trt, manifest, manifest.rollout, target=ANY, progress=interrupted)


def test_phases_within_phases_add_up():
    told = []
    phases = Phases(lambda part, name: told.append(round(part, 3)))
    phases.start('all', None, 2)
    phases.start('half', 'all', 4)
    assert phases.step('half', 0)
    assert phases.step('half', 2)
    phases.finish('half')
    assert phases.step('all', 0)
    phases.step('unheard of', 7)
    phases.finish('all')
    assert told == [0.0, 0.0, 0.125, 0.375, 0.375, 0.5, 0.5, 1.0]


def test_precision_must_be_one_that_there_is(bundle):
    manifest = load_manifest(bundle)
    with pytest.raises(ValueError, match="precision is 'int4', must be one of fp32, fp16, bf16"):
        graph_in(manifest, manifest.encoder, 'int4')


def test_graphs_without_free_sizes_have_no_profile(builder):
    graph = GraphSpec('x.onnx', (TensorSpec('x', 'float32', (1, 4)),), ())
    assert not set_profile(builder.create_optimization_profile(), graph, Candidates())
