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


"""Everything that decides what a training makes, as one value, kept beside what it made."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
import json
from pathlib import Path
from typing import Any

from jepa_ros.engines.networks import ModelConfig
from jepa_ros.files import write_whole
from jepa_ros.learning.config_file import build, differences, read_settings, Settings
from jepa_ros.learning.critic_config import CriticConfig
from jepa_ros.learning.data import DataSet, known_poses
from jepa_ros.learning.data_config import DataConfig
from jepa_ros.learning.train_config import TrainConfig
from jepa_ros.types import POSITION_UNITS

KINDS = {'data': DataConfig, 'model': ModelConfig, 'train': TrainConfig, 'critic': CriticConfig}
DERIVED = {'model.low': 'the data (data.low for bags)', 'model.high': 'the data (data.high for '
           'bags)', 'model.proprioception_scale': 'the data',
           'model.vision': 'jepa import'}
_NAME = 'run.json'

# of proprioception: what hardly changed in training must not be magnified on the robot
_LEAST_SCALE = 0.05


@dataclass(frozen=True)
class RunSettings:
    """The configs of a run; the model's action limits are the data's once that is read."""

    data: DataConfig
    model: ModelConfig
    train: TrainConfig
    critic: CriticConfig

    def with_data(self, data: DataSet) -> 'RunSettings':
        """
        Return the same with what the model takes from its data.

        ValueError where something is wished that the data cannot give.
        """
        for key, value in (('train.aside', self.train.aside), ('critic.aside', self.critic.aside)):
            if value and not len(known_poses(data.training)):
                raise ValueError(f'{key} is {value}, and no drive has odometry: give its topic, '
                                 'or 0')
        positions = [f'{name} ({unit})' for name, unit in zip(
            data.actions.names, data.actions.units, strict=True) if unit in POSITION_UNITS]
        for name in ('imagined', 'lookahead'):
            value = getattr(self.critic, name)
            if value and positions:
                raise ValueError(f'critic.{name} is {value}: that is of commands that are held, '
                                 f'and {", ".join(positions)} is a position; give 0')
        scale = data.training.proprioception.std(axis=0).astype(float)
        return replace(self, model=replace(
            self.model, low=data.actions.low, high=data.actions.high,
            proprioception_scale=tuple(float(f'{max(s, _LEAST_SCALE):.4g}') for s in scale)))

    def plain(self) -> dict[str, Any]:
        """Return nested tables as JSON gives them back."""
        tables: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return tables


def resolve(file: Path | None, options: Settings, overrides: Sequence[str]) -> RunSettings:
    """
    Return the settings of a file, over it the options, over those ``section.key=value``.

    ValueError names what is unknown or refused, and what would be allowed.
    """
    settings = read_settings(file, [], KINDS, DERIVED)
    for layer in (options, read_settings(None, overrides, KINDS, DERIVED)):
        for section, table in layer.items():
            settings[section].update(table)
    return RunSettings(build(DataConfig, 'data', settings), build(ModelConfig, 'model', settings),
                       build(TrainConfig, 'train', settings),
                       build(CriticConfig, 'critic', settings))


def keep_settings(folder: Path, settings: RunSettings, data: DataSet, machine: dict[str, Any]
                  ) -> None:
    """
    Write run.json, or compare with the one of a run that goes on.

    ValueError names every key in which the two differ: a run is of one kind.
    """
    wanted = {**settings.plain(), 'frames': {'training': len(data.training),
                                             'held_out': len(data.held_out)}}
    path = folder / _NAME
    if path.exists():
        # what an older version did not know yet was as it is by default
        begun = {**load_settings(folder).plain(), 'frames': _read(path)['frames']}
        differing = differences(begun, wanted)
        if differing:
            raise ValueError(f'{folder} was begun with other settings ({"; ".join(differing)}); '
                             'choose another folder or the same options')
        return
    # only now: a run that cannot begin must not bind the next one to its options
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({**wanted, 'machine': machine}, indent=2) + '\n')


def threads_of(folder: Path) -> int:
    """Return on how many threads a run was begun, 0 where there is none."""
    path = folder / _NAME
    return int(_read(path)['machine']['threads']) if path.exists() else 0


def load_settings(folder: Path) -> RunSettings:
    """Return the settings of a run; ValueError where there are none of this version."""
    tables = _read(folder / _NAME)
    try:
        return RunSettings(*(kind(**_tuples(tables[section])) for section, kind in KINDS.items()))
    except (TypeError, ValueError) as error:
        raise ValueError(f'{folder / _NAME} is of another version: {error}') from error


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise ValueError(f'{path.parent} has no {_NAME}: no run of jepa train')
    tables: dict[str, Any] = json.loads(path.read_text())
    missing = [k for k in (*KINDS, 'frames', 'machine') if not isinstance(tables.get(k), dict)]
    if missing:
        raise ValueError(f'{path} has no {", ".join(missing)}: it is of another version; choose '
                         'another folder')
    return tables


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
