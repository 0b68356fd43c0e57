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

"""Begin with the weights of another run or of a bundle, instead of random ones."""

from pathlib import Path

from jepa_ros.engines.manifest import WEIGHTS
from jepa_ros.engines.networks import Networks
from jepa_ros.learning.checkpoint import read_tensors

# the limits of this robot's actions, not of the other's
_OWN = ('predictor.centre', 'predictor.half_range')


def check_start(folder: Path) -> None:
    """Refuse a folder without weights; ValueError says what to do."""
    if not (folder / WEIGHTS).is_file():
        raise ValueError(f'train.start: {folder} has no {WEIGHTS}: give the folder of a run that '
                         'has ended, or of a bundle exported without --graphs-only')


def start_from(networks: Networks, folder: Path) -> None:
    """
    Load all weights but the limits of actions; ValueError where the sizes are others.

    Latents are then what they were, so the first steps only fit them to the new data.
    """
    theirs = read_tensors(folder / WEIGHTS)
    own = networks.state_dict()
    differing = [f'{name} is {_size(theirs, name)} there and {_size(own, name)} here'
                 for name in sorted(theirs.keys() | own.keys())
                 if name not in _OWN and _size(theirs, name) != _size(own, name)]
    if differing:
        raise ValueError(f'train.start: the model of {folder} has other sizes: {differing[0]}, '
                         f'{len(differing)} such in all; give the model settings that it was '
                         'trained with, and actions of as many numbers')
    networks.load_state_dict({name: own[name] if name in _OWN else theirs[name] for name in own})


def _size(tensors: dict, name: str) -> str:
    return str(tuple(tensors[name].shape)) if name in tensors else 'missing'
