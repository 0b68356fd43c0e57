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

"""What bags hold, what training would use of it, and what is wrong with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
import math
from pathlib import Path
from typing import Any

from jepa_ros.bags.align import align, Rows
from jepa_ros.bags.arrays import check_different, check_samples
from jepa_ros.bags.cache import EpisodeCache
from jepa_ros.bags.clocks import SECOND_NS, Stamps
from jepa_ros.bags.doubts import doubts
from jepa_ros.bags.episodes import check_enough, cut, Episode
from jepa_ros.bags.fingerprint import fingerprint, Memory, size_bytes
from jepa_ros.bags.motion import motion_of, rests
from jepa_ros.bags.reader import has_header, header_stamp, messages, opened, topics
from jepa_ros.bags.scan import Numbers, Recording, scan
from jepa_ros.bags.settings import BagSettings


@dataclass
class Survey:
    """
    What was found: a table of topics for each bag, recordings and rows as far as they came.

    ``problems`` stop training, ``doubts`` do not; each is one line with its numbers.
    """

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    recordings: list[Recording] = field(default_factory=list)
    rows: Rows | None = None
    episodes: list[Episode] = field(default_factory=list)
    short_runs: int = 0
    problems: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def survey(bags: Sequence[Path], settings: BagSettings, told: Callable[[int], object]) -> Survey:
    """Read bags once and return what there is; one that cannot be used is a problem, no error."""
    found = Survey()
    for bag in bags:
        _read(bag, settings, told, found)
    if found.problems or not found.recordings:
        return found
    try:
        _check_different(bags)
        rows = align(found.recordings, settings)
        found.rows = rows
        found.episodes, found.short_runs = cut(list(rows.runs), rows.times_ns)
        check_enough(found.episodes)
    except ValueError as error:
        found.problems.append(str(error))
    found.doubts += doubts(found.recordings, found.rows, found.episodes)
    return found


def _check_different(bags: Sequence[Path]) -> None:
    """Refuse what training would: one bag twice.  Only those of one size are read for it."""
    sizes = [size_bytes(bag) for bag in bags]
    alike = [bag for bag, size in zip(bags, sizes, strict=True) if sizes.count(size) > 1]
    if alike:
        memory = Memory(EpisodeCache().folder / 'digests.json')
        check_different(alike, [fingerprint(bag, memory, _nothing) for bag in alike])


def _nothing(_: int) -> None:
    pass


def _read(bag: Path, settings: BagSettings, told: Callable[[int], object],
          found: Survey) -> None:
    """Add a bag to what was found."""
    try:
        recording = scan(bag, settings, told, every_topic=True)
        found.recordings.append(recording)
        found.tables[str(bag)] = _table(recording.found, recording.times)
        check_samples(recording)
    except ValueError as error:
        found.problems.append(str(error))
        if str(bag) not in found.tables:
            found.tables[str(bag)] = _table_of(bag)


def _table_of(bag: Path) -> list[dict[str, Any]]:
    """Return the topics of a bag that cannot be used, as far as it can be read."""
    times: dict[str, Numbers] = {}
    known: dict[str, tuple[str, int]] = {}
    try:
        with opened(bag) as reader:
            known = topics(reader, bag)
            stamped = {name: has_header(reader, kind) for name, (kind, _) in known.items()}
            times = {name: Numbers() for name in known}
            for _, connection, received, raw in messages(reader, bag, set(known)):
                times[connection.topic].add(
                    header_stamp(raw) if stamped[connection.topic] else 0, received)
    except (ValueError, KeyError):
        pass        # it was said already
    return _table(known, {name: numbers.stamps() for name, numbers in times.items()})


def _table(found: dict[str, tuple[str, int]], times: dict[str, Stamps]) -> list[dict[str, Any]]:
    rows = []
    for name, (kind, _) in sorted(found.items()):
        stamps = times.get(name)
        count = len(stamps) if stamps else 0
        span_s = (float(stamps.received_ns.max() - stamps.received_ns.min()) / SECOND_NS
                  if stamps and count else math.nan)
        rows.append({'topic': name, 'type': kind, 'count': count,
                     'rate_hz': (count - 1) / span_s if count > 1 and span_s > 0 else math.nan,
                     'duration_s': span_s,
                     'clock_offset_s': stamps.offset_s() if stamps else math.nan})
    return rows


def statistics(rows: Rows) -> list[dict[str, Any]]:
    """Return what the actions are like, a row for each component."""
    actions, moves = rows.actions[rows.acting], motion_of(rows)
    return [{'action': name, 'unit': unit, 'min': float(column.min()),
             'mean': float(column.mean()), 'max': float(column.max()), 'std': float(column.std()),
             'low': low, 'high': high, 'at_rest': float(rests(part).mean())}
            for name, unit, column, part, low, high in zip(
                rows.names, rows.units, actions.T, moves.T, rows.low, rows.high, strict=True)]
