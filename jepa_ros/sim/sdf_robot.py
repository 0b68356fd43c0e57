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

"""The robot of the Gazebo world: wheels on joints, drive, joint states and cameras."""

import math

import mujoco

from jepa_ros.sim import gz_names as names
from jepa_ros.sim import warehouse as cell
from jepa_ros.sim.gz_plugins import add_plugin
from jepa_ros.sim.sdf_parts import (
    add_geoms,
    add_inertial,
    ALL_BUT_MARKS,
    camera_pose,
    matrix,
    pose,
)
from jepa_ros.sim.sdf_text import add, Element
from jepa_ros.sim.world import World

SIDES = ('left', 'right')
_CLIP_M = (0.01, 50.0)


def complete(robot: Element, base: Element, world: World, body: int) -> None:
    """Give the robot's base its camera, its wheels and what drives them."""
    model = world.model
    camera = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_CAMERA, 'front')
    add_camera(base, world, names.CAMERAS[1],
               camera_pose(model.cam_pos[camera], model.cam_quat[camera]))
    for child in range(model.nbody):
        if model.body_parentid[child] == body:
            _add_wheel(robot, model, child)
    _add_drive(robot, world)
    add_plugin(robot, 'JointStatePublisher', topic='/' + names.JOINT_STATES,
               joint_name=[f'{side}_wheel_joint' for side in SIDES])


def _add_wheel(robot: Element, model: mujoco.MjModel, body: int) -> None:
    """Append a wheel and the joint that it turns on."""
    name = model.body(body).name
    link = add(robot, 'link', name=name)
    add(link, 'pose', pose(model.body_pos[body], matrix(model.body_quat[body])))
    add_inertial(link, model, body)
    add_geoms(link, model, body)
    number = model.body_jntadr[body]
    joint = add(robot, 'joint', name=model.joint(number).name, type='revolute')
    add(joint, 'parent', names.BASE_FRAME)
    add(joint, 'child', name)
    axis = add(joint, 'axis')
    add(axis, 'xyz', model.jnt_axis[number])
    add(add(axis, 'dynamics'), 'damping', model.dof_damping[model.jnt_dofadr[number]])
    limit = add(axis, 'limit')
    for end in ('lower', 'upper'):
        add(limit, end, '-inf' if end == 'lower' else 'inf')


def _add_drive(robot: Element, world: World) -> None:
    """Append the base controller, with the limits of MuJoCo's."""
    config = world.config
    limits = {
        f'{end}_{kind}': sign * value
        for kind, value in (('linear_velocity', cell.MAX_SPEED_M_S),
                            ('angular_velocity', cell.MAX_TURN_RAD_S),
                            ('linear_acceleration', config.acceleration_m_s2),
                            ('angular_acceleration', config.acceleration_rad_s2))
        for end, sign in (('min', -1), ('max', 1))}
    add_plugin(
        robot, 'DiffDrive', left_joint='left_wheel_joint', right_joint='right_wheel_joint',
        wheel_separation=cell.WHEEL_SEPARATION_M, wheel_radius=cell.WHEEL_RADIUS_M,
        odom_publish_frequency=names.ODOM_RATE_HZ, topic='/' + names.CMD_VEL,
        odom_topic='/' + names.ODOM, tf_topic='/' + names.TF, frame_id=names.ODOM_FRAME,
        child_frame_id=names.BASE_FRAME, **limits)


def add_camera(link: Element, world: World, camera: names.Camera,
               where: list[float] | None = None) -> None:
    """Append a camera with the pictures of MuJoCo's: size, field of view, rate and noise."""
    sensor = add(link, 'sensor', name=camera.name, type='camera')
    if where is not None:
        add(sensor, 'pose', where)
    add(sensor, 'topic', '/' + camera.image)
    add(sensor, 'update_rate', names.CAMERA_RATE_HZ)
    add(sensor, 'always_on', True)
    lens = world.intrinsics(camera.name)
    eye = add(sensor, 'camera', name=camera.name)
    add(eye, 'camera_info_topic', '/' + camera.info)
    add(eye, 'optical_frame_id', camera.frame)
    add(eye, 'horizontal_fov', 2 * math.atan2(lens.width / 2, lens.fx))
    if not world.view(camera.name).geomgroup[cell.MARKS_GROUP]:
        add(eye, 'visibility_mask', str(ALL_BUT_MARKS))
    image = add(eye, 'image')
    add(image, 'width', lens.width)
    add(image, 'height', lens.height)
    add(image, 'format', 'R8G8B8')
    clip = add(eye, 'clip')
    for name, value in zip(('near', 'far'), _CLIP_M, strict=True):
        add(clip, name, value)
    noise = add(eye, 'noise')
    add(noise, 'type', 'gaussian')
    add(noise, 'mean', 0)
    add(noise, 'stddev', names.CAMERA_NOISE / 255)
