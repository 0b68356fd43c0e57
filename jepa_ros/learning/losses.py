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


"""What the predictor is to get right, and what of the latents SIGReg sees."""

import torch
from torch import nn, Tensor

from jepa_ros.engines.networks import Networks


def prediction_losses(networks: Networks, latents: Tensor, before: Tensor, blocks: Tensor
                      ) -> tuple[Tensor, Tensor, Tensor]:
    """
    Return (next-latent MSE, rollout MSE, next latents as predicted) of latents (B, T + R, D).

    ``before`` (B, T, K, A) ended at each of the first T latents; ``blocks`` (B, R, K, A) lie
    between the later ones.
    """
    history, length = networks.config.history, blocks.shape[1]
    ended = torch.cat([before, blocks], dim=1)  # (B, T + R, K, A)

    def windows(values: Tensor) -> Tensor:
        return torch.stack([values[:, r:r + history] for r in range(length)], dim=1).flatten(0, 1)

    truth = latents[:, history:]  # (B, R, D)
    predicted = networks.predictor(
        windows(latents), windows(ended), blocks.flatten(0, 1)).view_as(truth)
    one_step = nn.functional.mse_loss(predicted, truth)
    seen = [*latents[:, :history].unbind(1), predicted[:, 0]]
    errors = []
    for r in range(1, length):
        seen.append(networks.predictor(torch.stack(seen[r:], dim=1), ended[:, r:r + history],
                                       blocks[:, r]))
        errors.append(nn.functional.mse_loss(seen[-1], truth[:, r]))
    rollout = torch.stack(errors).mean() if errors else latents.new_zeros(())
    return one_step, rollout, predicted


def centred(latents: Tensor, episodes: int) -> Tensor:
    """
    Take from latents (B, N, D) the mean of their episode; B holds the episodes in order.

    What never changes within an episode (where totes lie, what colour they have) is predicted
    for nothing.  Were SIGReg to see it, latents of such slow features alone would satisfy it and
    the robot would be left out; so it sees only what moves.
    """
    grouped = latents.view(episodes, -1, latents.shape[-1])
    return (grouped - grouped.mean(dim=1, keepdim=True)).view_as(latents)
