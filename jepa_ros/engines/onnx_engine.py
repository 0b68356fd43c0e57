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

"""Run a bundle's graphs with ONNX Runtime, on the CPU."""

import numpy as np
import onnxruntime

from jepa_ros.engines.manifest import BundleError, GraphSpec, Manifest, read_graph
from jepa_ros.types import Array, Image, ModelSpec, Rollout

_TYPES = {'tensor(float)': 'float32', 'tensor(uint8)': 'uint8'}


class OnnxEngine:
    """
    A world model behind two ONNX graphs.

    ``threads`` is how many cores one call may use.  Raises BundleError where a graph's inputs or
    outputs are not those that the manifest names.
    """

    engine = 'onnxruntime'
    device = 'cpu'
    precision = 'fp32'

    def __init__(self, manifest: Manifest, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f'threads is {threads}, must be at least 1')
        self._spec = manifest.spec
        self._encoder = _session(manifest, manifest.encoder, threads)
        self._rollout = _session(manifest, manifest.rollout, threads)

    @property
    def spec(self) -> ModelSpec:
        """Return the sizes, units and limits that hold for every call."""
        return self._spec

    def encode(self, image: Image) -> Array:
        """Encode an image (height, width, 3) uint8 RGB; return z (L, D)."""
        out = self._encoder.run(None, {'image': image[None]})
        return np.asarray(out[0][0], np.float32)

    def rollout(self, context: Array, executed: Array, candidates: Array, goal: Array) -> Rollout:
        """Predict what follows each candidate (S, H, K, A), and what it costs, in one call."""
        latents, cost, cost_to_go = self._rollout.run(None, {
            'context': context, 'executed': executed, 'candidates': candidates, 'goal': goal})
        return Rollout(latents, cost, cost_to_go)


def _session(manifest: Manifest, graph: GraphSpec, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # idle workers that spin would take the core that the rest of the robot needs
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            read_graph(manifest, graph), options, providers=['CPUExecutionProvider'])
    except BundleError:
        raise
    except Exception as error:  # ONNX Runtime's errors share no public base class
        raise BundleError(f'{graph.file} does not load: {error}') from error
    for label, specs, found in (('input', graph.inputs, session.get_inputs()),
                                ('output', graph.outputs, session.get_outputs())):
        wanted = [(t.name, t.dtype, list(t.shape)) for t in specs]
        actual = [(t.name, _TYPES.get(t.type, t.type), list(t.shape)) for t in found]
        if wanted != actual:
            raise BundleError(f'{graph.file}: {label}s are {actual}, manifest says {wanted}')
    return session
