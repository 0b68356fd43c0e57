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
Fuzz the runtimes with graphs whose hash is right: they must refuse, or run, and not crash.

They are others' code, and a graph is a program: who can write a bundle can also sign its hashes.
What is ours is that whatever they raise comes out as the bundle's error, with the file's name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path

from fuzz_edits import edit_bytes, edits
from fuzz_run import Target
from hypothesis import strategies as st
import numpy as np
from small_bundle import small_bundle

from jepa_ros.core.proprioception import latent_of
from jepa_ros.engines.load import load_engine
from jepa_ros.engines.manifest import BundleError, sha256


def _runtime(engine: str, folder: Path) -> Target:
    bundle = small_bundle(folder)
    manifest = bundle / 'manifest.json'
    raw = json.loads(manifest.read_text())
    whole = {name: (bundle / name).read_bytes() for name in ('encoder.onnx', 'rollout.onnx')}

    def check(value: tuple) -> None:
        name, changes = value
        path = bundle / name
        try:
            path.write_bytes(edit_bytes(whole[name], changes))
            manifest.write_text(json.dumps(
                {**raw, 'files': {**raw['files'], name: sha256(path)}}))
            model = load_engine(bundle, engine)
            _run(model)
        except BundleError as error:
            if name not in str(error):
                raise RuntimeError(f'{name} is not named') from error
            raise
        finally:
            path.write_bytes(whole[name])

    # a graph that is taken may well ask for more memory than it had
    return Target(f'{engine}_graphs', st.tuples(st.sampled_from(sorted(whole)), edits(3)), check,
                  (BundleError,), 1024.0)


def _run(model) -> None:
    """Ask both graphs once."""
    spec, action = model.spec, model.spec.action
    z = model.encode(np.zeros((spec.image_height, spec.image_width, 3), np.uint8))
    assert z.shape == (spec.tokens, spec.encoded_width)
    z = latent_of(z, None, spec)
    blocks = np.zeros((2, spec.horizon, action.block, action.width), np.float32)
    rollout = model.rollout(np.stack([z] * spec.history), blocks[0, :spec.history], blocks, z)
    assert rollout.cost.shape == (2,)


@contextmanager
def openvino_graphs(folder: Path) -> Iterator[Target]:
    """Edit graphs that OpenVINO loads, compiles and runs."""
    yield _runtime('openvino', folder)


@contextmanager
def onnxruntime_graphs(folder: Path) -> Iterator[Target]:
    """Edit graphs that ONNX Runtime loads and runs."""
    yield _runtime('onnxruntime', folder)
