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

"""The other end of the planner: a spot that moves as commanded, and the camera that sees it."""

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from fake_planner import spot_picture
from geometry_msgs.msg import Twist, TwistStamped
from graph import Probe, wait_for
import numpy as np
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from jepa_ros.ros import qos
from jepa_ros.ros.convert import from_rgb
from jepa_ros.ros.messages import from_twist, to_seconds

FRAME_PERIOD_S = 0.07


class Robot:
    """
    The other end of the planner; ``stamped`` hears TwistStamped commands.

    Its camera has noise, as cameras have: no picture comes twice unless it is ``frozen``.
    """

    def __init__(self, probe: Probe, stamped: bool = False,
                 period_s: float = FRAME_PERIOD_S) -> None:
        self.place = np.array([0.25, 0.5])
        self.seen = True
        self.broken = self.frozen = False
        self._picture = spot_picture(*self.place)
        self._noise = np.random.default_rng(0)
        self._period_s = period_s
        self.loses = 0                          # every so manyth frame
        self.stamps_s: list[float] = []         # of the frames that were sent
        self._frames = 0
        self._probe = probe
        self.commands = probe.listen(TwistStamped if stamped else Twist, 'cmd_vel_nav', 100)
        self.status = probe.listen(DiagnosticStatus, 'planner_node/status', qos.LATCHED)
        self._diagnostics = probe.listen(DiagnosticArray, '/diagnostics')
        self._images = probe.publisher(Image, 'image', qos.SENSOR)
        self._goals = probe.publisher(Image, 'goal_image', qos.RELIABLE)
        probe.every(period_s, self._live)

    def _live(self) -> None:
        if self.commands:
            self.place = np.clip(self.place + from_twist(self.commands[-1]) * self._period_s,
                                 0.1, 0.9)
        self._frames += 1
        if self.seen and not (self.loses and self._frames % self.loses == 0):
            if not self.frozen:
                self._picture = spot_picture(*self.place)
                self._picture += self._noise.integers(0, 4, self._picture.shape, np.uint8)
            image = from_rgb(self._picture, self._header())
            if self.broken:
                image.step = 1
            self._images.publish(image)
            self.stamps_s.append(to_seconds(image.header.stamp))

    def _header(self) -> Header:
        return Header(stamp=self._probe.node.get_clock().now().to_msg(), frame_id='camera')

    def send_goal(self, x: float, y: float) -> None:
        """Send the picture of a place once somebody listens."""
        self.send_picture(spot_picture(x, y))

    def send_picture(self, picture: np.ndarray) -> None:
        """Send any picture as a goal once somebody listens."""
        self.send_image(from_rgb(picture, self._header()))

    def send_image(self, message: Image) -> None:
        """Send any message as a goal once somebody listens."""
        wait_for(self._goals.get_subscription_count, 'somebody who wants goals')
        self._goals.publish(message)

    def start(self) -> Trigger.Response:
        """Tell the planner to drive."""
        return self._probe.call(Trigger, 'planner_node/start', Trigger.Request())

    def set_parameter(self, name: str, value: object) -> None:
        """Change a parameter of the running planner."""
        answer = self._probe.call(
            SetParameters, 'planner_node/set_parameters', SetParameters.Request(
                parameters=[Parameter(name, value=value).to_parameter_msg()]))
        assert answer.results[0].successful, answer.results[0].reason

    def word(self) -> str:
        """Return the newest status word."""
        return self.status[-1].message if self.status else ''

    def value(self, key: str) -> str:
        """Return the newest text under a key of the status."""
        return next((v.value for v in self.status[-1].values if v.key == key), '')

    def reason(self) -> str:
        """Return the newest reason."""
        return self.value('reason')

    def level(self) -> bytes:
        """Return the level of the newest of the planner's diagnostics."""
        return self._reports()[-1].level if self._reports() else b''

    def figures(self) -> dict[str, str]:
        """Return the newest of the planner's diagnostics, by key."""
        found = self._reports()
        return {item.key: item.value for item in found[-1].values} if found else {}

    def _reports(self) -> list[DiagnosticStatus]:
        return [s for d in list(self._diagnostics) for s in d.status
                if s.name == 'planner_node: planning']

    def wait_word(self, word: str) -> None:
        """Wait for a status word."""
        wait_for(lambda: self.word() == word, f'status {word}')

    def wait_count(self, key: str, least: int = 1) -> int:
        """Wait until a count in diagnostics is so much, and return it."""
        def enough() -> int:
            count = int(self.figures().get(key, 0))
            return count if count >= least else 0

        return wait_for(enough, f'{key} at {least}')

    def wait_frames(self, seconds: float) -> None:
        """Wait until the camera has sent frames for so long."""
        frames = len(self.stamps_s)
        wait_for(lambda: len(self.stamps_s) > frames + seconds / self._period_s, 'frames')

    def wait_moving(self) -> None:
        """Wait for a command that is not zero."""
        wait_for(lambda: self.commands and from_twist(self.commands[-1]).any(), 'motion')

    def wait_zero(self) -> None:
        """Wait for a zero command."""
        wait_for(lambda: self.commands and not from_twist(self.commands[-1]).any(), 'zero')
