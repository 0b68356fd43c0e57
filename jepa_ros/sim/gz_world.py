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

"""Checks of a Gazebo world: its systems, its wheels against its drive, its cameras."""

from collections.abc import Iterator
import math

import numpy as np

from jepa_ros.sim.gz_form import name_of, numbers, text_of
from jepa_ros.sim.gz_plugins import NEEDED, PLUGINS, PREFIX
from jepa_ros.sim.sdf_text import Element

# metres, radians: what six decimals may hide
_CLOSE = 1e-4
_FILES = {plugin.file: name for name, plugin in PLUGINS.items()}


def plugins(world: Element) -> Iterator[tuple[Element, Element]]:
    """Yield every plugin with what it is attached to."""
    for parent in world.iter():
        for plugin in parent.findall('plugin'):
            yield plugin, parent


def drives(world: Element) -> Iterator[tuple[Element, Element]]:
    """Yield every DiffDrive with its model."""
    for plugin, parent in plugins(world):
        if plugin.get('name') == PREFIX + 'DiffDrive':
            yield plugin, parent


def cameras(world: Element) -> Iterator[tuple[Element, str]]:
    """Yield every camera's sensor with its name and its model's."""
    for model in world.iter('model'):
        for sensor in model.findall('link/sensor'):
            if sensor.get('type') == 'camera':
                yield sensor, name_of(sensor, name_of(model))


def check_systems(world: Element) -> list[str]:
    """Return what is wrong with the systems: file and name, place, children, those that lack."""
    faults = []
    for plugin, parent in plugins(world):
        file = str(plugin.get('filename')).removeprefix('lib').removesuffix('.so')
        full = str(plugin.get('name'))
        name = full.removeprefix(PREFIX)
        known = PLUGINS.get(name)
        if known is None or full == name:
            if file in _FILES:
                faults.append(f'plugin file {file} does not hold {full}, but '
                              f'{PREFIX}{_FILES[file]}')
            continue
        if file != known.file:
            faults.append(f'plugin {full} is not in the file {file}, but in {known.file}')
        if parent.tag != known.parent:
            faults.append(f'plugin {full} is in {name_of(parent)}, belongs in a {known.parent}')
        children = {child.tag for child in plugin}
        faults += [f'plugin {full} of {name_of(parent)} has no child <{tag}>'
                   for tag in sorted(known.required)
                   if tag not in children or not text_of(plugin, tag)]
        faults += [f'plugin {full} of {name_of(parent)} has a child <{tag}> that it does not know'
                   for tag in sorted(children - known.required - known.optional)
                   if known.required | known.optional]
    present = {str(plugin.get('name')) for plugin in world.findall('plugin')}
    faults += [f'the world has no plugin {PREFIX}{name} ({PLUGINS[name].file})'
               for name in NEEDED if PREFIX + name not in present]
    return faults


def check_wheels(world: Element) -> list[str]:
    """Return where a drive's joints, wheel radius and separation are not those of its model."""
    faults = []
    for plugin, model in drives(world):
        where = name_of(model)
        joints = {joint.get('name'): joint for joint in model.findall('joint')}
        links = {link.get('name'): link for link in model.findall('link')}
        across: dict[str, list[float]] = {}         # y of each side's wheels, m
        for side in ('left', 'right'):
            for element in plugin.findall(f'{side}_joint'):
                name = (element.text or '').strip()
                if name not in joints:
                    faults.append(f'DiffDrive of {where} drives {side}_joint {name!r}, joints of '
                                  f'the model: {", ".join(map(str, joints)) or "none"}')
                    continue
                joint = joints[name]
                wheel = links.get(text_of(joint, 'child'))
                if wheel is None or text_of(joint, 'parent') not in {*links, 'world'}:
                    faults.append(f'joint {name!r} of {where} joins {text_of(joint, "parent")!r} '
                                  f'and {text_of(joint, "child")!r}, links of the model: '
                                  f'{", ".join(map(str, links))}')
                    continue
                place = _pose(wheel)
                across.setdefault(side, []).append(place[1][1])
                faults += _wheel_faults(plugin, joint, wheel, place, where)
        if len(across) == 2:
            geometry = float(np.mean(across['left']) - np.mean(across['right']))
            told = _number(plugin, 'wheel_separation')
            if not math.isclose(told, geometry, abs_tol=_CLOSE):
                faults.append(f'wheel_separation of {where} is {told:g} m, its left and right '
                              f'wheels are {geometry:g} m apart')
    return faults


def _wheel_faults(plugin: Element, joint: Element, wheel: Element,
                  place: tuple[np.ndarray, np.ndarray], where: str) -> Iterator[str]:
    name, rotation = joint.get('name'), place[0]
    axis = numbers(joint.find('axis/xyz'))
    if joint.get('type') not in ('revolute', 'continuous') or len(axis) != 3:
        yield f'joint {name!r} of {where} is {joint.get("type")}, a wheel turns on a revolute one'
        return
    forward = rotation @ _pose(joint)[0] @ axis
    if not np.allclose(forward, [0, 1, 0], atol=_CLOSE):
        yield (f'joint {name!r} of {where} turns about {np.round(forward, 3).tolist()}, must be '
               '[0, 1, 0] for the wheel to roll forward')
    told = _number(plugin, 'wheel_radius')
    radii = [numbers(radius)[0] for radius in wheel.findall('collision/geometry//radius')
             if numbers(radius)]
    if not radii:
        yield f'{name_of(wheel, where)} has no round collision'
    for radius in radii:
        if not math.isclose(told, radius, abs_tol=_CLOSE):
            yield (f'wheel_radius of {where} is {told:g} m, the radius of {name_of(wheel)} is '
                   f'{radius:g} m')
        if not math.isclose(place[1][2], radius, abs_tol=_CLOSE):
            yield (f'{name_of(wheel, where)} has its centre {place[1][2]:g} m above the floor, a '
                   f'radius of {radius:g} m: it does not stand on it')


def check_masses(world: Element) -> list[str]:
    """Return the links that move without a mass, or whose moments no body can have."""
    faults = []
    for model in world.iter('model'):
        if text_of(model, 'static') == 'true':
            continue
        for link in model.findall('link'):
            where, inertial = name_of(link, name_of(model)), link.find('inertial')
            if inertial is None:
                faults.append(f'{where} moves and has no inertial')
                continue
            mass = (numbers(inertial.find('mass')) or [0.0])[0]
            x, y, z, xy, xz, yz = (
                (numbers(inertial.find(f'inertia/{axes}')) or [0.0])[0]
                for axes in ('ixx', 'iyy', 'izz', 'ixy', 'ixz', 'iyz'))
            low, mid, high = np.linalg.eigvalsh([[x, xy, xz], [xy, y, yz], [xz, yz, z]])
            if mass <= 0 or low <= 0 or low + mid < high * (1 - 1e-6):
                faults.append(f'{where} has {mass:g} kg and principal moments {low:g}, {mid:g}, '
                              f'{high:g} kg m^2: no body has those')
    return faults


def _number(element: Element, tag: str) -> float:
    return (numbers(element.find(tag)) or [math.nan])[0]


def _pose(element: Element) -> tuple[np.ndarray, np.ndarray]:
    """Return the rotation (3, 3) and place (3,) of an element in what it hangs on."""
    x, y, z, roll, pitch, yaw = numbers(element.find('pose')) or [0.0] * 6
    (cr, cp, cy), (sr, sp, sy) = np.cos([roll, pitch, yaw]), np.sin([roll, pitch, yaw])
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x, np.array([x, y, z])
