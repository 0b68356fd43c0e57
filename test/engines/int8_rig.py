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

"""Pictures to calibrate with, and copies of bundles that have int8 graphs."""

from functools import cache
from pathlib import Path
import shutil
import tempfile

import numpy as np

from jepa_ros.engines.calibration import calibrate, Calibrated
from jepa_ros.engines.int8_graphs import write_int8
from jepa_ros.engines.manifest import load_manifest

_FOLDER = tempfile.TemporaryDirectory()     # gone with the process


def pictures(spec, count, seed=0):
    """Return pictures of the model's size, (height, width, 3), of large patches."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    rows, columns = -(-spec.image_height // 8), -(-spec.image_width // 8)
    fine = coarse.repeat(rows, axis=1).repeat(columns, axis=2)
    return list(np.ascontiguousarray(fine[:, :spec.image_height, :spec.image_width]))


@cache
def calibrated(folder: Path) -> Calibrated:
    """Return the int8 graphs of a bundle."""
    manifest = load_manifest(folder)
    return calibrate(manifest, pictures(manifest.spec, 64))


@cache
def int8_bundle(folder: Path) -> Path:
    """Return a copy of a bundle that has int8 graphs; never write into it."""
    copy = Path(shutil.copytree(folder, Path(_FOLDER.name) / str(len(str(folder))) / folder.name))
    write_int8(load_manifest(copy), calibrated(folder).graphs, {'frames': 48})
    return copy
