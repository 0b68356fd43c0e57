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

"""Pictures of two studies: success for the time a plan takes, and for how late it comes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

Rows = Sequence[Mapping[str, object]]

# told apart in grey and by those who see no red or no green
_LOOKS = {
    'cem': ('#0072b2', 'o'), 'icem': ('#d55e00', 's'), 'mppi': ('#009e73', '^'),
    'acting': ('#0072b2', 'o'), 'synchronous': ('#d55e00', 's'), 'standing': ('#777777', '^')}
_NAMES = {
    'cem': 'CEM', 'icem': 'iCEM', 'mppi': 'MPPI', 'acting': 'planning while acting',
    'synchronous': 'synchronous: as if no time had passed',
    'standing': 'standing still while planning'}
_AXES_INK = '#444444'


def _axes(title: str, note: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(9, 5.6), layout='constrained')
    axes = figure.subplots()
    axes.set_title(title, loc='left', fontsize=13, fontweight='bold')
    axes.grid(color='#e4e4e4', linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
    axes.spines[['left', 'bottom']].set_color(_AXES_INK)
    axes.tick_params(colors=_AXES_INK)
    figure.supxlabel(note, fontsize=8.5, color=_AXES_INK, x=0.01, ha='left')
    return figure, axes


def _points(axes: Axes, rows: Rows, x: Callable[[Mapping], float], kind: str, line: str,
            shift: float = 0.0) -> None:
    """Draw success with its interval against ``x``, joined in its order."""
    rows = sorted(rows, key=x)
    places = [x(row) + shift for row in rows]
    rates = [100 * row['success_rate'] for row in rows]
    below = [rate - 100 * row['interval'][0] for rate, row in zip(rates, rows, strict=True)]
    above = [100 * row['interval'][1] - rate for rate, row in zip(rates, rows, strict=True)]
    colour, marker = _LOOKS[kind]
    axes.errorbar(places, rates, (below, above), color=colour, marker=marker, markersize=7,
                  markeredgecolor='white', linewidth=1.8, linestyle=line, elinewidth=1.1,
                  capsize=3, label=_NAMES[kind])


def _success_axis(axes: Axes, rows: Rows) -> None:
    """Let success begin at a round percentage below every interval, and say so."""
    floor = max(0, 10 * int(10 * min(row['interval'][0] for row in rows)))
    axes.set_ylim(floor, 101)
    begins = f' (the axis begins at {floor})' if floor else ''
    axes.set_ylabel(f'success, % of episodes{begins}')


def planner_picture(path: Path, rows: Rows, baseline: Rows, note: str) -> None:
    """Draw success against the time of a plan, a line for each planner, to ``path``."""
    figure, axes = _axes('Success for the time a plan takes', note)
    for i, planner in enumerate(dict.fromkeys(row['planner'] for row in rows)):
        of_planner = [row for row in rows if row['planner'] == planner]
        _points(axes, of_planner, lambda row: row['ms_per_plan'], planner, '-')
        for row in of_planner:
            # a line of text for each planner, so that budgets which take as long can be read
            axes.annotate(f'{row["candidates"]}x{row["iterations"]}',
                          (row['ms_per_plan'], 100 * row['success_rate']),
                          xytext=(5, -12 - 9 * i), textcoords='offset points', fontsize=7.5,
                          color=_LOOKS[planner][0])
    for row in baseline:
        _reference(axes, row)
    axes.set_xscale('log')
    axes.xaxis.set_major_formatter(lambda value, _: f'{value:g}')
    axes.set_xlabel('median time of a plan, ms (logarithmic); labels: candidates x iterations')
    _success_axis(axes, [*rows, *baseline])
    axes.legend(loc='lower right', frameon=False)
    figure.savefig(path, dpi=130)


def _reference(axes: Axes, row: Mapping) -> None:
    low, high = (100 * bound for bound in row['interval'])
    rate, ms = 100 * row['success_rate'], row['ms_per_plan']
    axes.errorbar([ms], [rate], [[rate - low], [high - rate]], color='black', marker='D',
                  markersize=7, capsize=3, linestyle='none',
                  label=f'{_NAMES[row["planner"]]} {row["candidates"]}x{row["iterations"]}, '
                        f'{row["engine"]} (n = {row["episodes"]})')


def latency_picture(path: Path, rows: Rows, note: str) -> None:
    """Draw success against injected latency, a line for each way to live with it, to ``path``."""
    figure, axes = _axes('Success for how late a plan is', note)
    ways = list(dict.fromkeys(row['way'] for row in rows))
    for i, way in enumerate(ways):
        # beside each other, so that no interval hides another
        _points(axes, [row for row in rows if row['way'] == way],
                lambda row: 1000 * row['latency_s'], way, '-', 4.0 * (i - (len(ways) - 1) / 2))
    axes.set_xlabel('injected planning latency, ms')
    axes.set_xticks(sorted({1000 * row['latency_s'] for row in rows}))
    _success_axis(axes, rows)
    axes.legend(loc='lower left', frameon=False)
    figure.savefig(path, dpi=130)
