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


"""What the report measures of a trained model on episodes that it never saw."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.data import (
    Actions,
    blocks_at,
    blocks_before,
    Episodes,
    known_poses,
    rows_before,
)
from jepa_ros.learning.latents import Latents
from jepa_ros.learning.metrics import (
    effective_rank,
    errors_by_horizon,
    motion,
    pose_targets,
    probe_r2,
)
from jepa_ros.learning.places import false_places
from jepa_ros.learning.report_curves import by_distance, by_steps, Curve

PROBES = ('x', 'y', 'cos yaw', 'sin yaw')
# of the frames that were trained on
_MOMENTS = 4000


@dataclass(frozen=True)
class Subject:
    """
    A trained model, an untrained control of the same sizes, and the data they are looked at with.

    ``latents`` are those of the held-out episodes, ``training_latents`` (N, D) and
    ``control_latents`` (M, D) the training frames and the held-out frames as recorded.
    """

    name: str
    run_folder: Path
    networks: Networks
    control: Networks
    training: Episodes
    held_out: Episodes
    actions: Actions
    training_latents: Tensor
    latents: Latents
    control_latents: Tensor
    arrival_cost: float


@dataclass(frozen=True)
class Measures:
    """
    The figures of a report; errors are squared, per dimension and divided by latent variance.

    ``surprise`` (R,) holds the one-block error of held-out frames, undivided; ``wrong_frame`` is
    its median where another frame than the true one comes; ``wrong_actions`` by how much the
    one-block error grows where another moment's actions are told.  ``coverage`` (A,) is the part
    of each action's range that the data visits, ``still`` the part of time without motion.
    ``predicted``, ``copied`` and ``untrained`` (H,) are of held-out frames, ``learnt`` (H,) is
    ``predicted`` of frames that were trained on, over what copy-last has there.
    ``false_places`` is the share of frames counting as arrived that are elsewhere, where odometry
    tells.
    """

    rank: float
    std: np.ndarray
    predicted: np.ndarray
    learnt: np.ndarray
    copied: np.ndarray
    untrained: np.ndarray
    surprise: np.ndarray
    wrong_frame: float
    wrong_actions: float
    steps_ahead: Curve
    distance: Curve | None
    false_places: float | None
    probe: np.ndarray | None
    minutes: float
    episodes: int
    coverage: np.ndarray
    still: float

    def figures(self) -> dict[str, Any]:
        """Return all of it as numbers for JSON."""
        quantiles = np.quantile(self.surprise, [0.5, 0.95, 0.99, 0.999])
        return {
            'effective_rank': self.rank, 'std_min': float(self.std.min()),
            'std_max': float(self.std.max()),
            'probe_r2': None if self.probe is None else dict(
                zip(PROBES, self.probe.tolist(), strict=True)),
            'error_by_horizon': {'predicted': self.predicted.tolist(),
                                 'of_training_over_copy_last': self.learnt.tolist(),
                                 'copy_last': self.copied.tolist(),
                                 'untrained': self.untrained.tolist()},
            'surprise': dict(zip(('p50', 'p95', 'p99', 'p999'), quantiles.tolist(), strict=True)),
            'surprise_of_a_wrong_frame': self.wrong_frame,
            'error_with_wrong_actions': self.wrong_actions,
            'critic_order': {'steps': self.steps_ahead.order,
                             'distance': self.distance and self.distance.order},
            'false_places': self.false_places, 'minutes': self.minutes, 'episodes': self.episodes,
            'action_coverage': self.coverage.tolist(), 'still': self.still}


@torch.no_grad()
def measure(subject: Subject) -> Measures:
    """Measure a model on its held-out episodes; needs no poses, and uses them where known."""
    networks, held_out = subject.networks, subject.held_out
    config, z = networks.config, subject.latents.clean
    encoded = z[:, :config.encoded_width].numpy()
    predicted, copied = errors_by_horizon(networks, held_out, z, config.horizon)
    known, stood = errors_by_horizon(networks, subject.training, subject.training_latents,
                                     config.horizon, _MOMENTS)
    untrained, _ = errors_by_horizon(subject.control, held_out, subject.control_latents,
                                     config.horizon)
    later = held_out.starts(config.block, config.history, after=config.block) + config.block
    expected = subject.latents.predicted[later, 0]
    other = later[np.random.default_rng(1).permutation(len(later))]
    poses = known_poses(held_out)
    coverage, still = action_coverage(subject.training, subject.actions)
    return Measures(
        effective_rank(encoded), encoded.std(axis=0), predicted,
        known / np.maximum(stood, 1e-12), copied, untrained,
        (expected - z[later]).square().mean(dim=1).numpy(),
        (expected - z[other]).square().mean(dim=1).median().item(),
        _wrong_actions(networks, held_out, z), by_steps(networks, held_out, z),
        by_distance(networks, held_out, z) if len(poses) > 100 else None,
        false_places(networks, held_out, z, subject.arrival_cost),
        _probe(subject) if len(poses) > 100 and one_frame(subject.training) else None,
        len(subject.training) * subject.actions.period_s / 60,
        len(np.unique(subject.training.first)), coverage, still)


def action_coverage(episodes: Episodes, actions: Actions) -> tuple[np.ndarray, float]:
    """
    Return the part of each action's range that is visited (A,), and the part of time at rest.

    A tenth of the range counts as visited where at least one action in 500 lies in it.
    """
    rows = episodes.rows(before=0, after=1)
    low, high = np.array(actions.low), np.array(actions.high)
    share = (episodes.actions[rows] - low) / (high - low)  # (N, A)
    tenth = np.clip((share * 10).astype(int), 0, 9)
    counts = np.stack([np.bincount(column, minlength=10) for column in tenth.T])
    still = (motion(episodes, actions.low, actions.high, actions.units)[rows] < 0.02).all(axis=1)
    return (counts >= len(rows) / 500).mean(axis=1), float(still.mean())


def _wrong_actions(networks: Networks, episodes: Episodes, z: Tensor) -> float:
    """Return the one-block error with the actions of other moments, as a multiple of the true."""
    block, history = networks.config.block, networks.config.history
    rows = episodes.starts(block, history, after=block)
    other = rows[np.random.default_rng(2).permutation(len(rows))]
    seen = z[rows_before(episodes, rows, block, history)]
    before = blocks_before(episodes, rows, block, history)
    errors = [(networks.predictor(seen, before, blocks_at(episodes, of, block))
               - z[rows + block]).square().mean().item() for of in (rows, other)]
    return errors[1] / max(errors[0], 1e-12)


def one_frame(episodes: Episodes) -> bool:
    """
    Say whether all poses are surely on one plane.

    Those of a simulator are, whose episodes are drives of their own; odometry begins anew with
    each drive.
    """
    return len(np.unique(episodes.drive)) == 1 or bool((episodes.drive == episodes.first).all())


def _probe(subject: Subject) -> np.ndarray:
    """Return R^2 (4,) of a linear map from latents to the pose, fitted on training frames."""
    rows, test = known_poses(subject.training), known_poses(subject.held_out)
    return probe_r2(subject.training_latents[rows].numpy(),
                    pose_targets(subject.training.poses[rows]),
                    subject.latents.clean[test].numpy(),
                    pose_targets(subject.held_out.poses[test]))
