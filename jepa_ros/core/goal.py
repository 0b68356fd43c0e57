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

"""What a picture is as a goal: what is seen there by a robot at rest."""

from jepa_ros.core.monitor import judge_finite
from jepa_ros.core.proprioception import latent_of
from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import Array, Image

# Grey levels: a covered lens or an empty picture spreads less, and any place looks like it.
_LEAST_CONTENT_STD = 2.0


def goal_latent(model: WorldModel, picture: Image) -> Array:
    """
    Return what a picture of the model's size is as a goal, (L, D).

    ValueError where almost nothing is in it, or where its latent is not finite.
    """
    content = float(picture.std(axis=(0, 1)).max())
    if content < _LEAST_CONTENT_STD:
        raise ValueError(f'goal picture is almost constant: its standard deviation is '
                         f'{content:.2f} grey levels, at least {_LEAST_CONTENT_STD:.2f}')
    z = latent_of(model.encode(picture), None, model.spec)
    verdict = judge_finite('goal latent', z)
    if not verdict.ok:
        raise ValueError(verdict.reason)
    return z
