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
The simulated warehouse as a world for Gazebo Harmonic, from the model that MuJoCo compiled.

What stands where, its size, colour, mass and friction, and what the cameras are: all of it is
read from there, so that the two worlds are one.  What differs is said in docs/gazebo.md.
"""

from xml.etree import ElementTree

import mujoco
import numpy as np

from jepa_ros.sim import gz_names as names
from jepa_ros.sim import sdf_robot
from jepa_ros.sim.gz_plugins import add_plugin
from jepa_ros.sim.sdf_parts import (
    add_geoms,
    add_inertial,
    add_material,
    camera_pose,
    pose,
)
from jepa_ros.sim.sdf_text import add, Element
from jepa_ros.sim.world import World

VERSION = '1.11'        # Gazebo Harmonic's
# XML allows no two hyphens in a comment
_NOTE = ' {world} of jepa_ros, seed {seed}: written by the verb `jepa gazebo`, not by hand '


def sdf(world: World) -> str:
    """Return the SDF text of a world as it stands; its layout is that of its seed."""
    root = ElementTree.Element('sdf', version=VERSION)
    root.append(ElementTree.Comment(_NOTE.format(world=names.WORLD, seed=world.seed)))
    place = add(root, 'world', name=names.WORLD)
    _add_systems(place, world.model)
    _add_light(place, world.model)
    for body in range(world.model.nbody):
        if world.model.body_parentid[body] == 0:
            _add_model(place, world, body)
    _add_ceiling(place, world)
    ElementTree.indent(root)
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(root, encoding='unicode') + '\n'


def _add_systems(place: Element, model: mujoco.MjModel) -> None:
    """Append physics, and the systems that every world with cameras needs."""
    physics = add(place, 'physics', name='step', type='ignored')
    add(physics, 'max_step_size', model.opt.timestep)
    add(physics, 'real_time_factor', 1)
    add(place, 'gravity', model.opt.gravity)
    for name in ('Physics', 'UserCommands', 'SceneBroadcaster'):
        add_plugin(place, name)
    add_plugin(place, 'Sensors', render_engine='ogre2')


def _add_light(place: Element, model: mujoco.MjModel) -> None:
    """Append MuJoCo's lamp with its light at the ceiling camera, and its ambient light."""
    head = model.vis.headlight
    scene = add(place, 'scene')
    add(scene, 'ambient', [*head.ambient, 1])
    add(scene, 'background', [0, 0, 0, 1])
    for thing in ('shadows', 'grid', 'origin_visual'):
        add(scene, thing, False)
    light = add(place, 'light', name='lamp', type='directional')
    add(light, 'cast_shadows', False)
    add(light, 'pose', [*model.light_pos[0], 0, 0, 0])
    add(light, 'diffuse', [*np.minimum(model.light_diffuse[0] + head.diffuse, 1), 1])
    add(light, 'specular', [0, 0, 0, 1])
    add(light, 'direction', model.light_dir[0])


def _add_model(place: Element, world: World, body: int) -> None:
    """Append a body that stands on the floor, or the floor itself, and what hangs on it."""
    model, data = world.model, world.data
    moves = model.body_jntnum[body] > 0
    name = model.body(body).name
    it = add(place, 'model', name='cell' if name == 'world' else name)
    add(it, 'static', not moves)
    add(it, 'pose', pose(data.xpos[body], data.xmat[body].reshape(3, 3)))
    link = add(it, 'link', name=names.BASE_FRAME if name == names.ROBOT else 'link')
    if moves:
        add_inertial(link, model, body)
    add_geoms(link, model, body)
    if name == 'world':
        _add_squares(link, model)
    if name == names.ROBOT:
        sdf_robot.complete(it, link, world, body)


def _add_squares(link: Element, model: mujoco.MjModel) -> None:
    """
    Append the floor's checkered texture as squares, since a world of one file has no pictures.

    A checker has two by two squares in each repetition of the texture.  MuJoCo clips the light on
    a texture before it multiplies the two, and that from above is more than 1: the squares are as
    much darker.
    """
    geom = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, 'floor')
    material = model.geom_matid[geom]
    texture = model.mat_texid[material, mujoco.mjtTextureRole.mjTEXROLE_RGB]
    height, width = model.tex_height[texture], model.tex_width[texture]
    first, depth = model.tex_adr[texture], model.tex_nchannel[texture]
    pixels = model.tex_data[first:first + height * width * depth].reshape(height, width, depth)
    colours = pixels[height // 4::height // 2, width // 4::width // 2, :3] / 255    # (2, 2, 3)
    head = model.vis.headlight
    colours /= np.maximum(head.ambient + head.diffuse + model.light_diffuse[0], 1.0)
    counts = 2 * model.mat_texrepeat[material].astype(int)
    size = 2 * model.geom_size[geom, :2] / counts
    for row in range(counts[1]):
        for column in range(counts[0]):
            centre = (np.array([column, row]) + 0.5) * size - model.geom_size[geom, :2]
            visual = add(link, 'visual', name=f'floor_{row}_{column}')
            add(visual, 'pose', [*centre, 0, 0, 0, 0])
            plane = add(add(visual, 'geometry'), 'plane')
            add(plane, 'normal', [0, 0, 1])
            add(plane, 'size', size)
            # a texture's first row is its upper one
            add_material(visual, [*colours[1 - row % 2, column % 2], 1])


def _add_ceiling(place: Element, world: World) -> None:
    """Append the ceiling's camera."""
    camera = mujoco.mj_name2id(world.model, mujoco.mjtObj.mjOBJ_CAMERA, 'ceiling')
    it = add(place, 'model', name='ceiling')
    add(it, 'static', True)
    add(it, 'pose', camera_pose(world.model.cam_pos[camera], world.model.cam_quat[camera]))
    sdf_robot.add_camera(add(it, 'link', name='link'), world, names.CAMERAS[0])
