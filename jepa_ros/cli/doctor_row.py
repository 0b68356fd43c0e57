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

"""What one check found: a row of the doctor's table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

OK, WARN, FAIL, SKIP = STATUSES = ('ok', 'warn', 'fail', 'skip')


@dataclass(frozen=True)
class Row:
    """
    What a check found, and the command that mends it.

    ``status``: ok; warn: a drive goes on, but worse than it could; fail: no drive; skip: it could
    not be looked at, or nothing here needs it.
    """

    check: str
    status: str
    found: str
    mend: str = ''

    def __post_init__(self) -> None:
        """Refuse a status that is none; ValueError names it."""
        if self.status not in STATUSES:
            raise ValueError(f'status of {self.check} is {self.status!r}, must be one of '
                             f'{", ".join(STATUSES)}')

    def lines(self, width: int) -> list[str]:
        """Return the row for people; ``width``: of the longest name of a check, in characters."""
        mend = [f'{"":6}{"":{width}}  mend: {self.mend}'] if self.mend else []
        return [f'{self.status:6}{self.check:{width}}  {self.found}', *mend]


def guarded(check: str, look: Callable[[], Iterable[Row]]) -> list[Row]:
    """Return the rows of a check; where it breaks, one that says so: the others go on."""
    try:
        return list(look())
    except Exception as error:
        words = ' '.join(f'{type(error).__name__}: {error}'.split())
        return [Row(check, FAIL, f'the check itself broke: {words}')]
