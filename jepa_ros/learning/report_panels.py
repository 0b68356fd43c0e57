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


"""The plots of the report, one function each."""

from pathlib import Path
from typing import Any

import numpy as np

from jepa_ros.learning.data import known_poses
from jepa_ros.learning.report_curves import Curve
from jepa_ros.learning.report_measures import Measures, one_frame, PROBES, Subject
from jepa_ros.learning.run import read_metrics

_DOTS = 4000


def smooth(values: np.ndarray, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return about ``count`` steps and the means of the values from each to the next."""
    size = max(1, len(values) // count)
    n = len(values) // size * size
    return np.arange(0, n, size), values[:n].reshape(-1, size).mean(axis=1)


def losses(axes: Any, folder: Path) -> None:
    """Draw the losses beside what copying the last latent would cost, and what is new beside."""
    rows = read_metrics(folder, 'world_model')
    for key in ('next_latent', 'rollout', 'copy_last', 'sigreg'):
        axes.plot(*smooth(np.array([r[key] for r in rows])), label=key.replace('_', ' '))
    told = [r for r in rows if 'error_held_out' in r]
    for key, style, label in (('error_held_out', 'k.-', 'held out, over copy-last'),
                              ('error_trained', 'k.:', 'trained on, over copy-last')):
        if told:
            axes.plot([r['step'] for r in told], [r[key] for r in told], style, linewidth=0.8,
                      markersize=3, label=label)
    axes.set_yscale('log')
    axes.set(title='World model losses', xlabel='step')
    axes.legend(fontsize=7)


def spread_while_training(axes: Any, folder: Path) -> None:
    """Draw effective rank and the median std of the batches; nothing where none was trained."""
    rows = [r for r in read_metrics(folder, 'world_model') if 'rank' in r]
    axes.set(title='Spread of the latents in training', xlabel='step')
    if not rows:
        axes.text(0.5, 0.5, 'encoder not trained', ha='center', transform=axes.transAxes)
        return
    axes.plot(*smooth(np.array([r['rank'] for r in rows])), label='effective rank')
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=7, loc='lower left')
    other = axes.twinx()
    other.plot(*smooth(np.array([r['std_median'] for r in rows])), color='tab:orange',
               label='median std')
    other.set_ylim(bottom=0)
    other.legend(fontsize=7, loc='lower right')


def critic_loss(axes: Any, folder: Path) -> None:
    """Draw the critic's loss."""
    rows = read_metrics(folder, 'critic')
    axes.plot(*smooth(np.array([r['critic_loss'] for r in rows])), color='tab:red')
    axes.set_yscale('log')
    axes.set(title='Critic loss', xlabel='step')


def stds(axes: Any, m: Measures) -> None:
    """Draw the standard deviation of every dimension on held-out frames."""
    axes.bar(np.arange(len(m.std)), np.sort(m.std)[::-1])
    axes.axhline(1.0, color='black', linewidth=0.8)
    axes.set(title=f'Std of dimensions; effective rank {m.rank:.1f} of {len(m.std)}',
             xlabel='dimension, sorted')


def horizon(axes: Any, m: Measures) -> None:
    """Draw the error against how far the model looks ahead, with its baselines."""
    h = np.arange(1, len(m.predicted) + 1)
    for values, label, style in ((m.predicted, 'trained', 'o-'), (m.copied, 'copy-last', 's--'),
                                 (m.untrained, 'untrained control', '^:')):
        axes.plot(h, values, style, label=label)
    axes.set_yscale('log')
    axes.set(title='Prediction error / latent variance', xlabel='blocks ahead')
    axes.legend(fontsize=7)


def surprise(axes: Any, m: Measures) -> None:
    """Draw which part of held-out frames surprises more than so much."""
    values = np.sort(m.surprise)
    axes.plot(values, 1.0 - np.arange(len(values)) / len(values))
    for q, name in ((0.5, 'p50'), (0.95, 'p95'), (0.99, 'p99')):
        value = np.quantile(values, q)
        axes.plot(value, 1.0 - q, 'o', label=f'{name} {value:.3g}')
    axes.axvline(m.wrong_frame, color='black', linestyle='--', label='a wrong frame, median')
    axes.set_xscale('log')
    axes.set_yscale('log')
    axes.set(title='Surprise of held-out frames', xlabel='one-block error', ylabel='part above')
    axes.legend(fontsize=7)


def cost_curve(axes: Any, curve: Curve) -> None:
    """Draw the critic's cost against the way, or against how much later it was seen."""
    axes.fill_between(curve.x, curve.low, curve.high, alpha=0.25)
    axes.plot(curve.x, curve.middle, 'o-')
    what = 'distance' if curve.unit == 'm' else 'time'
    axes.set(title=f'Cost-to-go by {what} (p10, p50, p90)', xlabel=curve.unit,
             ylabel='blocks')


def probe(axes: Any, values: np.ndarray) -> None:
    """Draw how well a linear map reads the pose from latents."""
    axes.bar(PROBES, np.clip(values, 0, 1))
    axes.set(title='Linear probe, R² on held-out episodes', ylim=(0, 1.1))
    for i, value in enumerate(values):
        axes.text(i, max(float(value), 0.02), f'{value:.2f}', ha='center', va='bottom')


def latent_map(axes: Any, subject: Subject) -> str:
    """Draw the two main directions of the latents; return what their colour says."""
    z = subject.latents.clean[:, :subject.networks.config.encoded_width].numpy()
    held_out, poses = subject.held_out, known_poses(subject.held_out)
    placed = len(poses) > 100 and one_frame(held_out)
    rows = poses if placed else np.arange(len(held_out))
    rows = np.random.default_rng(0).choice(rows, min(_DOTS, len(rows)), replace=False)
    _, _, directions = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)
    dots = (z[rows] - z.mean(axis=0)) @ directions[:2].T
    if placed:
        x, y = held_out.poses[rows, :2].T
        red, blue = ((v - v.min()) / max(float(np.ptp(v)), 1e-9) for v in (x, y))
        colour, said = np.stack([red, np.full_like(red, 0.35), blue], axis=1), 'x red, y blue'
    else:
        first, last = held_out.first[rows], held_out.last[rows]
        colour, said = (rows - first) / np.maximum(last - first, 1), 'time in the episode'
    axes.scatter(*dots.T, c=colour, s=4, cmap='viridis' if colour.ndim == 1 else None)
    axes.set(title=f'Latents, main directions; colour: {said}', xticks=[], yticks=[])
    return said


def action_histogram(axes: Any, subject: Subject) -> None:
    """Draw how often each action was commanded, over its range."""
    rows = subject.training.rows(before=0, after=1)
    for i, (name, low, high) in enumerate(zip(subject.actions.names, subject.actions.low,
                                              subject.actions.high, strict=True)):
        share = (subject.training.actions[rows, i] - low) / (high - low)
        counts, edges = np.histogram(np.clip(share, 0, 1), bins=20, range=(0, 1))
        axes.stairs(counts / len(rows), edges, label=f'{name}: {low:g} to {high:g}')
    axes.set(title='Actions of the data, over their range', xlabel='low to high',
             ylabel='part of the time')
    axes.legend(fontsize=7)
