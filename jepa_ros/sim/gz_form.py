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
The form of an SDF world: what stands in what, what may not lack, how many numbers make a value.

The subset of SDF 1.11 that robots, rooms and cameras are made of.  Gazebo passes over a child
that it does not know with a warning, so a misspelt one is found here.
"""

from collections.abc import Iterator
import difflib
import math
from xml.etree import ElementTree

from jepa_ros.sim.sdf_text import Element

VERSIONS = ('1.9', '1.10', '1.11')      # Harmonic reads all three

# tag: (attributes and children that it must have, children that it may have)
_TAGS = {
    'world': ('@name physics', 'audio wind include gravity magnetic_field atmosphere gui scene '
              'light frame joint model actor plugin road spherical_coordinates state population'),
    'physics': ('@type max_step_size real_time_factor', 'real_time_update_rate max_contacts dart '
                'simbody bullet ode'),
    'scene': ('ambient background', 'sky shadows fog grid origin_visual'),
    'light': ('@name @type', 'cast_shadows light_on visualize intensity pose diffuse specular '
              'attenuation direction spot'),
    'model': ('@name', 'static self_collide allow_auto_disable frame pose link joint plugin '
              'gripper include model enable_wind'),
    'link': ('@name', 'gravity enable_wind self_collide kinematic must_be_base_link '
             'velocity_decay pose inertial collision visual sensor projector audio_sink '
             'audio_source battery light particle_emitter'),
    'joint': ('@name @type parent child', 'gearbox_ratio gearbox_reference_body thread_pitch '
              'screw_thread_pitch axis axis2 physics pose sensor'),
    'axis': ('xyz', 'dynamics limit mimic'),
    'limit': ('', 'lower upper effort velocity stiffness dissipation'),
    'inertial': ('mass inertia', 'density auto_inertia_params pose fluid_added_mass'),
    'inertia': ('ixx iyy izz', 'ixy ixz iyz'),
    'collision': ('@name geometry', 'laser_retro max_contacts density auto_inertia_params pose '
                  'surface'),
    'visual': ('@name geometry', 'cast_shadows laser_retro transparency visibility_flags meta '
               'pose material plugin'),
    'geometry': ('', 'empty box capsule cone cylinder ellipsoid heightmap image mesh plane '
                 'polyline sphere'),
    'box': ('size', ''), 'sphere': ('radius', ''), 'cylinder': ('radius length', ''),
    'plane': ('normal size', ''), 'ellipsoid': ('radii', ''),
    'material': ('', 'script shader render_order lighting ambient diffuse specular shininess '
                 'emissive double_sided pbr'),
    'sensor': ('@name @type', 'always_on update_rate visualize topic enable_metrics pose plugin '
               'air_pressure air_speed altimeter camera contact force_torque gps imu lidar '
               'logical_camera magnetometer navsat ray rfid rfidtag sonar transceiver '
               'gz_frame_id'),
    'camera': ('horizontal_fov image clip', 'triggered camera_info_topic trigger_topic save '
               'depth_camera segmentation_type box_type noise distortion lens visibility_mask '
               'optical_frame_id pose'),
    'clip': ('near far', ''),
    'plugin': ('@filename @name', ''),
}
_CAMERA_IMAGE = ('width height', 'format anti_aliasing')
# children of these are the plugin's own affair, or the graphics engine's
_OPAQUE = {'plugin', 'gui', 'pbr', 'ode', 'dart', 'bullet', 'simbody', 'include', 'sky'}
# what has so many numbers
_NUMBERS: dict[str, tuple[int, ...]] = {
    'pose': (6,), 'size': (2, 3),
    **dict.fromkeys(('xyz', 'normal', 'radii', 'gravity'), (3,)),
    **dict.fromkeys(('ambient', 'diffuse', 'background'), (3, 4)),
    **dict.fromkeys((
        'mass', 'ixx', 'iyy', 'izz', 'ixy', 'ixz', 'iyz', 'radius', 'length', 'near', 'far',
        'width', 'height', 'horizontal_fov', 'update_rate', 'max_step_size', 'real_time_factor',
        'damping', 'stddev', 'mean', 'mu', 'mu2'), (1,))}
_LARGEST_CHARACTERS = 4_000_000
_DEEPEST = 40


def parse(text: str) -> tuple[Element | None, list[str]]:
    """Return the world of an SDF, None where there is no such thing, and what is wrong with it."""
    if len(text) > _LARGEST_CHARACTERS:
        return None, [f'the SDF has {len(text)} characters, limit {_LARGEST_CHARACTERS}']
    for mark, why in (('<!DOCTYPE', 'it may name other files'),
                      ('<%', 'gz sim runs what follows as Ruby')):
        if mark in text:
            return None, [f'the SDF holds {mark}: {why}; take it out']
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        return None, [f'the SDF is not well-formed XML: {error}']
    if root.tag != 'sdf' or root.get('version') not in VERSIONS:
        return None, [f'the SDF begins with <{root.tag} version={root.get("version")!r}>, must be '
                      f'<sdf> of version {", ".join(VERSIONS)}']
    worlds = root.findall('world')
    if len(worlds) != 1:
        return None, [f'the SDF has {len(worlds)} worlds, must have one']
    return worlds[0], list(_faults(worlds[0], 'world'))


def name_of(element: Element, parent: str = '') -> str:
    """Return how messages call an element: its tag, with its name where it has one."""
    name = element.get('name')
    label = f'{element.tag} {name!r}' if name else element.tag
    return f'{label} of {parent}' if parent else label


def numbers(element: Element | None) -> list[float]:
    """Return the numbers that an element holds, none where it is missing or holds others."""
    words = '' if element is None else element.text or ''
    try:
        return [float(word) for word in words.split()]
    except ValueError:
        return []


def text_of(element: Element, path: str) -> str:
    """Return the text under a path, without the white space about it; '' where there is none."""
    return (element.findtext(path) or '').strip()


def _faults(element: Element, where: str, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST:
        yield f'{where} has elements more than {_DEEPEST} deep'
        return
    must, may = _CAMERA_IMAGE if element.tag == 'image' else _TAGS.get(element.tag, ('', None))
    for wanted in must.split():
        missing = (element.get(wanted[1:]) is None if wanted[0] == '@'
                   else element.find(wanted) is None)
        if missing:
            kind = f'attribute {wanted[1:]}' if wanted[0] == '@' else f'child <{wanted}>'
            yield f'{where} has no {kind}'
    counts = _NUMBERS.get(element.tag)
    if counts is not None:
        found = numbers(element)
        if len(found) not in counts or not all(map(math.isfinite, found)):
            yield (f'<{element.tag}> of {where} is {(element.text or "").strip()!r}, must be '
                   f'finite numbers, {" or ".join(map(str, counts))} of them')
    if element.tag in _OPAQUE:
        return
    allowed = None if may is None else {*(w for w in must.split() if w[0] != '@'), *may.split()}
    seen = set()
    for child in element:
        if allowed is not None and child.tag not in allowed:
            close = difflib.get_close_matches(child.tag, allowed, 1)
            yield (f'{where} has a child <{child.tag}> that Gazebo does not know'
                   + (f', did you mean <{close[0]}>?' if close else ''))
        key = (child.tag, child.get('name'))
        if child.get('name') and key in seen and child.tag != 'plugin':
            yield f'{where} has two of <{child.tag} name={child.get("name")!r}>'
        seen.add(key)
        named = child.tag in _TAGS and child.tag not in ('box', 'plane', 'sphere', 'cylinder')
        yield from _faults(child, name_of(child, where) if named else where, depth + 1)
