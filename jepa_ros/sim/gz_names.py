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

"""What the Gazebo world, its bridge and our nodes call things, as in the simulator node."""

from dataclasses import dataclass

WORLD = 'warehouse'
ROBOT = 'robot'
BASE_FRAME = 'base_link'
ODOM_FRAME = 'odom'

CMD_VEL = 'cmd_vel'
ODOM = 'odom'
TF = 'tf'
CLOCK = 'clock'
JOINT_STATES = 'joint_states'

ODOM_RATE_HZ = 50.0
CAMERA_RATE_HZ = 12.5
# grey levels; a camera that repeats a picture bit for bit counts as frozen
CAMERA_NOISE = 1.0


@dataclass(frozen=True)
class Camera:
    """A camera of MuJoCo's world: the prefix of its topics, and the frame in its headers."""

    name: str
    prefix: str
    frame: str

    @property
    def image(self) -> str:
        """Return the topic of its pictures."""
        return f'{self.prefix}/image_raw'

    @property
    def info(self) -> str:
        """Return the topic of its intrinsics."""
        return f'{self.prefix}/camera_info'


CAMERAS = (Camera('ceiling', 'camera', 'ceiling_camera'),
           Camera('front', 'front_camera', 'front_camera'))
