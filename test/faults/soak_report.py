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


"""What a soak came to, as JSON and as a picture, and in a few lines."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
import math
from pathlib import Path

from matplotlib.figure import Figure
from soak_watch import longest, Sample
from verdict import LIMIT_S

_COLOURS = {'simulator': '#0072b2', 'planner': '#d55e00', 'gate': '#009e73'}
_MARKERS = {'dropout': ('o', '#0072b2'), 'kill': ('X', '#d55e00')}
_INK = '#444444'


@dataclass(frozen=True)
class Event:
    """A fault: when (s since the beginning), how soon it stopped, how soon it moved again."""

    at_s: float
    kind: str
    stopped_after_s: float
    resumed_after_s: float


@dataclass(frozen=True)
class Result:
    """All that there is to say of a soak."""

    minutes: float
    seed: int
    lasted_s: float
    interrupted: bool
    problems: Sequence[str]
    events: Sequence[Event]
    samples: Sequence[Sample]
    stop_words: dict[str, int]


def write(folder: Path, result: Result) -> None:
    """Write soak.json and soak.png, and print the gist."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = {}
    for g in longest(result.samples):
        pids = {s.pid for s in result.samples if s.node == g.node}
        nodes[g.node] = asdict(g) | {'growth_percent': 100 * g.share, 'processes': len(pids)}
        print(f'{g.node}: {g.first_mib:.0f} to {g.last_mib:.0f} MiB ({g.share:+.1%}), '
              f'{g.first_fds:.0f} to {g.last_fds:.0f} open files, from {g.since_s / 60:.1f} to '
              f'{g.until_s / 60:.1f} min; {len(pids)} processes')
    stops = {}
    for kind in _MARKERS:
        times_s = sorted(e.stopped_after_s for e in result.events if e.kind == kind)
        finite = [t for t in times_s if math.isfinite(t)]
        stops[kind] = {'count': len(times_s),
                       'missed': sum(t > LIMIT_S for t in times_s),
                       'median_s': finite[len(finite) // 2] if finite else None,
                       'slowest_s': finite[-1] if finite else None}
        if finite:
            print(f'{kind}s: {len(times_s)}, stopped after {stops[kind]["median_s"]:.3f} s '
                  f'(median), {finite[-1]:.3f} s (slowest), limit {LIMIT_S:.2f} s')
    for problem in result.problems:
        print(problem.splitlines()[0])
    print(f'{result.lasted_s / 60:.1f} of {result.minutes:g} minutes, '
          f'{len(result.problems)} problems; see {folder}/soak.png')
    rows = asdict(result)
    rows['events'] = [{k: v if not isinstance(v, float) or math.isfinite(v) else None
                       for k, v in asdict(e).items()} for e in result.events]
    summary = {'passed': not result.problems and not result.interrupted, 'nodes': nodes,
               'stops': stops}
    (folder / 'soak.json').write_text(json.dumps(summary | rows, indent=1) + '\n')
    _draw(folder / 'soak.png', result)


def _draw(path: Path, result: Result) -> None:
    """Draw memory, open files and stops over the minutes."""
    figure = Figure(figsize=(9, 8), layout='constrained')
    memory, files, stops = figure.subplots(3, sharex=True)
    verdict = f'{len(result.problems)} problems' if result.problems else 'no problems'
    memory.set_title(f'Soak of {result.lasted_s / 60:.0f} minutes: {verdict}', loc='left',
                     fontsize=13, fontweight='bold')
    for pid in dict.fromkeys(s.pid for s in result.samples):
        life = [s for s in result.samples if s.pid == pid]
        minutes = [s.at_s / 60 for s in life]
        for axes, values in ((memory, [s.rss_mib for s in life]), (files, [s.fds for s in life])):
            known = axes.get_legend_handles_labels()[1]
            axes.plot(minutes, values, color=_COLOURS[life[0].node], linewidth=1.5,
                      label=life[0].node if life[0].node not in known else None)
    memory.set_ylabel('resident, MiB')
    files.set_ylabel('open files')
    for kind, (marker, colour) in _MARKERS.items():
        of_kind = [e for e in result.events if e.kind == kind]
        stops.plot([e.at_s / 60 for e in of_kind],
                   [min(e.stopped_after_s, 2 * LIMIT_S) for e in of_kind], marker, color=colour,
                   markersize=4, label={'dropout': 'camera lost', 'kill': 'planner killed'}[kind])
    stops.axhline(LIMIT_S, color='black', linewidth=1.2)
    stops.set_ylabel('fault to zero, s')
    stops.set_xlabel(f'minutes (line: the limit of {LIMIT_S:.2f} s)')
    for axes in (memory, files, stops):
        axes.set_ylim(bottom=0)
        axes.grid(color='#e4e4e4', linewidth=0.8)
        axes.spines[['top', 'right']].set_visible(False)
        axes.tick_params(colors=_INK)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False, fontsize=8, loc='lower right')
    figure.savefig(path, dpi=110)
