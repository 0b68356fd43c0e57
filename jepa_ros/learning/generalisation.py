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

"""While a world model trains: whether it knows what happens, or only the drives it was shown."""

import numpy as np
import torch

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.data import Episodes, rows_before
from jepa_ros.learning.machine import device_of
from jepa_ros.learning.metrics import errors_at, moments

MOMENTS = 256
_OFTEN = 500  # steps at most from one look to the next
_BATCH = 256


def due(step: int, steps: int) -> bool:
    """Return whether to look after this step, of so many: 20 times or more, and at the end."""
    return (step + 1) % min(_OFTEN, max(10, steps // 20)) == 0 or step + 1 == steps


def known_and_new(networks: Networks, training: Episodes, held_out: Episodes) -> dict[str, float]:
    """
    Return ``error_trained`` and ``error_held_out``: of each, ``error_over_copy`` at the horizon.

    Where the second is far above the first, drives are learnt by heart.  Nothing is returned where
    no episode of one of the two is long enough.
    """
    horizon = networks.config.horizon
    known, new = (error_over_copy(networks, of, horizon) for of in (training, held_out))
    if known is None or new is None:
        return {}
    return {'error_trained': known, 'error_held_out': new}


@torch.no_grad()
def error_over_copy(networks: Networks, episodes: Episodes, horizon: int,
                    most: int = MOMENTS) -> float | None:
    """
    Return the squared error after ``horizon`` blocks over that of copying the last latent.

    Of about ``most`` moments, evenly apart, the same ones each time; None where no episode is
    long enough.  Networks are as they were afterwards, and nothing random is drawn.
    """
    config = networks.config
    rows = moments(episodes, config, horizon, most)
    if not len(rows):
        return None
    training = networks.training
    networks.eval()
    try:
        seen = np.unique(np.concatenate([
            rows_before(episodes, rows, config.block, config.history).ravel(),
            *(rows + config.block * h for h in range(1, horizon + 1))]))
        device = device_of(networks)
        encoded = torch.cat([networks.encoder(episodes.images(part).to(device))[:, 0]
                             for part in np.array_split(seen, -(-len(seen) // _BATCH))])
        felt = torch.from_numpy(episodes.proprioception[seen]).to(device)
        z = torch.zeros(len(episodes), config.width, device=device)
        z[seen] = networks.with_proprioception(encoded, felt)
        predicted, copied = errors_at(networks, episodes, z, rows, horizon)
    finally:
        networks.train(training)
    return float(predicted[-1] / max(float(copied[-1]), 1e-12))
