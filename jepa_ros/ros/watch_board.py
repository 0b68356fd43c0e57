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

"""What is heard of the graph, put on the board of the page."""

from collections import deque
from collections.abc import Mapping
from functools import partial

from diagnostic_msgs.msg import DiagnosticStatus
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from trajectory_msgs.msg import JointTrajectory

from jepa_ros.ros.figures import COUNTS, STAGES
from jepa_ros.ros.messages import status_text, status_value
from jepa_ros.ros.plan_path import path_of
from jepa_ros.ros.process import steady_s
from jepa_ros.ros.watch_memory import Memory
from jepa_ros.ros.watch_pictures import THUMBNAIL_WIDTH_PX, to_jpeg
from jepa_ros.ros.watch_values import MOST_NUMBERS
from jepa_ros.web.board import Board

# columns of a heat map, steps that have a picture, and actions of a plan
_MOST_COLUMNS, MOST_STEPS, MOST_ACTIONS = 128, 8, 200
# frames that wait for their latents, and how often one is remembered with its latent
_WAITING, _REMEMBER_S = 6, 0.2
# a latent's stamp has gone through a float of seconds
_SAME_S = 1e-3


class WatchBoard:
    """
    A Sink that keeps a page's board up to date.

    No decoder belongs to a model, so an imagined latent is shown as the remembered frame whose
    latent is nearest, with the distance between the two.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._frames: deque[tuple[float, Image | CompressedImage]] = deque(maxlen=_WAITING)
        self._memory = Memory()
        self._remembered_s = -_REMEMBER_S
        self._tokens = 1                        # rows of the newest latent
        self._shown: dict[str, int] = {}        # which remembered picture stands for a step

    def picture(self, name: str, message: Image | CompressedImage, stamp_s: float) -> None:
        """Show a picture; it is made a JPEG when a page asks for it."""
        self._board.heard(name)
        self._board.show(name, partial(_jpeg_or_nothing, self._board, name, message))
        if name == 'camera':
            self._frames.append((stamp_s, message))

    def latents(self, name: str, rows: np.ndarray, stamp_s: float) -> None:
        """Show latents as a heat map, and what imagined ones look like."""
        self._board.heard(name)
        if name == 'latent':
            self._tokens = len(rows)
            self._remember(rows, stamp_s)
            self._board.tell(name, {'heat': _heat(rows[None]), 'tokens': len(rows),
                                    'width': rows.shape[1], 'remembered': len(self._memory)})
            return
        steps = rows.reshape(-1, self._tokens, rows.shape[1]) \
            if len(rows) % self._tokens == 0 else rows[:, None]         # (H, L, D)
        steps = steps[:MOST_STEPS]
        found = self._memory.nearest(steps)
        for i, (number, _, picture) in enumerate(found):
            step = f'step{i + 1}'
            if self._shown.get(step) != number:
                self._shown[step] = number
                self._board.show(step, partial(bytes, picture))
        self._board.tell(name, {'heat': _heat(steps), 'steps': len(steps),
                                'distances': [distance for _, distance, _ in found]})

    def _remember(self, rows: np.ndarray, stamp_s: float) -> None:
        """Keep a latent with the frame that it was made from, now and then."""
        frame = next((frame for at_s, frame in self._frames if abs(at_s - stamp_s) < _SAME_S),
                     None)
        if frame is None or steady_s() - self._remembered_s < _REMEMBER_S:
            return
        self._remembered_s = steady_s()
        try:
            self._memory.note(rows, to_jpeg(frame, THUMBNAIL_WIDTH_PX))
        except ValueError as error:
            self._board.tell('camera', {'wrong': str(error)})

    def plan(self, plan: JointTrajectory, stamp_s: float) -> None:
        """Show a plan: its actions, and where they lead."""
        self._board.heard('plan')
        plan = JointTrajectory(joint_names=plan.joint_names, points=plan.points[:MOST_ACTIONS])
        poses, period_s = path_of(plan)
        self._board.tell('plan', {
            'names': list(plan.joint_names[:MOST_NUMBERS]), 'period_s': period_s,
            'actions': len(plan.points),
            'path': np.round(poses, 4).tolist()})

    def surprise(self, value: float, stamp_s: float) -> None:
        """Draw the surprise on."""
        self._board.heard('surprise')
        self._board.plot('surprise', value)

    def said(self, name: str, status: DiagnosticStatus, stamp_s: float) -> None:
        """Show a word, and draw the planner's numbers on."""
        self._board.heard(name)
        told: dict[str, float | str] = {'word': status.message,
                                        'reason': status_text(status, 'reason')}
        if name == 'planner':
            for key in ('cost_to_go', 'surprise_limit', 'plan_hz', 'frame_age_s', 'planning_ms'):
                told[key] = status_value(status, key)
            told |= {key: status_text(status, key)
                     for key in ('engine', 'device', 'picture', 'begun')}
            self._board.plot('cost', told['cost_to_go'])
            self._board.plot('frame_age_ms', told['frame_age_s'] * 1e3)
        self._board.tell(name, told)

    def figures(self, name: str, status: DiagnosticStatus, stamp_s: float) -> None:
        """Show what a node measures of itself."""
        stream = f'{name}_figures'
        self._board.heard(stream)
        told: dict[str, object] = {'word': status.message, 'wrong': status_text(status, 'wrong'),
                                   'reason': status_text(status, 'reason')}
        if name == 'planner':
            told['stages'] = [{'name': stage, **{
                f'p{q}_ms': status_value(status, f'{stage}_p{q}_ms') for q in (50, 99)}}
                for stage in STAGES]
            told['counts'] = {count: status_text(status, count)
                              for count in ('lost_frames', 'dropped_frames', *COUNTS)}
            told['camera_hz'] = status_value(status, 'camera_hz')
        else:
            told |= {key: status_value(status, key)
                     for key in ('commands_in_hz', 'commands_out_hz', 'stops')}
            # the latched word is said when it changes; this one is of now
            self._board.tell('gate', {'word': status.message,
                                      'reason': status_text(status, 'reason')})
        self._board.tell(stream, told)

    def command(self, values: Mapping[str, float], stamp_s: float) -> None:
        """Show what goes to the wheels."""
        self._board.heard('command')
        self._board.tell('command', {'values': dict(values)})
        for name, value in values.items():
            self._board.plot(f'command.{name}', value)

    def close(self) -> None:
        """Nothing is kept."""


def _jpeg_or_nothing(board: Board, name: str, message: Image | CompressedImage) -> bytes:
    """Return a picture's JPEG; empty, and the page is told, where it cannot be shown."""
    try:
        jpeg = to_jpeg(message)
    except ValueError as error:
        board.tell(name, {'wrong': str(error)})
        return b''
    board.tell(name, {'wrong': ''})
    return jpeg


def _heat(steps: np.ndarray) -> list[list[int]]:
    """
    Return a row for each step of latents (H, L, D), in whole numbers from -100 to 100.

    Tokens are averaged, and neighbours where there are many columns; 100 is the largest of all.
    """
    rows = steps.mean(axis=1)                                           # (H, D)
    share = -(-rows.shape[1] // _MOST_COLUMNS)
    if share > 1:
        whole = rows.shape[1] // share * share
        rows = rows[:, :whole].reshape(len(rows), -1, share).mean(axis=2)
    finite = np.nan_to_num(rows, posinf=0.0, neginf=0.0)
    return np.rint(100 * finite / max(float(np.abs(finite).max()), 1e-9)).astype(int).tolist()
