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

"""What is heard of the graph, written down for the Rerun viewer, on ROS time."""

from collections.abc import Mapping
import math
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from trajectory_msgs.msg import JointTrajectory

from jepa_ros.ros.figures import STAGES
from jepa_ros.ros.messages import status_text, status_value
from jepa_ros.ros.plan_path import path_of
from jepa_ros.ros.watch_pictures import to_jpeg

TIMELINE = 'ros_time'
# a picture that is wider is written at this width
_WIDTH_PX = 1280
_NUMBERS = ('cost_to_go', 'frame_age_s', 'planning_ms', 'plan_hz', 'surprise_limit')


class RerunFile:
    """
    A Sink that writes an .rrd file, a new one; pictures are in it as JPEG.

    RuntimeError where the SDK is not installed, OSError where the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            import rerun
        except ImportError as error:
            raise RuntimeError(f'the Rerun SDK is not installed ({error}): '
                               'pip install -r requirements/rerun.txt') from error
        path = path.expanduser()
        # the SDK itself writes over what is there, and only logs where it cannot write
        with path.open('xb'):
            pass
        self._rerun = rerun
        self._file = rerun.RecordingStream('jepa_ros')
        self._file.save(path, _blueprint())
        self._said: dict[str, str] = {}

    def _log(self, entity: str, stamp_s: float, value: Any) -> None:
        self._file.set_time(TIMELINE, timestamp=np.datetime64(round(stamp_s * 1e9), 'ns'))
        self._file.log(entity, value)

    def _number(self, entity: str, stamp_s: float, value: float) -> None:
        if math.isfinite(value):
            self._log(entity, stamp_s, self._rerun.Scalars(value))

    def picture(self, name: str, message: Image | CompressedImage, stamp_s: float) -> None:
        """Write a picture."""
        try:
            jpeg = to_jpeg(message, _WIDTH_PX)
        except ValueError as error:
            self._log('log/pictures', stamp_s, self._rerun.TextLog(f'{name}: {error}',
                                                                   level='WARN'))
            return
        self._log(name, stamp_s, self._rerun.EncodedImage(contents=jpeg, media_type='image/jpeg'))

    def latents(self, name: str, rows: np.ndarray, stamp_s: float) -> None:
        """Write latents, (rows, D)."""
        self._log(f'planner/{name}', stamp_s, self._rerun.Tensor(rows, dim_names=('row', 'D')))

    def plan(self, plan: JointTrajectory, stamp_s: float) -> None:
        """Write where a plan leads, x and y in m, the robot at the origin."""
        poses, _ = path_of(plan)
        if len(poses):
            self._log('planner/path', stamp_s, self._rerun.LineStrips2D([poses[:, :2]]))

    def surprise(self, value: float, stamp_s: float) -> None:
        """Write a frame's surprise."""
        self._number('planner/surprise', stamp_s, value)

    def said(self, name: str, status: DiagnosticStatus, stamp_s: float) -> None:
        """Write a word where it is another, and the planner's numbers."""
        reason = status_text(status, 'reason')
        text = f'{status.message}: {reason}' if reason else status.message
        if self._said.get(name) != text:
            self._said[name] = text
            self._log(f'log/{name}', stamp_s, self._rerun.TextLog(text))
        if name == 'planner':
            for key in _NUMBERS:
                self._number(f'planner/{key}', stamp_s, status_value(status, key))

    def figures(self, name: str, status: DiagnosticStatus, stamp_s: float) -> None:
        """Write how long the planner's stages take."""
        if name == 'planner':
            for stage in STAGES:
                self._number(f'latency/{stage}_p50_ms', stamp_s,
                             status_value(status, f'{stage}_p50_ms'))

    def command(self, values: Mapping[str, float], stamp_s: float) -> None:
        """Write a command."""
        for name, value in values.items():
            self._number(f'command/{name}', stamp_s, value)

    def close(self) -> None:
        """Complete the file."""
        self._file.flush()
        self._file.disconnect()


def _blueprint() -> Any:
    """Return how the viewer shows it: pictures on the left, curves on the right."""
    import rerun.blueprint as show
    curves = [show.TimeSeriesView(name=name, contents=contents) for name, contents in (
        ('Cost to go', ['planner/cost_to_go']),
        ('Surprise', ['planner/surprise', 'planner/surprise_limit']),
        ('Commands', ['command/**']), ('Latency', ['latency/**']))]
    pictures = [show.Spatial2DView(name=name, origin=origin) for name, origin in (
        ('Camera', 'camera'), ('Goal', 'goal'), ('Plan, m', 'planner/path'))]
    latents = [show.TensorView(name=name, origin=f'planner/{name}')
               for name in ('latent', 'imagined')]
    return show.Blueprint(show.Horizontal(
        show.Vertical(*pictures), show.Vertical(*curves),
        show.Vertical(*latents, show.TextLogView(name='Words', origin='log'))))
