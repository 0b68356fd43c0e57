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


"""The critic as a map of the simulated floor, where a camera can be shown any place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from jepa_ros.engines.networks import Networks


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


@torch.no_grad()
def draw_maps(axes_row: Sequence[Any], networks: Networks, view: FloorView) -> None:
    """Draw the cost-to-go from everywhere to each goal; the robot stands still at each place."""
    places, headings = view.frames.shape[:2]
    history, felt = networks.config.history, len(networks.config.proprioception_scale)

    def latents(frames: np.ndarray) -> torch.Tensor:
        encoded = networks.encoder(torch.from_numpy(frames))[:, 0]
        return networks.with_proprioception(encoded, torch.zeros(len(frames), felt))

    z = latents(view.frames.reshape(-1, *view.frames.shape[2:]))
    window = z[:, None].expand(-1, history, -1)  # it stood there before, too
    for axes, goal, (x, y), picture in zip(axes_row, latents(view.goals), view.goal_places,
                                           view.goals, strict=False):
        cost = networks.critic(window, goal.expand_as(z)).view(places, headings).mean(dim=1)
        m = view.half_m
        axes.imshow(picture, extent=(-m, m, -m, m), alpha=0.55)
        dots = axes.scatter(*view.places.T, c=cost.numpy(), s=24, cmap='viridis_r', marker='s')
        axes.plot(x, y, 'r*', markersize=14)
        axes.set(title='Cost-to-go (blocks) to the star', xticks=[], yticks=[])
        axes.figure.colorbar(dots, ax=axes, fraction=0.046)
