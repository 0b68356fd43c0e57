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

"""One picture that tells whether a model is fit to drive."""

from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
import numpy as np
import torch

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.critic import Latents
from jepa_ros.learning.data import Episodes
from jepa_ros.learning.metrics import effective_rank, errors_by_horizon, pose_targets, probe_r2
from jepa_ros.learning.run import read_metrics


@dataclass(frozen=True)
class FloorView:
    """
    What the camera sees with the robot at known places, to draw the critic as a map.

    ``frames`` (P, R, h, w, 3): P places in R headings; ``places`` (P, 2) in m; ``goals``
    (G, h, w, 3) with ``goal_places`` (G, 2); ``half_m`` is half the width of the floor.
    """

    frames: np.ndarray
    places: np.ndarray
    goals: np.ndarray
    goal_places: np.ndarray
    half_m: float


def _smooth(values: np.ndarray, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    size = max(1, len(values) // count)
    n = len(values) // size * size
    return np.arange(0, n, size), values[:n].reshape(-1, size).mean(axis=1)


def _losses(axes, folder: Path) -> None:
    rows = read_metrics(folder, 'world_model')
    for key in ('next_latent', 'rollout', 'copy_last', 'sigreg'):
        axes.plot(*_smooth(np.array([r[key] for r in rows])), label=key.replace('_', ' '))
    axes.set_yscale('log')
    axes.set(title='World model losses', xlabel='step')
    axes.legend(fontsize=7)


def _critic_loss(axes, folder: Path) -> None:
    rows = read_metrics(folder, 'critic')
    axes.plot(*_smooth(np.array([r['critic_loss'] for r in rows])), color='tab:red')
    axes.set_yscale('log')
    axes.set(title='Critic loss', xlabel='step')


def _horizon(axes, trained: Networks, control: Networks, held_out: Episodes, z: torch.Tensor,
             z_control: torch.Tensor, horizon: int) -> dict[str, list[float]]:
    predicted, copied = errors_by_horizon(trained, held_out, z, horizon)
    untrained, _ = errors_by_horizon(control, held_out, z_control, horizon)
    h = np.arange(1, horizon + 1)
    for values, label, style in ((predicted, 'trained', 'o-'), (copied, 'copy-last', 's--'),
                                 (untrained, 'untrained control', '^:')):
        axes.plot(h, values, style, label=label)
    axes.set_yscale('log')
    axes.set(title='Prediction error / latent variance', xlabel='blocks ahead')
    axes.legend(fontsize=7)
    return {'predicted': predicted.tolist(), 'copy_last': copied.tolist(),
            'untrained': untrained.tolist()}


def _monotone(axes, networks: Networks, held_out: Episodes, z: torch.Tensor) -> None:
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(held_out), 6000)
    goals = rng.integers(held_out.first[rows], held_out.last[rows] + 1)
    with torch.no_grad():
        cost = networks.critic(z[rows], z[goals]).numpy()
    distance = np.hypot(*(held_out.poses[rows, :2] - held_out.poses[goals, :2]).T)
    edges = np.linspace(0, 3.5, 15)
    bins = np.digitize(distance, edges)
    x, low, mid, high = [], [], [], []
    for b in range(1, len(edges)):
        inside = cost[bins == b]
        if len(inside) > 20:
            x.append((edges[b - 1] + edges[b]) / 2)
            for out, q in ((low, 10), (mid, 50), (high, 90)):
                out.append(np.percentile(inside, q))
    axes.fill_between(x, low, high, alpha=0.25)
    axes.plot(x, mid, 'o-')
    axes.set(title='Cost-to-go against distance (p10, p50, p90)', xlabel='m', ylabel='blocks')


@torch.no_grad()
def _maps(axes_row, networks: Networks, view: FloorView) -> None:
    places, headings = view.frames.shape[:2]
    z = networks.encoder(torch.from_numpy(view.frames.reshape(-1, *view.frames.shape[2:])))[:, 0]
    goals = networks.encoder(torch.from_numpy(view.goals))[:, 0]
    for axes, goal, (x, y), picture in zip(axes_row, goals, view.goal_places, view.goals,
                                           strict=False):
        cost = networks.critic(z, goal.expand_as(z)).view(places, headings).mean(dim=1).numpy()
        m = view.half_m
        axes.imshow(picture, extent=(-m, m, -m, m), alpha=0.55)
        dots = axes.scatter(*view.places.T, c=cost, s=24, cmap='viridis_r', marker='s')
        axes.plot(x, y, 'r*', markersize=14)
        axes.set(title='Cost-to-go (blocks) to the star', xticks=[], yticks=[])
        axes.figure.colorbar(dots, ax=axes, fraction=0.046)


def write_report(path: Path, run_folder: Path, name: str, networks: Networks, control: Networks,
                 training: tuple[Episodes, Latents], held_out: tuple[Episodes, Latents],
                 control_latents: torch.Tensor, view: FloorView) -> dict[str, object]:
    """
    Draw the report of a trained model beside an untrained control; return its figures.

    ``control_latents`` are the held-out frames as the control encodes them.
    """
    z, z_test = training[1].clean.numpy(), held_out[1].clean.numpy()
    figure = Figure(figsize=(17, 8), layout='constrained')
    axes = figure.subplots(2, 4)
    _losses(axes[0, 0], run_folder)
    _critic_loss(axes[1, 0], run_folder)
    errors = _horizon(axes[0, 1], networks, control, held_out[0], held_out[1].clean,
                      control_latents, networks.config.horizon)
    _monotone(axes[1, 1], networks, held_out[0], held_out[1].clean)
    rank, std = effective_rank(z_test), z_test.std(axis=0)
    axes[0, 2].bar(np.arange(len(std)), np.sort(std)[::-1])
    axes[0, 2].axhline(1.0, color='black', linewidth=0.8)
    axes[0, 2].set(title=f'Std of dimensions; effective rank {rank:.1f} of {len(std)}',
                   xlabel='dimension, sorted')
    r2 = probe_r2(z, pose_targets(training[0].poses), z_test, pose_targets(held_out[0].poses))
    labels = ('x', 'y', 'cos yaw', 'sin yaw')
    axes[0, 3].bar(labels, np.clip(r2, 0, 1))
    axes[0, 3].set(title='Linear probe, R² on held-out episodes', ylim=(0, 1.1))
    for i, value in enumerate(r2):
        axes[0, 3].text(i, max(float(value), 0.02), f'{value:.2f}', ha='center', va='bottom')
    _maps((axes[1, 2], axes[1, 3]), networks, view)
    figure.suptitle(f'{name}: {len(training[0])} training frames, {len(held_out[0])} held out')
    figure.savefig(path, dpi=80)
    return {'effective_rank': rank, 'std_min': float(std.min()), 'std_max': float(std.max()),
            'probe_r2': dict(zip(labels, (float(v) for v in r2), strict=True)),
            'error_by_horizon': errors}
