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

"""What is seen of an SDF world, as MJCF: so that MuJoCo can show what Gazebo would be given."""

from math import atan, degrees, tan
from xml.etree import ElementTree

from jepa_ros.sim import warehouse as cell

# a camera that looks along x, with z up, as one that looks along -z, with y up
_LENS = 'xyaxes="0 -1 0 0 0 1"'
FLAGGED_GROUP = 4       # of what has visibility flags of its own


def sees_flagged(sdf: str, camera: str) -> bool:
    """Return whether a camera sees what has visibility flags; all of it has the same."""
    root = ElementTree.fromstring(sdf)
    (flags,) = {int(flags.text) for flags in root.iter('visibility_flags')}
    (mask,) = (sensor.findtext('camera/visibility_mask') or str((1 << 32) - 1)
               for sensor in root.iter('sensor') if sensor.get('name') == camera)
    return bool(flags & int(mask))


def as_mjcf(sdf: str) -> str:
    """Return what is to be seen in an SDF text as a MuJoCo model of fixed bodies."""
    world = ElementTree.fromstring(sdf).find('world')
    models = ''.join(_model(model) for model in world.findall('model'))
    ambient = ' '.join(world.findtext('scene/ambient').split()[:3])
    # SDF turns about the fixed axes x, y, z, one after the other
    return (f'<mujoco><compiler angle="radian" eulerseq="XYZ"/><visual>'
            f'<headlight ambient="{ambient}" diffuse="0 0 0" specular="0 0 0"/>'
            f'<global offwidth="{cell.IMAGE_WIDTH_PX}" offheight="{cell.IMAGE_HEIGHT_PX}"/>'
            f'<quality shadowsize="0" offsamples="0"/><map znear="0.01"/></visual>'
            f'<worldbody>{_light(world.find("light"))}{models}</worldbody></mujoco>')


def _light(light: ElementTree.Element) -> str:
    diffuse = ' '.join(light.findtext('diffuse').split()[:3])
    return (f'<light directional="true" castshadow="false" dir="{light.findtext("direction")}" '
            f'diffuse="{diffuse}" specular="0 0 0"/>')


def _model(model: ElementTree.Element) -> str:
    links = ''.join(f'<body {_place(link)}>{"".join(map(_visual, link.findall("visual")))}'
                    f'{"".join(map(_camera, link.findall("sensor")))}</body>'
                    for link in model.findall('link'))
    return f'<body {_place(model)}>{links}</body>'


def _place(element: ElementTree.Element) -> str:
    words = (element.findtext('pose') or '0 0 0 0 0 0').split()
    return f'pos="{" ".join(words[:3])}" euler="{" ".join(words[3:])}"'


def _visual(visual: ElementTree.Element) -> str:
    (shape,) = visual.find('geometry')
    numbers = [float(word) for tag in ('size', 'radius', 'radii')
               for word in (shape.findtext(tag) or '').split()]
    halves = [n / 2 for n in numbers]
    size = {'box': halves, 'plane': [*halves, 0.1], 'sphere': numbers,
            'ellipsoid': numbers}[shape.tag]
    group = FLAGGED_GROUP if visual.find('visibility_flags') is not None else 0
    return (f'<geom group="{group}" type="{shape.tag}" size="{" ".join(map(str, size))}" '
            f'{_place(visual)} rgba="{visual.findtext("material/diffuse")}"/>')


def _camera(sensor: ElementTree.Element) -> str:
    wide, high = (float(sensor.findtext(f'camera/image/{side}')) for side in ('width', 'height'))
    across = float(sensor.findtext('camera/horizontal_fov'))
    return (f'<body {_place(sensor)}><camera name="{sensor.get("name")}" {_LENS} '
            f'fovy="{_vertical(across, wide, high)}"/></body>')


def _vertical(across: float, wide: float, high: float) -> float:
    return degrees(2 * atan(tan(across / 2) * high / wide))
