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

"""Send one goal picture: from a file, or of a random free place in the simulated warehouse."""

from collections.abc import Callable
from pathlib import Path
import sys
import threading

import numpy as np
from rclpy.duration import Duration
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from jepa_ros.ros import params, qos
from jepa_ros.ros.convert import from_rgb, to_rgb
from jepa_ros.ros.process import run, STEADY, steady_s

TABLE = (
    params.Entry('image', '', 'path', 'a JPEG or PNG, taken by the camera that the planner uses'),
    params.Entry('random', False, 'bool', 'render a random free place of the warehouse instead'),
    params.Entry('camera', 'ceiling', 'name', 'random: ceiling, which sees all of it, or front, '
                 'which sees places within 2 m of where the robot starts'),
    params.Entry('seed', 0, 'count', "the simulator's seed", 0, 2**31 - 1),
    params.Entry('appearance', 0.5, 'fraction', "the simulator's appearance", 0.0, 1.0),
    params.Entry('place_seed', 0, 'count', 'which of the random places', 0, 2**31 - 1),
)
# who only looks on, as jepa watch and recorders do, may be met before the planner is
_SETTLE_S = 1.0
_ACKED_S = 5.0


def picture_from_file(path: str) -> np.ndarray:
    """Return a JPEG or PNG as (height, width, 3) uint8 RGB; OSError or ValueError says why not."""
    data = Path(path).expanduser().read_bytes()
    return to_rgb(CompressedImage(format=Path(path).suffix.lstrip('.'), data=data))


def picture_of_random_place(seed: int, appearance: float, place_seed: int,
                            camera: str = 'ceiling') -> np.ndarray:
    """
    Return what a camera would see with the robot at a random free place.

    The front camera's are places that it sees from where the simulated robot starts, and that are
    near enough for a model to know the way by.
    """
    # only here: a robot that is sent a file has no simulator
    from jepa_ros.ros.simulator_node import CAMERAS
    from jepa_ros.sim.tasks import task_from_here
    from jepa_ros.sim.world import Pose, World, WorldConfig
    if camera not in CAMERAS:
        raise ValueError(f'camera is {camera!r}, must be one of {", ".join(CAMERAS)}')
    world, rng = World(WorldConfig(appearance=appearance), seed), np.random.default_rng(place_seed)
    try:
        pose = (Pose(*world.floor.sample_pose(rng)) if camera == 'ceiling'
                else task_from_here(world, seed, rng, camera).goal)
        return world.render_at(pose, camera)
    finally:
        world.close()


class GoalSender(Node):
    """Publish the goal once all have been met who listen, see it acknowledged, and end."""

    def __init__(self, done: Callable[[], None]) -> None:
        super().__init__('goal_sender')
        self._done = done
        params.declare(self, TABLE)
        values = params.values(self, TABLE)
        if bool(values['image']) == values['random']:
            raise ValueError(f'give either image or random:=true, got image {values["image"]!r} '
                             f'and random {values["random"]}')
        self._picture = picture_from_file(values['image']) if values['image'] else (
            picture_of_random_place(values['seed'], values['appearance'], values['place_seed'],
                                    values['camera']))
        self._goal = self.create_publisher(Image, 'goal_image', qos.RELIABLE)
        self._met = (0, steady_s())         # how many listen, and since when
        self._timer = self.create_timer(0.1, self._send, clock=STEADY)

    def _send(self) -> None:
        count = self._goal.get_subscription_count()
        if count != self._met[0]:
            self._met = (count, steady_s())
        if not count:
            self.get_logger().info('waiting for a planner', throttle_duration_sec=2.0)
        if not count or steady_s() - self._met[1] < _SETTLE_S:
            return
        self._timer.cancel()
        stamp = self.get_clock().now().to_msg()
        self._goal.publish(from_rgb(self._picture, Header(stamp=stamp)))
        height, width, _ = self._picture.shape
        if self._goal.wait_for_all_acked(Duration(seconds=_ACKED_S)):
            self.get_logger().info(f'goal sent, {width}x{height}')
        else:
            self.get_logger().warning(
                f'goal sent, {width}x{height}; not all {count} that listen have acknowledged it '
                f'in {_ACKED_S:g} s')
        self._done()

    def close(self) -> None:
        """Nothing is owed to anyone."""


def main() -> int:
    """Send the goal; return 0 when a planner has it, or on SIGINT and SIGTERM."""
    done = threading.Event()
    return run(lambda: GoalSender(done.set), until=done)


if __name__ == '__main__':
    sys.exit(main())
