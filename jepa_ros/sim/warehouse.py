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

"""
The warehouse cell: where things stand, and its MJCF text.

One description serves physics, the map that scores and collects, and the pictures.  Lengths in
metres; the cell spans -2 to 2 in x and y, z is up, yaw is counter-clockwise from x.
"""

from dataclasses import dataclass

HALF_CELL_M = 2.0
CAMERA_HEIGHT_M = 6.0
CEILING_FOVY_DEG = 38.4
FRONT_FOVY_DEG = 70.0
IMAGE_WIDTH_PX = 640
IMAGE_HEIGHT_PX = 480

WHEEL_RADIUS_M = 0.08
WHEEL_SEPARATION_M = 0.26
ROBOT_LENGTH_M = 0.38
ROBOT_WIDTH_M = 0.30
ROBOT_RADIUS_M = 0.245         # circumscribed
# The base controller: torque for an error of wheel speed, Nm / (rad/s), and its limits in Nm for
# driving and for turning apart, so that a robot that is held up can still turn away.
WHEEL_GAIN = 8.0
MAX_DRIVE_NM = 2.5
MAX_TURN_NM = 2.5
MAX_SPEED_M_S = 0.6
MAX_TURN_RAD_S = 1.5

TOTES = 2
TOTE_HALF_M = (0.15, 0.11, 0.10)


@dataclass(frozen=True)
class Box:
    """A fixed box on the floor: centre (x, y), half sizes (x, y), height, all in metres."""

    name: str
    x: float
    y: float
    half_x: float
    half_y: float
    height: float


RACKS = tuple(
    Box(f'rack_{i}', x, y, 0.38, 0.15, 0.5)
    for i, (x, y) in enumerate([(-0.85, 0.75), (0.85, 0.75), (-0.85, -0.75), (0.85, -0.75)]))
PALLETS = (Box('pallet_0', 0.0, 1.78, 0.30, 0.20, 0.12),
           Box('pallet_1', -0.9, -1.80, 0.30, 0.18, 0.12))
OBSTACLES = RACKS + PALLETS

# Bays are marked, as in any warehouse: boards along each wall, labels on the racks' goods.  Bare
# walls look alike a metre apart, and no picture of one says where it was taken.  They are of this
# group, which the robot's camera sees and the ceiling's does not.
MARKS = 'marks'
MARKS_GROUP = 4
# where along its wall a board is, its half width, its middle and half its height, in m
_BOARDS = ((-1.80, 0.08, 0.16, 0.07), (-1.50, 0.12, 0.21, 0.05), (-1.17, 0.06, 0.12, 0.08),
           (-0.88, 0.11, 0.18, 0.06), (-0.52, 0.07, 0.14, 0.11), (-0.20, 0.13, 0.22, 0.05),
           (0.13, 0.05, 0.15, 0.09), (0.42, 0.10, 0.11, 0.06), (0.74, 0.08, 0.19, 0.08),
           (1.07, 0.12, 0.14, 0.05), (1.40, 0.06, 0.20, 0.07), (1.72, 0.11, 0.13, 0.09))
_MARK_COLOURS = ('0.92 0.92 0.90 1', '0.10 0.10 0.12 1', '0.80 0.12 0.12 1', '0.15 0.30 0.80 1',
                 '0.95 0.82 0.10 1', '0.10 0.55 0.20 1', '0.90 0.50 0.70 1', '0.45 0.25 0.60 1')

_RACK_COLOURS = ('0.20 0.35 0.75 1', '0.75 0.25 0.20 1', '0.20 0.60 0.35 1', '0.60 0.40 0.70 1')


def _rack(box: Box, colour: str) -> str:
    """Return a rack: one solid collider, posts, shelves and boxes for the eye."""
    hx, hy, h = box.half_x, box.half_y, box.height
    posts = ''.join(
        f'<geom class="seen" type="box" size="0.02 0.02 {h / 2}" rgba="{colour}" '
        f'pos="{sx * (hx - 0.02)} {sy * (hy - 0.02)} {h / 2}"/>'
        for sx in (-1, 1) for sy in (-1, 1))
    shelves = ''.join(
        f'<geom class="seen" type="box" size="{hx} {hy} 0.012" pos="0 0 {z}" rgba="{colour}"/>'
        for z in (0.10, h - 0.012))
    goods = ''.join(
        f'<geom class="seen" type="box" size="0.11 {hy - 0.03} 0.09" pos="{x} 0 0.21" '
        f'rgba="0.72 0.55 0.36 1"/>' for x in (-0.25, 0.0, 0.25))
    return (f'<body name="{box.name}" pos="{box.x} {box.y} 0">'
            f'<geom name="{box.name}" type="box" size="{hx} {hy} {h / 2}" pos="0 0 {h / 2}" '
            f'rgba="0 0 0 0" group="3"/>{posts}{shelves}{goods}</body>')


def _pallet(box: Box) -> str:
    planks = ''.join(
        f'<geom class="seen" type="box" size="{box.half_x} 0.035 0.01" '
        f'pos="0 {y:.3f} {box.height}" rgba="0.80 0.64 0.42 1"/>'
        for y in (-box.half_y + 0.035, 0.0, box.half_y - 0.035))
    return (f'<body name="{box.name}" pos="{box.x} {box.y} 0">'
            f'<geom name="{box.name}" type="box" rgba="0.55 0.42 0.26 1" '
            f'size="{box.half_x} {box.half_y} {box.height / 2}" pos="0 0 {box.height / 2}"/>'
            f'{planks}</body>')


def _walls() -> str:
    c, t, h = HALF_CELL_M, 0.03, 0.15
    colours = ('0.85 0.55 0.25 1', '0.30 0.60 0.70 1', '0.70 0.70 0.35 1', '0.60 0.35 0.45 1')
    places = ((c + t, 0, t, c + 2 * t), (-c - t, 0, t, c + 2 * t),
              (0, c + t, c + 2 * t, t), (0, -c - t, c + 2 * t, t))
    return ''.join(
        f'<geom name="wall_{i}" type="box" pos="{x} {y} {h}" size="{sx} {sy} {h}" '
        f'rgba="{colour}"/>'
        for i, ((x, y, sx, sy), colour) in enumerate(zip(places, colours, strict=True)))


def _mark(pos: str, size: str, number: int) -> str:
    colour = _MARK_COLOURS[number % len(_MARK_COLOURS)]
    return (f'<geom class="seen" group="{MARKS_GROUP}" type="box" pos="{pos}" size="{size}" '
            f'rgba="{colour}"/>')


def _boards() -> str:
    """Return the boards along the walls; each wall begins with another colour."""
    boards = ''
    for wall in range(4):
        away = (HALF_CELL_M - 0.002) * (1 if wall % 2 == 0 else -1)
        for i, (place, half, z, half_z) in enumerate(_BOARDS):
            along = -place if wall in (1, 2) else place
            pos = f'{away} {along} {z}' if wall < 2 else f'{along} {away} {z}'
            size = f'0.002 {half} {half_z}' if wall < 2 else f'{half} 0.002 {half_z}'
            boards += _mark(pos, size, (3 if wall < 2 else 5) * i + 2 * wall)
    return boards


def _labels() -> str:
    """Return a label on each side of each of the racks' goods."""
    labels = ''
    for rack, box in enumerate(RACKS):
        for side in (-1, 1):
            for i, (x, half) in enumerate(((-0.25, 0.06), (0.0, 0.035), (0.25, 0.085))):
                pos = f'{box.x + x} {box.y + side * (box.half_y - 0.028)} {0.19 + 0.02 * i}'
                labels += _mark(pos, f'{half} 0.002 0.05', 2 * rack + 3 * i + (side > 0))
    return labels


def _marks() -> str:
    """Return boards and labels; the last body, so that the others' geoms keep their numbers."""
    return f'<body name="{MARKS}">{_boards()}{_labels()}</body>'


def _robot() -> str:
    hx, hy = ROBOT_LENGTH_M / 2, ROBOT_WIDTH_M / 2
    r, half = WHEEL_RADIUS_M, WHEEL_SEPARATION_M / 2
    # crowned tyres: a broad flat one scrubs when it turns, and takes a quarter of the turn
    wheels = ''.join(
        f'<body name="{side}_wheel" pos="0 {y} {r}"><joint name="{side}_wheel_joint" type="hinge" '
        f'axis="0 1 0" damping="0.02" armature="0.03"/><geom name="{side}_wheel" type="ellipsoid" '
        f'size="{r} {r} 0.02" euler="90 0 0" mass="1.5" friction="1.0 0.01 0.001" '
        f'rgba="0.08 0.08 0.08 1"/></body>' for side, y in (('left', half), ('right', -half)))
    casters = ''.join(
        f'<geom name="caster_{i}" type="sphere" size="0.03" pos="{x} 0 0.03" mass="0.3" '
        f'priority="1" friction="0.01 0.001 0.0001" rgba="0.3 0.3 0.3 1"/>'
        for i, x in enumerate((0.14, -0.14)))
    return f"""
    <body name="robot" pos="0 0 0.002">
      <freejoint name="robot"/>
      <geom name="chassis" type="box" size="{hx} {hy} 0.07" pos="0 0 0.12" mass="36"
            priority="1" friction="0.1 0.005 0.0001" rgba="0.95 0.45 0.05 1"/>
      <geom class="seen" type="box" size="{hx / 2} {hy} 0.006" pos="{hx / 2} 0 0.196"
            rgba="0.98 0.98 0.98 1"/>
      <geom class="seen" type="box" size="{hx / 2} {hy} 0.006" pos="{-hx / 2} 0 0.196"
            rgba="0.10 0.05 0.30 1"/>
      {wheels}{casters}
      <camera name="front" pos="0.17 0 0.24" xyaxes="0 -1 0 0.17 0 0.985" fovy="{FRONT_FOVY_DEG}"/>
    </body>"""


def _totes() -> str:
    hx, hy, hz = TOTE_HALF_M
    return ''.join(
        f'<body name="tote_{i}" pos="0 0 {hz}"><freejoint name="tote_{i}"/>'
        f'<geom name="tote_{i}" type="box" size="{hx} {hy} {hz}" mass="2.0" '
        f'friction="0.35 0.005 0.0001" rgba="0.1 0.5 0.9 1"/></body>' for i in range(TOTES))


def mjcf() -> str:
    """Return the MJCF text of the whole cell."""
    racks = ''.join(_rack(box, c) for box, c in zip(RACKS, _RACK_COLOURS, strict=True))
    return f"""
<mujoco model="warehouse">
  <option timestep="0.005" integrator="implicitfast" cone="elliptic" impratio="5"/>
  <visual>
    <global offwidth="{IMAGE_WIDTH_PX}" offheight="{IMAGE_HEIGHT_PX}"/>
    <headlight ambient="0.45 0.45 0.45" diffuse="0.35 0.35 0.35" specular="0 0 0"/>
    <quality shadowsize="0" offsamples="0"/>
    <map znear="0.01"/>
  </visual>
  <default><default class="seen"><geom contype="0" conaffinity="0" mass="0"/></default></default>
  <asset>
    <texture name="floor" type="2d" builtin="checker" width="128" height="128"
             rgb1="0.62 0.63 0.65" rgb2="0.57 0.58 0.60"/>
    <material name="floor" texture="floor" texrepeat="4 4" specular="0" reflectance="0"/>
  </asset>
  <worldbody>
    <light name="lamp" pos="0 0 5" dir="0 0 -1" diffuse="0.5 0.5 0.5" specular="0 0 0"
           castshadow="false" directional="true"/>
    <camera name="ceiling" pos="0 0 {CAMERA_HEIGHT_M}" xyaxes="1 0 0 0 1 0"
            fovy="{CEILING_FOVY_DEG}"/>
    <geom name="floor" type="plane" size="{HALF_CELL_M} {HALF_CELL_M} 0.1" material="floor"
          friction="0.9 0.01 0.001"/>
    <geom class="seen" type="box" size="0.25 0.02 0.001" pos="-1.6 1.25 0" rgba="0.9 0.8 0.1 1"/>
    <geom class="seen" type="box" size="0.25 0.02 0.001" pos="1.6 -1.25 0" rgba="0.9 0.8 0.1 1"/>
    {_walls()}{racks}{''.join(_pallet(box) for box in PALLETS)}{_robot()}{_totes()}
    {_marks()}
  </worldbody>
  <actuator>
    <motor name="left_wheel" joint="left_wheel_joint" ctrlrange="-6 6" ctrllimited="true"/>
    <motor name="right_wheel" joint="right_wheel_joint" ctrlrange="-6 6" ctrllimited="true"/>
  </actuator>
</mujoco>"""
