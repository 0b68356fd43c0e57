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

"""Where a model's bundle lies: a path, or the name of one that is installed or in the sources."""

from pathlib import Path

from jepa_ros.ros.share import share_folders


def find_bundle(model: str) -> Path:
    """
    Return the folder of a bundle.

    Takes a path, or the name of a bundle in share/jepa_ros/models of an installation or in the
    folder models of the source tree.  FileNotFoundError lists where it was looked for.
    """
    if not model:
        raise FileNotFoundError('model is empty, must be a path or the name of a bundle')
    places = [Path(model).expanduser()]
    if '/' not in model:
        places += [folder / 'models' / model for folder in share_folders()]
    for place in places:
        if (place / 'manifest.json').is_file():
            return place
    raise FileNotFoundError(f'no bundle {model!r}: there is no manifest.json in '
                            + ', '.join(str(place) for place in places))
