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

"""A bar on the terminal for work that tells how far it is."""

import sys


class Bar:
    """A bar on stderr, as what the work is to call: with the part done, 0 to 1, and the phase."""

    def __init__(self, name: str) -> None:
        from tqdm import tqdm
        self._bar = tqdm(total=100, desc=name, unit='%', file=sys.stderr,
                         bar_format='{desc}: {percentage:3.0f}%|{bar}| {elapsed} {postfix}')

    def __enter__(self):
        return self._tell

    def __exit__(self, *_) -> None:
        self._bar.close()

    def _tell(self, part: float, phase: str) -> None:
        self._bar.set_postfix_str(phase, refresh=False)
        self._bar.update(round(100 * part) - self._bar.n)
