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


"""The report in words: what is fit to drive, what is doubtful, what is not, and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from jepa_ros.learning.health import LEARNT
from jepa_ros.learning.report_measures import Measures

Colour = Literal['green', 'amber', 'red']
PAINT = {'green': '#1a7f37', 'amber': '#b35900', 'red': '#c01c28'}


@dataclass(frozen=True)
class Check:
    """One thing to know before the first drive: its value in words, its limit, what to do."""

    name: str
    colour: Colour
    found: str
    limit: str
    advice: str = ''

    def words(self) -> str:
        """Return the check in one line."""
        advice = f'. {self.advice}' if self.advice and self.colour != 'green' else ''
        return f'{self.colour.upper():5} {self.name}: {self.found} ({self.limit}){advice}'


def _grade(value: float, green: float, amber: float) -> Colour:
    """Return the colour of a value that should be high; NaN is red."""
    return 'green' if value >= green else 'amber' if value >= amber else 'red'


def _grade_low(value: float, green: float, amber: float) -> Colour:
    return 'red' if np.isnan(value) else _grade(-value, -green, -amber)


def checks(m: Measures, names: Sequence[str], warnings: Mapping[str, str]) -> list[Check]:
    """Judge what was measured; ``names`` (A,) are those of the actions."""
    width, error, copied = len(m.std), float(m.predicted[-1]), float(m.copied[-1])
    learnt = float(m.learnt[-1])
    ratio, p99 = error / max(copied, 1e-12), float(np.quantile(m.surprise, 0.99))
    share = p99 / max(m.wrong_frame, 1e-12)
    # by distance where enough poses are known to see an order
    curve = m.steps_ahead if m.distance is None or len(m.distance.x) < 4 else m.distance
    least = int(np.argmin(m.coverage))
    found = [
        Check('latents are alive', _grade(m.rank / width, 0.3, 0.1),
              f'effective rank {m.rank:.1f} of {width}, smallest std {m.std.min():.2f}',
              f'rank from {0.3 * width:.0f}', 'Latents fill few dimensions: raise '
              'train.sigreg_weight, or record more varied driving'),
        Check('prediction beats copy-last', _grade_low(ratio, 0.35, 0.5),
              f'{ratio:.2f} of its error after {len(m.predicted)} blocks', 'up to 0.35',
              f'The drives are learnt by heart, for of frames that were trained on it is '
              f'{learnt:.2f}: record more drives, or use model.keypoints'
              if learnt < LEARNT * ratio else
              'Train longer; check the action topic and the clock offset of the bags'),
        Check('prediction beats an untrained model',
              _grade_low(error / max(float(m.untrained[-1]), 1e-12), 0.5, 0.9),
              f'{error / max(float(m.untrained[-1]), 1e-12):.2f} of its error', 'up to 0.5',
              'Train longer'),
        Check('actions matter', _grade(m.wrong_actions, 2.0, 1.5),
              f"with another moment's actions the error is {m.wrong_actions:.1f} times as large",
              'from 2', 'The model ignores what is commanded: check the action topic, that the '
              'robot was really driven by it, and whether drives are learnt by heart'),
        Check('surprise can tell', _grade_low(share, 0.5, 1.0),
              f'p99 is {share:.2f} of what a wrong frame gives', 'up to 0.5',
              'The surprise monitor will be blind: more data of the rare situations'),
        Check('critic is monotone', _grade(curve.order, 0.9, 0.7),
              f'order {curve.order:.2f} over {len(curve.x)} points in {curve.unit}', 'from 0.9',
              'The planner will be led astray: longer critic training, or more drives that '
              'pass the same places'),
        Check('amount of data', _grade(m.minutes, 20.0, 8.0),
              f'{m.minutes:.1f} minutes in {m.episodes} episodes', 'from 20 minutes',
              'Record more driving'),
        Check('actions cover their range', _grade(float(m.coverage.min()), 0.8, 0.5),
              f'{names[least]} visits {m.coverage[least]:.0%} of its range, the least of '
              f'{len(names)}', 'from 80%', 'The planner will propose what the data never shows: '
              'drive faster and slower, turn both ways'),
        Check('the robot moves', _grade_low(m.still, 0.3, 0.6),
              f'at rest {m.still:.0%} of the time', 'up to 30%', 'Cut pauses out of the bags'),
    ]
    if m.false_places is not None:
        found.append(Check(
            'places are told apart', _grade_low(m.false_places, 0.1, 0.25),
            f'{m.false_places:.1%} of what counts as arrived is elsewhere', 'up to 10%',
            'The robot will stop at places that look like the goal: record more places, train '
            'the world model longer, with odometry and model.whereabouts_hidden'))
    found += [Check('training was healthy', 'amber', words, 'no warning')
              for words in warnings.values()]
    if not warnings:
        found.append(Check('training was healthy', 'green', 'no warning', 'no warning'))
    return found


def verdict(found: Sequence[Check]) -> str:
    """Return the checklist in one sentence."""
    count = {colour: sum(c.colour == colour for c in found) for colour in PAINT}
    if count['red']:
        return (f'{count["red"]} of {len(found)} checks are red: do not drive with this model '
                'before they are looked into.')
    if count['amber']:
        return (f'{count["amber"]} of {len(found)} checks are amber: drive slowly, with a hand '
                'on the stop.')
    return f'All {len(found)} checks are green: ready for a first drive with the gate in place.'


def as_json(found: Sequence[Check]) -> list[dict[str, Any]]:
    """Return checks as tables for JSON."""
    return [asdict(check) for check in found]
