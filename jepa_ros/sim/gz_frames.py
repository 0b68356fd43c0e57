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

"""The frames of a Gazebo world against the parameters of our nodes, and what its cameras give."""

from collections.abc import Mapping

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from jepa_ros.sim.gz_form import name_of, numbers, text_of
from jepa_ros.sim.gz_names import CAMERAS, ODOM_FRAME
from jepa_ros.sim.gz_topics import full
from jepa_ros.sim.gz_world import cameras, drives
from jepa_ros.sim.sdf_text import Element

_PICTURES = {full(camera.image): camera for camera in CAMERAS}


def parameters(text: str, node: str) -> dict[str, object]:
    """Return a node's parameters of a ROS parameter file; ValueError where it is no such file."""
    try:
        file = YAML(typ='safe', pure=True).load(text)
    except YAMLError as error:
        raise ValueError(f'the parameters of {node} are not YAML: {error}') from error
    found: dict[str, object] = {}
    for name, table in (file if isinstance(file, dict) else {}).items():
        if str(name).rsplit('/', 1)[-1] in (node, '**') and isinstance(table, dict):
            found |= table.get('ros__parameters') or {}
    if not found:
        raise ValueError(f'the file has no parameters of {node}')
    return found


def check_frames(world: Element, nodes: Mapping[str, Mapping[str, object]]) -> list[str]:
    """
    Return where frames differ: the drive's, those in pictures, those that nodes are told.

    ``nodes`` are the parameters of each of our nodes; frame_id counts, where one has it.
    """
    faults = []
    bases = set()
    for plugin, model in drives(world):
        where = name_of(model)
        base, odom = text_of(plugin, 'child_frame_id'), text_of(plugin, 'frame_id')
        bases.add(base)
        links = model.findall('link')
        if links and links[0].get('name') != base:
            faults.append(f'child_frame_id of {where} is {base!r}, its first link, which the '
                          f'odometry is of, is {links[0].get("name")!r}')
        if odom != ODOM_FRAME:
            faults.append(f'frame_id of {where} is {odom!r}, the frame of odometry is '
                          f'{ODOM_FRAME!r} everywhere else')
        faults += [f'child_frame_id of {where} is {base!r}, frame_id of {node} is '
                   f'{told["frame_id"]!r}'
                   for node, told in nodes.items()
                   if 'frame_id' in told and told['frame_id'] != base]
    for sensor, where in cameras(world):
        frame = text_of(sensor, 'camera/optical_frame_id')
        known = _PICTURES.get(full(text_of(sensor, 'topic')))
        if not frame:
            faults.append(f'{where} has no <optical_frame_id>: the frame of its pictures would be '
                          'the name of the sensor')
        elif known is not None and frame != known.frame:
            faults.append(f'optical_frame_id of {where} is {frame!r}, the pictures of '
                          f'{known.image} are in {known.frame!r}')
        elif frame in bases:
            faults.append(f'optical_frame_id of {where} is {frame!r}, the base of the robot')
    return faults


def check_pictures(world: Element, planner: Mapping[str, object]) -> list[str]:
    """Return the cameras whose pictures the planner would not drive by: too few, or repeated."""
    faults = []
    oldest = float(str(planner.get('max_frame_age_s', 0.3)))
    for sensor, where in cameras(world):
        rate = (numbers(sensor.find('update_rate')) or [0.0])[0]
        noise = (numbers(sensor.find('camera/noise/stddev')) or [0.0])[0]
        if not text_of(sensor, 'topic'):
            faults.append(f'{where} has no <topic>: the one that Gazebo gives it is not bridged')
        if rate * oldest < 2:
            faults.append(f'{where} has an update_rate of {rate:g} Hz, must be {2 / oldest:g} or '
                          f'more: a frame may be {oldest:g} s old')
        if noise <= 0 and planner.get('refuse_repeats', True):
            faults.append(f'{where} has no noise: a robot that stands still would get the same '
                          'picture again, which refuse_repeats takes for a frozen camera')
    return faults
