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


"""One picture, and one page, that tell whether a model is fit to drive."""

from collections.abc import Callable, Sequence
from functools import partial
import json
import math
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from jepa_ros.learning import report_panels as panels
from jepa_ros.learning.report_checks import as_json, Check, checks, PAINT, verdict
from jepa_ros.learning.report_floor import draw_maps, FloorView
from jepa_ros.learning.report_html import Drawing, page
from jepa_ros.learning.report_measures import measure, Measures, Subject
from jepa_ros.learning.report_pictures import draw_imagined, imagine

Panel = Callable[[Any], Any]
_COLUMNS = 5


def write_report(subject: Subject, folder: Path, warnings: dict[str, str],
                 about: dict[str, Any], floor: FloorView | None = None) -> list[Check]:
    """
    Write report.png, report.html and report.json into a folder; return the checks.

    ``warnings`` are those of the training, ``about`` is what was trained on and how; ``floor``
    adds maps where a simulator can show any place.
    """
    m = measure(subject)
    found = checks(m, subject.actions.names, warnings)
    title = (f'{subject.name}: {len(subject.training)} training frames, '
             f'{len(subject.held_out)} held out')
    plots = _panels(subject, m)
    imagined = imagine(subject)
    pictures: Panel = partial(draw_imagined, subject=subject, imagined=imagined)
    _poster(title, found, plots, pictures, subject, floor).savefig(folder / 'report.png', dpi=80)
    drawings = [Drawing(_alone(plot, 4.6, 3.4)) for plot in plots]
    if floor is not None:
        drawings.append(Drawing(_floor_figure(subject, floor)))
    drawings.append(Drawing(_alone(pictures, 10.5, 11.0), wide=True))
    figures = {'verdict': verdict(found), 'checks': as_json(found), **m.figures()}
    (folder / 'report.html').write_text(
        page(title, verdict(found), found, drawings, m.figures(), about), encoding='utf-8')
    (folder / 'report.json').write_text(json.dumps(_plain(figures), indent=2) + '\n')
    return found


def _panels(subject: Subject, m: Measures) -> list[Panel]:
    """Return what there is to draw, in the order in which it is best read."""
    plots: list[Panel] = [
        partial(panels.losses, folder=subject.run_folder),
        partial(panels.spread_while_training, folder=subject.run_folder),
        partial(panels.critic_loss, folder=subject.run_folder),
        partial(panels.stds, m=m), partial(panels.horizon, m=m), partial(panels.surprise, m=m),
        partial(panels.cost_curve, curve=m.steps_ahead)]
    if m.distance is not None:
        plots.append(partial(panels.cost_curve, curve=m.distance))
    plots.append(partial(panels.latent_map, subject=subject))
    if m.probe is not None:
        plots.append(partial(panels.probe, values=m.probe))
    plots.append(partial(panels.action_histogram, subject=subject))
    return plots


def _poster(title: str, found: Sequence[Check], plots: Sequence[Panel], pictures: Panel,
            subject: Subject, floor: FloorView | None) -> Figure:
    """Return everything on one figure, the words at the top."""
    maps = 0 if floor is None else len(floor.goals)
    rows = math.ceil((len(plots) + maps) / _COLUMNS)
    words, plotted = 0.21 * (len(found) + 2), 3.6 * rows
    figure = Figure(figsize=(21, words + plotted + 9.0), layout='constrained')
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=(words, plotted, 9.0))
    top.text(0.01, 0.97, title, va='top', fontsize=13, weight='bold')
    step = 1.0 / (len(found) + 2)
    top.text(0.01, 0.97 - 1.1 * step, verdict(found), va='top', fontsize=11)
    for i, check in enumerate(found):
        top.text(0.01, 0.94 - (i + 2) * step, check.words(), va='top', fontsize=9,
                 color=PAINT[check.colour], family='monospace')
    axes = middle.subplots(rows, _COLUMNS, squeeze=False).flatten()
    for plot, one in zip(plots, axes, strict=False):
        plot(one)
    if floor is not None:
        draw_maps(axes[len(plots):], subject.networks, floor)
    for unused in axes[len(plots) + maps:]:
        unused.axis('off')
    pictures(bottom.subplots())
    return figure


def _alone(plot: Panel, width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout='constrained')
    plot(figure.subplots())
    return figure


def _floor_figure(subject: Subject, floor: FloorView) -> Figure:
    figure = Figure(figsize=(4.6 * len(floor.goals), 4.2), layout='constrained')
    draw_maps(figure.subplots(1, len(floor.goals), squeeze=False)[0], subject.networks, floor)
    return figure


def _plain(value: Any) -> Any:
    """Return a value with null for what JSON has no number for."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
