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

"""Bags become arrays on disk, once: read, aligned, decoded, cut into episodes, cached."""

from collections.abc import Sequence
from dataclasses import asdict
import math
from pathlib import Path
import sys
from typing import Any

import numpy as np

from jepa_ros.bags.align import align, Rows
from jepa_ros.bags.cache import EpisodeCache
from jepa_ros.bags.decode import decode, FrameFile
from jepa_ros.bags.episodes import check_enough, cut, Episode
from jepa_ros.bags.fingerprint import fingerprint, Memory, size_bytes
from jepa_ros.bags.odometry import NAMES
from jepa_ros.bags.reader import opened
from jepa_ros.bags.scan import Recording, scan
from jepa_ros.bags.settings import BagSettings

# of the entries; another way to make them is another number
FORMAT = 4
PARTS = ('training', 'held_out')
_BATCH_ROWS = 256


def bags_to_arrays(bags: Sequence[Path], settings: BagSettings,
                   cache_folder: Path | None = None) -> tuple[Path, dict[str, Any]]:
    """
    Return (folder, table): frames and numbers of bags as arrays, and what they are.

    The folder has ``training_frames.npy`` and ``held_out_frames.npy`` (N, h, w, 3) uint8, and
    ``training.npz`` and ``held_out.npz`` with actions, poses, first, last and proprioception.  It
    is in the user's cache, and made only where it is not there yet.  ValueError says what is
    wrong with a bag, in one line.
    """
    from tqdm import tqdm

    if not bags:
        raise ValueError('name at least one bag: --bag BAG')
    for bag in bags:
        with opened(bag):
            pass        # says what is wrong before anything is read
    cache = EpisodeCache(cache_folder)
    memory = Memory(cache.folder / 'digests.json')
    with tqdm(total=sum(map(size_bytes, bags)), desc='checking bags', unit='B', unit_scale=True,
              file=sys.stderr, leave=False) as bar:
        digests = [fingerprint(bag, memory, bar.update) for bag in bags]
    memory.keep()
    check_different(bags, digests)
    key = {'format': FORMAT, 'settings': asdict(settings),
           'bags': [[bag.resolve().name, digest]
                    for bag, digest in zip(bags, digests, strict=True)]}
    table = cache.load(key)
    if table is None:
        with cache.made(key) as (folder, table):
            table.update(_make(bags, settings, folder, cache))
    return cache.path(key), table


def check_different(bags: Sequence[Path], digests: list[str]) -> None:
    """Refuse a bag that is there twice: what is held out would be trained on."""
    seen: dict[str, Path] = {}
    for bag, digest in zip(bags, digests, strict=True):
        if digest in seen:
            raise ValueError(f'{bag} has the same content as {seen[digest]}; name each bag once')
        seen[digest] = bag


def read_all(bags: Sequence[Path], settings: BagSettings) -> list[Recording]:
    """Scan bags; ValueError where no picture of one can be read."""
    from tqdm import tqdm

    found = []
    with tqdm(desc='reading', unit=' messages', file=sys.stderr) as bar:
        for bag in bags:
            recording = scan(bag, settings, bar.update)
            check_samples(recording)
            found.append(recording)
    return found


def check_samples(recording: Recording) -> None:
    """Refuse a bag of whose sampled pictures none can be read; ValueError says why."""
    if recording.samples and all(sample.error for sample in recording.samples):
        first = recording.samples[0]
        raise ValueError(f'{recording.bag}, picture {first.number} of {recording.image}: '
                         f'{first.error}')


def _make(bags: Sequence[Path], settings: BagSettings, folder: Path, cache: EpisodeCache
          ) -> dict[str, Any]:
    """Fill the folder of an entry; return what it holds."""
    from tqdm import tqdm

    recordings = read_all(bags, settings)
    rows = align(recordings, settings)
    check_enough(cut(list(rows.runs), rows.times_ns)[0])
    # once as they are decoded, and once more as they are trained on
    cache.check_room(2 * len(rows.number) * settings.height * settings.width * 3)
    path = folder / 'rows.npy'
    with (FrameFile(path, len(rows.number), settings.height, settings.width) as file,
          tqdm(total=len(rows.number), desc='decoding', unit=' frames', file=sys.stderr) as bar):
        bad = decode(recordings, rows, settings, file, bar.update)
    episodes, short = cut(without(rows.runs, bad), rows.times_ns)
    check_enough(episodes)
    frames = np.load(path, mmap_mode='r', allow_pickle=False)
    for part in PARTS:
        chosen = [episode for episode in episodes if episode.held_out == (part == 'held_out')]
        _write(folder, part, chosen, frames, rows, settings)
    del frames
    path.unlink()
    return about(recordings, rows, episodes, short, len(bad), settings)


def without(runs: Sequence[tuple[int, int]], bad: list[int]) -> list[tuple[int, int]]:
    """Return runs of rows with some rows taken out, which part what was a run."""
    found = []
    for first, last in runs:
        for row in [b for b in bad if first <= b <= last]:
            if row > first:
                found.append((first, row - 1))
            first = row + 1
        if first <= last:
            found.append((first, last))
    return found


def _write(folder: Path, part: str, episodes: list[Episode], frames: np.ndarray, rows: Rows,
           settings: BagSettings) -> None:
    """Write the frames and the numbers of some episodes, one after another."""
    count = sum(len(episode) for episode in episodes)
    columns: dict[str, list[np.ndarray]] = {
        name: [] for name in ('actions', 'poses', 'first', 'last', 'proprioception', 'drive')}
    at = 0
    with FrameFile(folder / f'{part}_frames.npy', count, settings.height, settings.width) as file:
        for episode in episodes:
            n, chosen = len(episode), slice(episode.first, episode.last + 1)
            for i in range(0, n, _BATCH_ROWS):
                begin = episode.first + i
                file.write(at + i, frames[begin:min(begin + _BATCH_ROWS, episode.last + 1)])
            actions = rows.actions[chosen].astype(np.float32)
            actions[-1] = 0.0
            felt = rows.odometry[chosen, :len(NAMES) if settings.odom else 0]
            for name, values in (('actions', actions), ('first', np.full(n, at)),
                                 ('last', np.full(n, at + n - 1)), ('drive', rows.bag[chosen]),
                                 ('poses', rows.odometry[chosen, 2:].astype(np.float32)),
                                 ('proprioception', felt.astype(np.float32))):
                columns[name].append(values)
            at += n
    np.savez(folder / f'{part}.npz', **{name: np.concatenate(values)
                                        for name, values in columns.items()})


def about(recordings: list[Recording], rows: Rows, episodes: list[Episode], short: int,
          unreadable: int, settings: BagSettings) -> dict[str, Any]:
    """Return what is known of the data, as JSON takes it."""
    first = recordings[0]
    return {
        'source': 'bags',
        'bags': [recording.bag.resolve().name for recording in recordings],
        'topics': {'image': first.image, 'action': first.action, 'odom': first.odom},
        'action': {'names': list(rows.names), 'units': list(rows.units), 'low': list(rows.low),
                   'high': list(rows.high), 'period_s': rows.period_s, 'delay_s': 0.0},
        'proprioception': list(NAMES) if settings.odom else [],
        'image': {'height': settings.height, 'width': settings.width,
                  'region': list(settings.region)},
        'hold_s': rows.hold_s if math.isfinite(rows.hold_s) else None,
        'camera_interval_s': rows.interval_s,
        'frames': sum(len(episode) for episode in episodes),
        'held_out_frames': sum(len(e) for e in episodes if e.held_out),
        'episodes': len(episodes),
        'held_out_episodes': sum(e.held_out for e in episodes),
        'noted': {what: number for what, number in (
            *rows.counts.items(), ('runs that are too short', short),
            ('pictures that cannot be read', unreadable)) if number and what != 'frames'},
    }
