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

"""Parts of an SDF: poses, shapes and bodies of a compiled MuJoCo model."""

import math

import mujoco
import numpy as np

from jepa_ros.sim import warehouse as cell
from jepa_ros.sim.sdf_text import add, Element

# what a camera's mask leaves out it does not see; Gazebo keeps the two lowest bits for itself
MARKS_FLAG = 1 << 2
ALL_BUT_MARKS = (1 << 32) - 1 - MARKS_FLAG

Numbers = np.ndarray | list[float] | tuple[float, ...]

_SHAPES = {mujoco.mjtGeom.mjGEOM_PLANE: 'plane', mujoco.mjtGeom.mjGEOM_SPHERE: 'sphere',
           mujoco.mjtGeom.mjGEOM_BOX: 'box', mujoco.mjtGeom.mjGEOM_ELLIPSOID: 'ellipsoid'}


def matrix(quaternion: Numbers) -> np.ndarray:
    """Return the rotation (3, 3) of a quaternion w, x, y, z."""
    out = np.zeros(9)
    mujoco.mju_quat2Mat(out, np.asarray(quaternion, float))
    return out.reshape(3, 3)


def pose(position: Numbers, rotation: np.ndarray) -> list[float]:
    """Return x, y, z in metres and roll, pitch, yaw in radians, as SDF writes a pose."""
    pitch = math.asin(min(max(-rotation[2, 0], -1.0), 1.0))
    if abs(rotation[2, 0]) > 1.0 - 1e-9:        # straight down or up: roll and yaw are one
        roll, yaw = 0.0, math.atan2(-rotation[0, 1], rotation[1, 1])
    else:
        roll = math.atan2(rotation[2, 1], rotation[2, 2])
        yaw = math.atan2(rotation[1, 0], rotation[0, 0])
    return [*map(float, position), roll, pitch, yaw]


def camera_pose(position: Numbers, quaternion: Numbers) -> list[float]:
    """Return the pose of a MuJoCo camera, which looks along -z, as one that looks along x."""
    right, up, back = matrix(quaternion).T
    return pose(position, np.column_stack([-back, -right, up]))


def add_geometry(parent: Element, model: mujoco.MjModel, geom: int, felt: bool) -> None:
    """
    Append a geom's shape.

    Our ellipsoids are crowned wheels about their z axis.  What is felt of them is a cylinder as
    wide: Gazebo's default engine would make a mesh of 16 sides of an ellipsoid.
    """
    kind = _SHAPES[model.geom_type[geom]]
    if kind == 'ellipsoid' and felt:
        kind = 'cylinder'
    size = model.geom_size[geom]
    shape = add(add(parent, 'geometry'), kind)
    if kind == 'plane':
        add(shape, 'normal', [0, 0, 1])
        add(shape, 'size', 2 * size[:2])
    elif kind == 'box':
        add(shape, 'size', 2 * size)
    elif kind == 'ellipsoid':
        add(shape, 'radii', size)
    else:
        add(shape, 'radius', size[0])
        if kind == 'cylinder':
            add(shape, 'length', 2 * size[2])


def add_material(visual: Element, rgba: Numbers) -> None:
    """Append a dull colour."""
    material = add(visual, 'material')
    for kind in ('ambient', 'diffuse'):
        add(material, kind, rgba)
    add(material, 'specular', [0, 0, 0, 1])


def add_geoms(link: Element, model: mujoco.MjModel, body: int) -> None:
    """Append what is to be felt and what is to be seen of a body's geoms."""
    first = model.body_geomadr[body]
    for geom in range(first, first + model.body_geomnum[body]):
        name = model.geom(geom).name or f'seen_{geom - first}'
        where = pose(model.geom_pos[geom], matrix(model.geom_quat[geom]))
        if model.geom_contype[geom]:
            collision = add(link, 'collision', name=name)
            add(collision, 'pose', where)
            add_geometry(collision, model, geom, felt=True)
            friction = add(add(add(collision, 'surface'), 'friction'), 'ode')
            for axis in ('mu', 'mu2'):
                add(friction, axis, model.geom_friction[geom, 0])
        if model.geom_rgba[geom, 3] > 0 and model.geom_matid[geom] < 0:
            visual = add(link, 'visual', name=name)
            add(visual, 'pose', where)
            add_geometry(visual, model, geom, felt=False)
            add_material(visual, model.geom_rgba[geom])
            if model.geom_group[geom] == cell.MARKS_GROUP:
                add(visual, 'visibility_flags', str(MARKS_FLAG))


def add_inertial(link: Element, model: mujoco.MjModel, body: int) -> None:
    """Append a body's mass and its principal moments."""
    inertial = add(link, 'inertial')
    add(inertial, 'pose', pose(model.body_ipos[body], matrix(model.body_iquat[body])))
    add(inertial, 'mass', model.body_mass[body])
    inertia = add(inertial, 'inertia')
    for axes, moment in zip(('ixx', 'iyy', 'izz'), model.body_inertia[body], strict=True):
        add(inertia, axes, moment)
    for axes in ('ixy', 'ixz', 'iyz'):
        add(inertia, axes, 0)
