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

"""Recordings become rows: a frame, the action until the next one, and the odometry."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from jepa_ros.bags.commands import TWIST, TWIST_STAMPED
from jepa_ros.bags.grid import camera_interval_s, MULTIPLE_TOLERANCE, period_of, runs
from jepa_ros.bags.hold import mean_held
from jepa_ros.bags.limits import limits_of, varying
from jepa_ros.bags.place import place, Segment
from jepa_ros.bags.scan import Recording
from jepa_ros.bags.settings import BagSettings


@dataclass(frozen=True)
class Rows:
    """
    Every frame that is used, in runs without a gap, bag after bag.

    ``bag`` and ``number`` (N,) say which picture of which bag it is, ``times_ns`` (N,) when it was
    taken; ``actions`` (N, A) float64 are the mean of what was commanded until the next frame, zero
    in the last row of a run; ``odometry`` (N, 5), NaN where none is wanted.  ``runs`` are (first
    row, last row).  ``told`` is the share of time for which a command was in force.
    """

    bag: np.ndarray
    number: np.ndarray
    times_ns: np.ndarray
    actions: np.ndarray
    odometry: np.ndarray
    runs: tuple[tuple[int, int], ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    period_s: float
    interval_s: float
    hold_s: float
    told: float
    counts: dict[str, int]

    @property
    def acting(self) -> np.ndarray:
        """Return which rows have an action, (N,) bool."""
        acts = np.ones(len(self.number), bool)
        acts[[last for _, last in self.runs]] = False
        return acts


def align(recordings: list[Recording], settings: BagSettings) -> Rows:
    """Align recordings on one period; ValueError names what stands in the way."""
    counts: Counter = Counter()
    placed = [place(recording, counts) for recording in recordings]
    components = recordings[0].components
    assert components is not None
    for recording in recordings[1:]:
        if recording.components != components:
            raise ValueError(
                f'{recording.bag} has commands of {_of(recording)}, {recordings[0].bag} of '
                f'{_of(recordings[0])}; choose what both have with --action-names, or '
                '--action-field of joints, or train on one of them')
    interval_s = camera_interval_s([s.times_ns for segments in placed for s in segments])
    if np.isnan(interval_s):
        frames = sum(len(recording.frames) for recording in recordings)
        raise ValueError(f'{frames} pictures, at least 1000 at one rate are needed; record more')
    period_s = period_of(interval_s, settings.period_s)
    for recording, segments in zip(recordings, placed, strict=True):
        _check_interval(recording, segments, interval_s, period_s)
    parts = [(i, segment, rows) for i, segments in enumerate(placed) for segment in segments
             for rows in _runs(segment, period_s, counts)]
    if not parts:
        raise ValueError(f'no two pictures are {period_s:.3g} s apart; name another --period')
    joined = _join(parts, components.hold_s, len(components.names))
    acts = np.ones(len(joined['number']), bool)
    acts[[last for _, last in joined['runs']]] = False
    if not acts.any():
        raise ValueError(f'no two pictures are {period_s:.3g} s apart; name another --period')
    twist = recordings[0].found[recordings[0].action][0] in (TWIST, TWIST_STAMPED)
    chosen = varying(components.names, joined['actions'][acts], components.settled, twist)
    names, units = (tuple(words[i] for i in chosen)
                    for words in (components.names, components.units))
    joined['actions'] = joined['actions'][:, chosen]
    low, high = limits_of(names, units, joined['actions'][acts], settings)
    return Rows(**joined, names=names, units=units, low=low, high=high, period_s=period_s,
                interval_s=interval_s, hold_s=components.hold_s, counts=dict(counts))


def _of(recording: Recording) -> str:
    components = recording.components
    if components is None:
        return 'nothing'
    words = ', '.join(f'{name} in {unit}' for name, unit in zip(components.names, components.units,
                                                                strict=True))
    return f'{words[:200]}, each for {components.hold_s:g} s'


def _check_interval(recording: Recording, segments: list[Segment], interval_s: float,
                    period_s: float) -> None:
    """Refuse a bag whose camera has another rate, of which the period is no multiple."""
    own_s = camera_interval_s([s.times_ns for s in segments])
    if not own_s > 0.0 or own_s >= 1.5 * period_s:
        raise ValueError(f'{recording.bag}: a picture every {own_s:.4g} s, the others have one '
                         f'every {interval_s:.4g} s; leave it out, or train on it alone')
    near = max(1, round(period_s / own_s)) * own_s
    if abs(near / period_s - 1.0) > MULTIPLE_TOLERANCE:
        raise ValueError(f'{recording.bag}: a picture every {own_s:.4g} s gives none every '
                         f'{period_s:.4g} s, which the other bags have; name a --period that '
                         'suits all')


def _runs(segment: Segment, period_s: float, counts: Counter) -> list[np.ndarray]:
    found, gaps = runs(segment.times_ns, period_s)
    counts['gaps'] += gaps
    return found


def _join(parts: list[tuple[int, Segment, np.ndarray]], hold_s: float, width: int) -> dict:
    columns: dict[str, list] = {name: [] for name in ('bag', 'number', 'times_ns', 'actions',
                                                      'odometry')}
    bounds, first, told_s, all_s = [], 0, 0.0, 0.0
    for bag, segment, rows in parts:
        edges = segment.times_ns[rows]
        actions = np.zeros((len(rows), width))
        if len(rows) > 1:
            actions[:-1] = mean_held(segment.command_ns, segment.commands, edges, hold_s)
            ones = np.ones((len(segment.command_ns), 1))
            whole = edges[[0, -1]]
            length = float(whole[1] - whole[0])
            told_s += length * float(mean_held(segment.command_ns, ones, whole, hold_s)[0, 0])
            all_s += length
        for name, values in (('bag', np.full(len(rows), bag)), ('number', segment.numbers[rows]),
                             ('times_ns', edges), ('actions', actions),
                             ('odometry', segment.odometry[rows])):
            columns[name].append(values)
        bounds.append((first, first + len(rows) - 1))
        first += len(rows)
    joined: dict = {name: np.concatenate(values) for name, values in columns.items()}
    return {**joined, 'runs': tuple(bounds), 'told': told_s / all_s if all_s else 0.0}
