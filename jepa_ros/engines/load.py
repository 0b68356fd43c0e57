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

from pathlib import Path
from typing import Protocol

from jepa_ros.core.world_model import WorldModel
from jepa_ros.engines.manifest import BundleError, load_manifest

ENGINES = ('auto', 'onnxruntime')


class Engine(WorldModel, Protocol):
    """A world model that can say what runs it."""

    engine: str
    device: str
    precision: str


def load_engine(bundle_dir: Path, engine: str = 'auto', threads: int = 1) -> Engine:
    """
    Check a bundle and make it ready to run; imports the runtime only now.

    Raises BundleError where the bundle is not whole, ValueError where the engine is not known.
    """
    if engine not in ENGINES:
        raise ValueError(f'engine is {engine!r}, must be one of {", ".join(ENGINES)}')
    manifest = load_manifest(bundle_dir)
    try:
        from jepa_ros.engines.onnx_engine import OnnxEngine
    except ImportError as error:
        raise BundleError(f'onnxruntime is not installed ({error}); '
                          'pip install -r requirements/robot.txt') from error
    return OnnxEngine(manifest, threads)
