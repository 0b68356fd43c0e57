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

"""The warehouse as a ROS robot: wheels in, cameras, odometry and simulated time out."""

import math
import sys
import threading
import time

from geometry_msgs.msg import TransformStamped, Twist, TwistStamped
from nav_msgs.msg import Odometry
import numpy as np
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from jepa_ros.ros import params, qos
from jepa_ros.ros.convert import ENCODINGS, from_rgb
from jepa_ros.ros.messages import from_twist, to_quaternion, to_stamp
from jepa_ros.ros.process import NodeEndsError, run, STEADY
from jepa_ros.sim.noise import Noise
from jepa_ros.sim.world import Pose, World, WorldConfig

try:
    from tf2_msgs.msg import TFMessage
except ImportError:        # not among the wheels for machines without ROS
    TFMessage = None

TABLE = (
    params.Entry('seed', 0, 'count', 'layout, colours, light and start; taken at ~/reset',
                 0, 2**31 - 1),
    params.Entry('appearance', 0.5, 'fraction', 'how far colours and light vary with the seed',
                 0.0, 1.0),
    params.Entry('real_time_factor', 1.0, 's/s', 'simulated seconds in a real one', 0.05, 20.0),
    params.Entry('camera_rate_hz', 12.5, 'Hz', 'frames in a simulated second, each camera',
                 1.0, 50.0),
    params.Entry('image_width_px', 640, 'px', 'width of the pictures of both cameras', 16, 4096),
    params.Entry('image_height_px', 480, 'px', 'height of the pictures; the vertical field of '
                 'view is the same at any', 16, 4096),
    params.Entry('encoding', 'rgb8', 'name', 'of the pictures: ' + ', '.join(ENCODINGS)),
    params.Entry('noise', 1.0, 'grey levels', 'standard deviation of the noise of the cameras; 0 '
                 'is none', 0.0, 20.0),
    params.Entry('front_camera', True, 'bool', 'publish the camera on the robot too'),
    params.Entry('cmd_timeout_s', 0.3, 's', 'the wheels stop when commands stop for this long',
                 0.05, 10.0),
    params.Entry('stamped', False, 'bool', 'cmd_vel is a TwistStamped'),
    params.Entry('random_start', True, 'bool', 'start at a random free pose of the seed'),
    params.Entry('start_x_m', 0.0, 'm', 'where to start if random_start is false', -2.0, 2.0),
    params.Entry('start_y_m', 0.0, 'm', 'where to start if random_start is false', -2.0, 2.0),
    params.Entry('start_yaw_rad', 0.0, 'rad', 'where to start if random_start is false',
                 -math.pi, math.pi),
)
FIXED = ('appearance', 'camera_rate_hz', 'image_width_px', 'image_height_px', 'encoding', 'noise',
         'front_camera', 'stamped')
CAMERAS = {'ceiling': ('camera', 'ceiling_camera'), 'front': ('front_camera', 'front_camera')}

# One step of simulated time: the period of /clock and of the odometry.
STEP_S = 0.02
# Further behind than this, real time is given up rather than caught up with.
_LATE_S = 0.1


class Camera:
    """The two publishers of a camera; it is rendered only where somebody looks."""

    def __init__(self, node: Node, name: str, encoding: str) -> None:
        self.name, self._encoding = name, encoding
        topic, self._frame_id = CAMERAS[name]
        self._image = node.create_publisher(Image, f'{topic}/image_raw', qos.CAMERA)
        self._info = node.create_publisher(CameraInfo, f'{topic}/camera_info', qos.CAMERA)

    def publish(self, world: World, noise: Noise, now_s: float) -> None:
        """Render and publish what it sees now."""
        header = Header(stamp=to_stamp(now_s), frame_id=self._frame_id)
        if self._image.get_subscription_count():
            self._image.publish(from_rgb(noise.add(world.render(self.name)), header,
                                         self._encoding))
        if self._info.get_subscription_count():
            c = world.intrinsics(self.name)
            self._info.publish(CameraInfo(
                header=header, width=c.width, height=c.height, distortion_model='plumb_bob',
                d=[0.0] * 5, k=[c.fx, 0.0, c.cx, 0.0, c.fy, c.cy, 0.0, 0.0, 1.0],
                r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
                p=[c.fx, 0.0, c.cx, 0.0, 0.0, c.fy, c.cy, 0.0, 0.0, 0.0, 1.0, 0.0]))


class SimulatorNode(Node):
    """
    Step the world at real time in a thread of its own and publish what its sensors see.

    A frame's stamp is the simulated time at which it was rendered.  Its noise is that of a sensor:
    a camera that repeats a picture bit for bit counts as frozen.  Simulated time never goes
    back, not at a reset either.  ``odom`` is the true pose: for reports, not for planning.
    """

    def __init__(self) -> None:
        super().__init__('simulator_node')
        params.declare(self, TABLE)
        params.guard(self, TABLE, lambda _: None, lambda: FIXED)
        self._clock_publisher = self.create_publisher(Clock, '/clock', qos.SENSOR)
        self._odometry = self.create_publisher(Odometry, 'odom', qos.RELIABLE)
        self._tf = self.create_publisher(TFMessage, '/tf', 100) if TFMessage else None
        if self._tf is None:
            self.get_logger().info('tf2_msgs is not installed: no /tf')
        names = ['ceiling', 'front'] if self._value('front_camera') else ['ceiling']
        encoding = self._value('encoding')
        if encoding not in ENCODINGS:
            raise ValueError(f'encoding is {encoding!r}, must be one of {", ".join(ENCODINGS)}')
        self._cameras = [Camera(self, name, encoding) for name in names]
        kind = TwistStamped if self._value('stamped') else Twist
        self.create_subscription(kind, 'cmd_vel', self._on_command, qos.COMMAND)
        self.create_service(Trigger, '~/reset', self._on_reset)
        self._now_s = 0.0
        self._command = np.zeros(2)
        self._command_s = -math.inf
        self._reset_asked = threading.Event()
        self._reset_done = threading.Event()
        self._stopping = threading.Event()
        self._failure = ''
        self._thread = threading.Thread(target=self._simulate, name='world', daemon=True)
        self._thread.start()
        self.create_timer(0.5, self._check_thread, clock=STEADY)

    def _value(self, name: str) -> bool | int | float | str:
        return self.get_parameter(name).value

    def _on_command(self, message: Twist | TwistStamped) -> None:
        command = from_twist(message)
        if not np.isfinite(command).all():
            self.get_logger().error(f'command {command.tolist()} is not finite: wheels stop',
                                    throttle_duration_sec=1.0)
            command = np.zeros(2)
        self._command, self._command_s = command, self._now_s

    def _on_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._reset_done.clear()
        self._reset_asked.set()
        response.success = self._reset_done.wait(timeout=5.0)
        response.message = (f'seed {self._value("seed")}' if response.success
                            else 'the world did not answer within 5 s')
        return response

    def _check_thread(self) -> None:
        if self._failure:
            raise NodeEndsError(f'the world stopped: {self._failure}')

    def _simulate(self) -> None:
        """Run the world; everything of it, its renderer too, belongs to this thread."""
        try:
            world = World(WorldConfig(**{name: self._value(name) for name in (
                'appearance', 'image_width_px', 'image_height_px')}))
            try:
                self._loop(world)
            finally:
                world.close()
        except Exception as error:
            self._failure = f'{type(error).__name__}: {error}'
            self.get_logger().fatal(f'the world stopped: {self._failure}')

    def _loop(self, world: World) -> None:
        self._lay_out(world)
        began_s = 0.0                     # simulated time of the present layout's beginning
        noise = Noise(self._value('noise'), self._value('seed'))
        period_s = 1.0 / self._value('camera_rate_hz')
        next_frame_s = period_s
        due_s = time.monotonic()
        while not self._stopping.is_set():
            if self._reset_asked.is_set():
                self._reset_asked.clear()
                began_s = self._now_s
                self._command_s = -math.inf
                self._lay_out(world)
                self._reset_done.set()
            silent_s = self._now_s - self._command_s
            moving = silent_s <= self._value('cmd_timeout_s')
            world.step(self._command if moving else np.zeros(2), STEP_S)
            self._now_s = began_s + world.time_s
            self._publish_motion(world)
            # half a step of slack, or rounding would let a frame slip by one step
            if self._now_s >= next_frame_s - STEP_S / 2:
                next_frame_s = max(next_frame_s + period_s, self._now_s)
                for camera in self._cameras:
                    camera.publish(world, noise, self._now_s)
            due_s += STEP_S / self._value('real_time_factor')
            late_s = time.monotonic() - due_s
            if late_s > _LATE_S:
                due_s += late_s
            elif late_s < 0.0:
                time.sleep(-late_s)

    def _lay_out(self, world: World) -> None:
        start = None if self._value('random_start') else Pose(
            *(self._value(name) for name in ('start_x_m', 'start_y_m', 'start_yaw_rad')))
        world.reset(self._value('seed'), start)

    def _publish_motion(self, world: World) -> None:
        stamp = to_stamp(self._now_s)
        self._clock_publisher.publish(Clock(clock=stamp))
        pose, (speed, turn) = world.pose, world.velocity
        odometry = Odometry(child_frame_id='base_link')
        odometry.header = Header(stamp=stamp, frame_id='odom')
        odometry.pose.pose.position.x, odometry.pose.pose.position.y = pose.x, pose.y
        odometry.pose.pose.orientation = to_quaternion(pose.yaw)
        odometry.twist.twist.linear.x, odometry.twist.twist.angular.z = speed, turn
        self._odometry.publish(odometry)
        if self._tf is not None:
            transform = TransformStamped(header=odometry.header, child_frame_id='base_link')
            transform.transform.translation.x = pose.x
            transform.transform.translation.y = pose.y
            transform.transform.rotation = odometry.pose.pose.orientation
            self._tf.publish(TFMessage(transforms=[transform]))

    def close(self) -> None:
        """End the world's thread, which frees its renderer."""
        self._stopping.set()
        self._thread.join(timeout=5.0)


def main() -> int:
    """Run the node until SIGINT or SIGTERM; return the exit code."""
    return run(SimulatorNode)


if __name__ == '__main__':
    sys.exit(main())
