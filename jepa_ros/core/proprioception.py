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

"""What a robot feels of itself, beside what it sees: the last P numbers of a latent."""

import numpy as np

from jepa_ros.types import Array, ModelSpec


def latent_of(encoded: Array, proprioception: Array | None, spec: ModelSpec) -> Array:
    """
    Return the latent z (L, D) of what the encoder made (L, D - P), and of proprioception (P,).

    None stands for a robot at rest: all zero.  ValueError where P is another.
    """
    if spec.proprioception is None:
        return encoded
    names = spec.proprioception.names
    felt = np.zeros(len(names), np.float32) if proprioception is None else proprioception
    if felt.shape != (len(names),):
        raise ValueError(f'proprioception has shape {felt.shape}, must be ({len(names)},): '
                         f'{", ".join(names)}')
    scaled = (felt / np.asarray(spec.proprioception.scale)).astype(np.float32)
    return np.concatenate([encoded, np.tile(scaled, (len(encoded), 1))], axis=1)
