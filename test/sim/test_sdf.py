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

"""The world for Gazebo is that of MuJoCo: the file that is shipped, and what is seen of it."""

import copy
import math
from pathlib import Path
from xml.etree import ElementTree

import mujoco
import numpy as np
import pytest
from sdf_view import as_mjcf, FLAGGED_GROUP, sees_flagged

from jepa_ros.sim import gz_names
from jepa_ros.sim import warehouse as cell
from jepa_ros.sim.sdf import sdf
from jepa_ros.sim.world import CAMERAS, World, WorldConfig

SHIPPED = Path(__file__).parents[2] / 'worlds' / 'warehouse.sdf'


@pytest.fixture(scope='module')
def plain():
    """Return a world without strayed colours, laid out from seed 0."""
    world = World(WorldConfig(appearance=0.0), 0)
    yield world
    world.close()


@pytest.fixture(scope='module')
def shipped() -> ElementTree.Element:
    """Return the root of the file that is shipped."""
    return ElementTree.parse(SHIPPED).getroot()


def test_the_file_is_what_the_description_makes_of_it(plain):
    assert SHIPPED.read_text() == sdf(plain), 'write it again: jepa gazebo --write FILE'


def test_another_seed_is_another_layout(plain):
    other = World(WorldConfig(appearance=0.0), 1)
    try:
        assert sdf(other) != sdf(plain)
        assert sdf(other) == sdf(other)
    finally:
        other.close()


@pytest.fixture(scope='module')
def seen() -> mujoco.MjModel:
    """Return a model of what is to be seen of the file that is shipped."""
    return mujoco.MjModel.from_xml_string(as_mjcf(SHIPPED.read_text()))


def option(camera: str) -> mujoco.MjvOption:
    """Return what a camera of the file that is shipped is shown."""
    it = mujoco.MjvOption()
    it.geomgroup[FLAGGED_GROUP] = sees_flagged(SHIPPED.read_text(), camera)
    return it


def picture(model: mujoco.MjModel, data: mujoco.MjData, camera: str,
            shown: mujoco.MjvOption) -> np.ndarray:
    """Return what a camera of a model sees, (480, 640, 3) in grey levels."""
    mujoco.mj_forward(model, data)
    with mujoco.Renderer(model, cell.IMAGE_HEIGHT_PX, cell.IMAGE_WIDTH_PX) as renderer:
        renderer.update_scene(data, camera=camera, scene_option=shown)
        return renderer.render().astype(int)


def assert_same(one: np.ndarray, other: np.ndarray) -> None:
    assert np.mean(one.max(axis=2) > 0) > 0.4       # it is no picture of nothing
    apart = np.abs(one - other).max(axis=2)
    # the texture is blurred where its squares meet, and an edge may fall beside a pixel
    assert np.mean(apart > 6) < 0.001


def test_from_above_it_looks_like_the_simulator(plain, seen):
    assert_same(picture(seen, mujoco.MjData(seen), 'ceiling', option('ceiling')),
                plain.render('ceiling'))


@pytest.mark.parametrize('camera', CAMERAS)
def test_in_flat_light_it_looks_like_the_simulator_from_each_camera(plain, seen, camera):
    """In MuJoCo each camera brings a light of its own, which a world for Gazebo cannot have."""
    pictures = []
    for model, data, shown in ((seen, mujoco.MjData(seen), option(camera)),
                               (plain.model, plain.data, plain.view(camera))):
        flat = copy.deepcopy(model)
        flat.vis.headlight.ambient[:] = 1.3
        flat.vis.headlight.diffuse[:] = 0.0
        flat.light_diffuse[:] = 0.0
        pictures.append(picture(flat, data, camera, shown))
    assert_same(*pictures)


def test_it_weighs_what_the_simulated_robot_weighs(plain, shipped):
    bodies = ['robot', 'left_wheel', 'right_wheel']
    robot = shipped.find("world/model[@name='robot']")
    masses = [float(mass.text) for mass in robot.iterfind('link/inertial/mass')]
    assert sum(masses) == pytest.approx(sum(plain.model.body(b).mass[0] for b in bodies))


def test_its_cameras_are_the_simulator_node_s(shipped):
    pytest.importorskip('rclpy')
    from jepa_ros.ros import simulator_node
    defaults = {entry.name: entry.default for entry in simulator_node.TABLE}
    assert {camera.name: (camera.prefix, camera.frame) for camera in gz_names.CAMERAS} == (
        simulator_node.CAMERAS)
    assert pytest.approx(1 / simulator_node.STEP_S) == gz_names.ODOM_RATE_HZ
    fovy = {'ceiling': cell.CEILING_FOVY_DEG, 'front': cell.FRONT_FOVY_DEG}
    sensors = {s.get('name'): s for s in shipped.iter('sensor')}
    assert set(sensors) == set(CAMERAS)
    for name, sensor in sensors.items():
        prefix, frame = simulator_node.CAMERAS[name]
        assert sensor.findtext('topic') == f'/{prefix}/image_raw'
        assert sensor.findtext('camera/camera_info_topic') == f'/{prefix}/camera_info'
        assert sensor.findtext('camera/optical_frame_id') == frame
        assert float(sensor.findtext('update_rate')) == defaults['camera_rate_hz']
        wide, high = (int(sensor.findtext(f'camera/image/{side}')) for side in (
            'width', 'height'))
        assert (wide, high) == (defaults['image_width_px'], defaults['image_height_px'])
        across = float(sensor.findtext('camera/horizontal_fov'))
        up = 2 * math.degrees(math.atan(math.tan(across / 2) * high / wide))
        assert up == pytest.approx(fovy[name], abs=1e-3)
        noise = 255 * float(sensor.findtext('camera/noise/stddev'))
        assert noise == pytest.approx(defaults['noise'], abs=1e-3)


def test_its_drive_has_the_simulator_s_limits(shipped):
    drive = next(p for p in shipped.iter('plugin') if p.get('name').endswith('DiffDrive'))
    config = WorldConfig()
    for kind, limit in (('linear_velocity', cell.MAX_SPEED_M_S),
                        ('angular_velocity', cell.MAX_TURN_RAD_S),
                        ('linear_acceleration', config.acceleration_m_s2),
                        ('angular_acceleration', config.acceleration_rad_s2)):
        assert float(drive.findtext(f'min_{kind}')) == -limit
        assert float(drive.findtext(f'max_{kind}')) == limit


def test_the_verb_writes_other_layouts_and_finds_nothing_wrong(tmp_path, capsys):
    pytest.importorskip('rclpy')
    from jepa_ros.cli.main import main
    file = tmp_path / 'other.sdf'
    assert main(['gazebo', '--write', str(file), '--seed', '7']) == 0
    assert file.read_text() != SHIPPED.read_text()
    assert main(['gazebo', '--world', str(file)]) == 0
    assert 'agree' in capsys.readouterr().out
    assert main(['gazebo', '--write', str(file), '--seed', '-1']) == 2
    assert '--seed is -1' in capsys.readouterr().err
