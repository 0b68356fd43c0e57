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


"""Faults between the camera and the planner."""

import array
from collections.abc import Callable, Iterable
from typing import Any

import bends
from fault import Ends, Fault, Graph
from live_graph import LiveGraph
import numpy as np
from relay import Bend
from sensor_msgs.msg import Image

from jepa_ros.ros.convert import bytes_array, from_rgb, to_rgb

CAMERA = 'camera'


def camera(make: Callable[[], Bend]) -> Callable[[LiveGraph], None]:
    """Return what bends the camera's link."""
    def inject(graph: LiveGraph) -> None:
        graph.relay.camera.bend = make()
    return inject


def straight_again(graph: LiveGraph) -> None:
    """End every bend."""
    graph.relay.straighten()


def fault(name: str, bend: Bend | None = None, make: Callable[[], Bend] | None = None,
          **more: Any) -> Fault:
    """Return a fault of the camera's link: a bend without memory, or what makes one with it."""
    return Fault(name, CAMERA, camera(make or (lambda: bend)), straight_again, **more)


def shown(name: str, make: Callable[[], Bend], **more: Any) -> Fault:
    """Return a fault that the pictures show: it begins with the first that does."""
    return fault(name, make=make, begins=lambda graph: graph.relay.camera.bent_s, **more)


# -- pictures that are none

def change(**fields: Any) -> Bend:
    """Set fields of each image."""
    def set_fields(message: Image) -> None:
        for name, value in fields.items():
            setattr(message, name, value)
    return bends.changed(set_fields)


def truncated(message: Image) -> Iterable[Image]:
    """Cut the data in half."""
    message.data = message.data[:len(message.data) // 2]
    return (message,)


def empty(message: Image) -> Iterable[Image]:
    """Declare no pixels, and send none."""
    message.height = message.width = message.step = 0
    message.data = array.array('B')
    return (message,)


# -- pictures of something else

def painted(paint: Callable[[np.ndarray], np.ndarray]) -> Bend:
    """Put other pixels (H, W, 3) into each image."""
    def repaint(message: Image) -> Iterable[Image]:
        return (from_rgb(np.ascontiguousarray(paint(to_rgb(message))), message.header),)
    return repaint


def noise() -> Bend:
    """See nothing but noise, another each time."""
    rng = np.random.default_rng(0)
    pool = [rng.integers(0, 256, (480, 640, 3), np.uint8) for _ in range(4)]
    return painted(lambda _: pool[rng.integers(4)])


def covered(level: int) -> Bend:
    """See one grey level, but for the noise of a live sensor."""
    rng = np.random.default_rng(0)
    pool = [np.clip(level + rng.integers(-1, 2, (480, 640, 3)), 0, 255).astype(np.uint8)
            for _ in range(4)]
    return painted(lambda _: pool[rng.integers(4)])


def as_bgr(message: Image) -> Iterable[Image]:
    """Send the same picture in another order of channels."""
    message.data = bytes_array(to_rgb(message)[..., ::-1])
    message.encoding = 'bgr8'
    return (message,)


def padded(message: Image) -> Iterable[Image]:
    """Send the same picture with 64 bytes after each row."""
    pixels = to_rgb(message)
    rows = np.zeros((pixels.shape[0], message.step + 64), np.uint8)
    rows[:, :message.step] = pixels.reshape(pixels.shape[0], -1)
    message.data, message.step = bytes_array(rows), message.step + 64
    return (message,)


def flooded(message: Image) -> Iterable[Image]:
    """Send a frame sixteen times, each with noise and a stamp of its own: 200 frames a second."""
    from jepa_ros.ros.messages import to_seconds, to_stamp
    pixels, stamp_s = to_rgb(message), to_seconds(message.header.stamp)
    for i in range(16):
        copy = from_rgb(pixels, message.header)
        copy.data[i] ^= 1
        copy.header.stamp = to_stamp(stamp_s + (i - 15) * 0.005)
        yield copy


def freeze(graph: LiveGraph) -> None:
    """Repeat the newest picture with fresh stamps."""
    graph.relay.camera.bend = bends.frozen(graph.relay.camera.newest)


FAULTS = (
    fault('camera_silent', bends.drop, hold_s=2.4, often=True),
    fault('camera_at_2_hz', make=lambda: bends.each_nth(6), hold_s=1.5),
    fault('camera_at_3_hz', make=lambda: bends.each_nth(4), hold_s=1.5),
    Fault('camera_frozen', CAMERA, freeze, straight_again, often=True),
    fault('camera_delayed', make=lambda: bends.delayed(0.5), hold_s=1.2, often=True),
    fault('camera_in_bursts', make=lambda: bends.bursts(0.6), hold_s=1.5, good_s=0.7),
    fault('camera_flood_200_hz', flooded, ends=Ends.EITHER, often=True),
    fault('camera_frames_twice', bends.times(2), ends=Ends.DRIVES_ON),
    fault('camera_one_frame_lost', make=lambda: bends.once(bends.drop), ends=Ends.DRIVES_ON),
    fault('camera_frames_swapped', make=bends.swapped, ends=Ends.EITHER),
    fault('camera_stamp_zero', bends.stamped_zero, often=True),
    fault('camera_stamp_1_s_old', bends.shifted(-1.0)),
    fault('camera_stamp_1_s_ahead', bends.shifted(1.0), often=True),
    fault('camera_stamp_stands', make=bends.stamped_as_first),
    fault('camera_stamps_backwards', make=lambda: bends.stamped_backwards(0.02)),
    fault('camera_wrong_encoding', change(encoding='rgb16'), often=True),
    fault('camera_wrong_step', change(step=1)),
    fault('camera_truncated', truncated),
    fault('camera_empty', empty),
    fault('camera_giant', change(height=100_000, width=100_000, step=300_000)),
    shown('camera_black', lambda: painted(np.zeros_like)),
    shown('camera_covered', lambda: covered(3)),
    shown('camera_blinded', lambda: covered(252)),
    # the gate is told to stop on surprise; the model gets used to a picture, and it moves again
    shown('camera_noise', noise, graph=Graph.WATCHED, ends=Ends.EITHER),
    shown('camera_mirrored', lambda: painted(np.fliplr), graph=Graph.WATCHED, ends=Ends.EITHER),
    shown('camera_upside_down', lambda: painted(lambda p: p[::-1, ::-1]), graph=Graph.WATCHED,
          ends=Ends.EITHER),
    fault('camera_as_bgr8', as_bgr, ends=Ends.DRIVES_ON),
    fault('camera_rows_padded', padded, ends=Ends.DRIVES_ON),
    fault('camera_half_size', painted(lambda p: p[::2, ::2]), ends=Ends.DRIVES_ON),
)
