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

"""Where a bundle is to go: what is there is replaced, and must be no one's recordings."""

import os
from pathlib import Path

from jepa_ros.engines.bundle_files import BundleError, read_json


def check_place(folder: Path, keep: Path | None = None) -> None:
    """
    Refuse a place where a bundle cannot be put, or would take the place of anything but a bundle.

    ``keep`` is what must not be in there, as the run that it is made of.  ValueError says what is
    in the way.
    """
    place = folder.resolve()
    if keep is not None and keep.resolve().is_relative_to(place):
        raise ValueError(f'a bundle at {folder} would take the place of {keep}; name another '
                         'folder')
    if os.path.lexists(folder) and not folder.is_dir():
        raise ValueError(f'{folder} is no folder; name another for the bundle')
    if folder.is_dir() and any(folder.iterdir()) and not _is_bundle(folder):
        raise ValueError(f'{folder} is there, and is no bundle, for it has no manifest.json of '
                         'one: nothing is put in its place; name another folder')
    above = next(parent for parent in place.parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise ValueError(f'{folder} cannot be made: {above} is no folder that you can write to')


def _is_bundle(folder: Path) -> bool:
    try:
        manifest = read_json(folder / 'manifest.json')
    except (BundleError, OSError, ValueError):
        return False
    return isinstance(manifest, dict) and {'format', 'graphs', 'files'} <= manifest.keys()
