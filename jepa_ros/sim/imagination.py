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

"""Where on the floor a predicted latent would be: the known place whose latent is nearest."""

import math

import numpy as np

from jepa_ros.core.preprocess import to_model_image
from jepa_ros.core.world_model import WorldModel
from jepa_ros.sim.world import Pose, World

SPACING_M = 0.2
HEADINGS = {'ceiling': 6, 'front': 12}     # a turn changes all that a front camera sees
NEAR_M = 0.8


def places_of(world: World, model: WorldModel, latents: np.ndarray, path: np.ndarray,
              camera: str = 'ceiling') -> np.ndarray:
    """
    Return the floor points (M, 2), in m, that latents (M, D) look most like.

    Only for the eye: what the ``camera`` sees at places near the ``path`` (N, 2) is rendered and
    encoded, and a latent gets the mean of the three nearest.  Proprioception is left out.
    """
    if not len(latents) or not len(path):
        return np.zeros((0, 2))
    spec = model.spec
    grid = np.arange(-1.8, 1.81, SPACING_M)
    places, known = [], []
    for x in grid:
        for y in grid:
            if not world.floor.fits(x, y) or np.hypot(*(path - (x, y)).T).min() > NEAR_M:
                continue
            for yaw in np.arange(HEADINGS[camera]) * 2 * math.pi / HEADINGS[camera]:
                picture = to_model_image(world.render_at(Pose(x, y, yaw), camera),
                                         spec.image_height, spec.image_width)
                places.append((x, y))
                known.append(model.encode(picture).ravel())
    seen = latents.reshape(len(latents), spec.tokens, spec.width)[..., :spec.encoded_width]
    distances = np.square(seen.reshape(len(latents), 1, -1) - np.array(known)[None]
                          ).sum(axis=-1)  # (M, P)
    nearest = np.argsort(distances, axis=1)[:, :3]
    return np.asarray(np.array(places)[nearest].mean(axis=1))
