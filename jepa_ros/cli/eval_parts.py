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

"""What the kinds of ``jepa eval`` share: the bar, the camera, baselines made of the model."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
import sys


def add_camera_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--camera``."""
    parser.add_argument('--camera', choices=('ceiling', 'front'), default=None,
                        help="which of the simulator's cameras to look through; by default "
                        'front for a model with front in its name')


def camera_of(args: argparse.Namespace) -> str:
    """Return the simulator's camera that is asked for, or that the model's name tells."""
    return args.camera or ('front' if 'front' in Path(args.model).name else 'ceiling')


def watched(outcomes: Iterable, total: int, name: str, unit: str,
            won: Callable[[object], bool]) -> list:
    """Return the outcomes, with a bar that tells the part of them that was won so far."""
    from tqdm import tqdm
    seen = []
    with tqdm(total=total, desc=name, unit=unit, file=sys.stderr) as bar:
        for outcome in outcomes:
            seen.append(outcome)
            bar.update()
            bar.set_postfix_str(f'success {sum(map(won, seen)) / len(seen):.2f}')
    return seen


def baselines_of(model: Path, known: Sequence[str], asked: Sequence[str] | None) -> Sequence[str]:
    """
    Return the baselines that are asked for, or all known that can be made of a bundle.

    ValueError where one that is asked for cannot, as of networks of one's own.
    """
    from jepa_ros.engines.manifest import load_manifest
    raw = load_manifest(model).raw
    lacks = {name: key for name, key, within in (
        ('untrained', 'networks', raw), ('latent_distance', 'latent_distance', raw['arrival']))
        if key not in within}
    if asked is None:
        return [name for name in known if name not in lacks]
    for name in asked:
        if name in lacks:
            raise ValueError(f'{model}: no baseline {name}: its manifest has no {lacks[name]!r}')
    return asked


def untrained(model: Path, folder: Path) -> Path:
    """Write a bundle of a model's sizes with random weights to a folder; return the folder."""
    from jepa_ros.engines.manifest import load_manifest
    from jepa_ros.learning.baseline import untrained_bundle
    untrained_bundle(load_manifest(model), folder)
    return folder
