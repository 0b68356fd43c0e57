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

"""A bundle's engines in a cache, a fake GPU to run them on, and what to ask and to compare."""

from types import SimpleNamespace

from built_engines import built, CANDIDATES
from fake_cuda import FakeCuda, FakeEngine
import numpy as np
import tensorrt_rtx as trt

from jepa_ros.engines.cuda import Cuda
from jepa_ros.engines.manifest import load_manifest
from jepa_ros.engines.onnx_engine import OnnxEngine
from jepa_ros.engines.tensorrt_build import ANY
from jepa_ros.engines.tensorrt_cache import EngineCache
from jepa_ros.engines.tensorrt_engine import TensorrtEngine
from jepa_ros.engines.tensorrt_entry import key_of, Wish


class Rig:
    """A bundle, its engines in a cache, and a fake GPU to run them on."""

    def __init__(self, folder, cache_folder):
        self.manifest = load_manifest(folder)
        self.reference = OnnxEngine(self.manifest)
        self.cuda, self.cache = FakeCuda(), EngineCache(cache_folder)
        self.engines = []
        self.jetson = False
        self.loads = True
        self.blobs = {e.blob: name for name, e in built(folder).items()}

    def store(self, device=ANY):
        """Put the engines into the cache."""
        for blob, name in self.blobs.items():
            (graph,) = (g for g in (self.manifest.encoder, self.manifest.rollout)
                        if g.file == name)
            wish = Wish('fp32', CANDIDATES, device)
            self.cache.store(key_of(self.trt, self.manifest, graph, wish), blob)
        return self

    @property
    def trt(self):
        """Return TensorRT with a runtime for the fake GPU."""
        names = ['ILogger', 'TensorIOMode', 'ExecutionContextAllocationStrategy', 'nptype',
                 'uint8', 'float32', '__version__']
        if not self.jetson:
            names += ['ComputeCapability', 'DynamicShapesKernelSpecializationStrategy']
        fake = SimpleNamespace(**{name: getattr(trt, name) for name in names}, Runtime=self._run)
        fake.__name__ = 'tensorrt' if self.jetson else 'tensorrt_rtx'
        return fake

    def _run(self, logger):
        def deserialize_cuda_engine(blob):
            assert runtime.engine_host_code_allowed is False
            graph = {self.manifest.encoder.file: self.manifest.encoder,
                     self.manifest.rollout.file: self.manifest.rollout}[self.blobs[blob]]
            self.engines.append(FakeEngine(trt, self.cuda, graph, self._answer,
                                           CANDIDATES.most))
            return self.engines[-1] if self.loads else None

        runtime = SimpleNamespace(deserialize_cuda_engine=deserialize_cuda_engine)
        return runtime

    def _answer(self, inputs):
        if 'image' in inputs:
            return [self.reference.encode(inputs['image'][0])[None]]
        out = self.reference.rollout(*(inputs[n] for n in (
            'context', 'executed', 'candidates', 'goal')))
        told = [] if out.goal_pose is None else [out.goal_pose]
        return [out.latents, out.cost, out.cost_to_go, *told]

    def engine(self, **options):
        """Return the engine on the fake GPU; it never builds."""
        options = {'candidates': CANDIDATES, 'build': False, 'cache': self.cache,
                   'cuda': Cuda(self.cuda), 'trt': self.trt, **options}
        return TensorrtEngine(self.manifest, **options)

    def calls(self):
        """Return the calls since the last look."""
        calls = list(self.cuda.calls)
        self.cuda.calls.clear()
        return calls


def question(spec, candidates, rng):
    action = spec.action
    size = (candidates, spec.horizon, action.block, action.width)
    draw = rng.uniform(action.low, action.high, size).astype(np.float32)
    return [rng.standard_normal((spec.history, spec.tokens, spec.width)).astype(np.float32),
            np.ascontiguousarray(draw[:1, 0].repeat(spec.history, axis=0)), draw,
            rng.standard_normal((spec.tokens, spec.width)).astype(np.float32)]


def same(a, b, relative=0.0):
    for x, y in ((a.latents, b.latents), (a.cost, b.cost), (a.cost_to_go, b.cost_to_go)):
        assert x.shape == y.shape
        assert x.dtype == np.float32
        assert np.abs(x - y).max() <= relative * max(1.0, np.abs(y).max())
