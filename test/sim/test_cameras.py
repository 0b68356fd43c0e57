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

"""What the cameras see, and where in the picture it must be."""

import math

import numpy as np
import pytest

from jepa_ros.sim import gl
from jepa_ros.sim import warehouse as cell
from jepa_ros.sim.world import CAMERAS, Pose, World, WorldConfig

CHASSIS_TOP_M = 0.19


@pytest.mark.parametrize('camera', CAMERAS)
def test_pictures_are_rgb8(world, camera):
    picture = world.render(camera)
    assert picture.shape == (480, 640, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 10


def test_an_unknown_camera_is_named(world):
    with pytest.raises(KeyError, match="'rear' is not one of ceiling, front"):
        world.render('rear')


def centre_of_change(a: np.ndarray, b: np.ndarray, columns: slice) -> tuple[float, float]:
    """Return the mean (u, v) of the pixels that differ between two pictures."""
    changed = np.abs(a.astype(int) - b).max(axis=2) > 25
    keep = np.zeros_like(changed)
    keep[:, columns] = changed[:, columns]
    v, u = np.nonzero(keep)
    assert len(u) > 500
    return float(u.mean()), float(v.mean())


@pytest.mark.parametrize('x, y', [(-1.2, 1.3), (-1.2, -0.1), (-0.3, 0.4)])
def test_intrinsics_say_where_the_robot_is_seen(world, x, y):
    far = world.render_at(Pose(1.6, 0.0, 0.0))
    near = world.render_at(Pose(x, y, 0.0))
    u, v = centre_of_change(near, far, slice(0, 360))
    camera = world.intrinsics('ceiling')
    depth_m = cell.CAMERA_HEIGHT_M - CHASSIS_TOP_M
    # the camera looks straight down, x to the right and y up in the picture
    assert u == pytest.approx(camera.cx + camera.fx * x / depth_m, abs=4.0)
    assert v == pytest.approx(camera.cy - camera.fy * y / depth_m, abs=4.0)


def test_intrinsics_of_both_cameras():
    world = World()
    for name, fovy_deg in (('ceiling', cell.CEILING_FOVY_DEG), ('front', cell.FRONT_FOVY_DEG)):
        k = world.intrinsics(name)
        assert (k.width, k.height, k.cx, k.cy) == (640, 480, 320.0, 240.0)
        # the top row of the picture lies half the field of view off the axis
        assert math.degrees(2 * math.atan(k.cy / k.fy)) == pytest.approx(fovy_deg)
        assert k.fx == k.fy


@pytest.mark.parametrize('camera', CAMERAS)
def test_another_size_has_the_same_vertical_view(world, camera):
    wide = World(WorldConfig(appearance=world.config.appearance, image_width_px=320,
                             image_height_px=120), world.seed)
    try:
        wide.place_robot(world.pose)
        seen, usual = wide.render(camera), world.render(camera)
        k = wide.intrinsics(camera)
    finally:
        wide.close()
    assert seen.shape == (120, 320, 3)
    assert (k.width, k.height, k.cx, k.cy) == (320, 120, 160, 60)
    assert k.fy == pytest.approx(world.intrinsics(camera).fy / 4)
    # the middle of the wide picture is the usual one, at a quarter of its size
    small = usual.reshape(120, 4, 160, 4, 3).mean(axis=(1, 3))
    assert np.abs(seen[:, 80:240].astype(float) - small).mean() < 4.0


def test_the_front_camera_looks_ahead(world):
    # four walls, four colours: each fills the upper middle of the picture when faced up close
    seen = []
    for pose in (Pose(1.3, 0.0, 0.0), Pose(-1.3, 0.0, math.pi)):
        world.place_robot(pose)
        seen.append(world.render('front')[200:280, 280:360].reshape(-1, 3).mean(axis=0))
    assert np.abs(seen[0] - seen[1]).max() > 25
    assert seen[0][0] > seen[0][2]      # the wall at +x is orange
    assert seen[1][2] > seen[1][0]      # the one at -x is blue


def test_walls_are_marked_for_the_robot_s_camera_alone():
    world = World(WorldConfig(appearance=0.0))
    marks = world.model.geom_group == cell.MARKS_GROUP
    try:
        assert not world.model.geom_contype[marks].any()        # nothing is felt of them
        marked = {camera: world.render_at(Pose(1.3, 0.0, 0.0), camera).copy()
                  for camera in CAMERAS}
        further = world.render_at(Pose(1.3, 0.4, 0.0), 'front').copy()
        world.model.geom_rgba[marks, 3] = 0.0
        bare = {camera: world.render_at(Pose(1.3, 0.0, 0.0), camera).copy()
                for camera in CAMERAS}
        bare_further = world.render_at(Pose(1.3, 0.4, 0.0), 'front').copy()
    finally:
        world.close()
    np.testing.assert_array_equal(marked['ceiling'], bare['ceiling'])
    # a bare wall looks the same 0.4 m along it, a marked one does not
    for one, other, changed in ((bare['front'], bare_further, (0.0, 0.01)),
                                (marked['front'], further, (0.1, 1.0)),
                                (marked['front'], bare['front'], (0.1, 1.0))):
        share = np.mean(np.abs(one.astype(int) - other).max(axis=2) > 25)
        assert changed[0] <= share <= changed[1]


def test_a_goal_picture_leaves_the_world_as_it_was(world):
    world.step(np.array([0.3, 0.4]), 0.5)
    # MuJoCo draws the state at the beginning of its last 5 ms step; this draws the newest
    world.render_at(Pose(1.0, 0.0, 0.0))
    before = (world.pose, world.velocity, world.time_s, world.distance_m, world.collisions,
              world.data.qpos.copy(), world.data.qvel.copy(), world.render('ceiling').copy())
    picture = world.render_at(Pose(0.0, 0.0, 1.0))
    assert (picture != before[-1]).any()
    after = (world.pose, world.velocity, world.time_s, world.distance_m, world.collisions,
             world.data.qpos, world.data.qvel, world.render('ceiling'))
    for was, now in zip(before, after, strict=True):
        np.testing.assert_array_equal(now, was)


def test_a_goal_picture_does_not_change_the_drive(world):
    ends = []
    for look in (False, True):
        world.reset(3, Pose(0.0, -1.0, 1.4))
        world.step(np.array([0.5, 0.2]), 0.7)
        if look:
            world.render_at(Pose(0.0, 0.5, 0.0))
        world.step(np.array([0.5, 0.2]), 0.7)
        ends.append(world.pose)
    assert ends[0].x == pytest.approx(ends[1].x, abs=1e-6)
    assert ends[0].y == pytest.approx(ends[1].y, abs=1e-6)
    assert ends[0].yaw == pytest.approx(ends[1].yaw, abs=1e-6)


def test_a_goal_picture_shows_the_robot_where_it_says(world):
    pose = Pose(0.0, -0.9, 0.7)
    picture = world.render_at(pose)
    world.place_robot(pose)
    np.testing.assert_array_equal(world.render('ceiling'), picture)


@pytest.mark.parametrize('libraries, chosen', [
    ({'EGL', 'OSMesa'}, 'egl'), ({'OSMesa'}, 'osmesa')])
def test_gl_takes_what_is_there(monkeypatch, libraries, chosen):
    monkeypatch.setenv('MUJOCO_GL', '')
    monkeypatch.setattr(gl.sys, 'platform', 'linux')
    monkeypatch.setattr(gl.ctypes.util, 'find_library',
                        lambda name: name if name in libraries else None)
    assert gl.choose_gl() == chosen
    monkeypatch.setenv('MUJOCO_GL', 'glfw')
    assert gl.choose_gl() == 'glfw'


def test_gl_names_the_packages_that_are_missing(monkeypatch):
    monkeypatch.setenv('MUJOCO_GL', '')
    monkeypatch.setattr(gl.sys, 'platform', 'linux')
    monkeypatch.setattr(gl.ctypes.util, 'find_library', lambda name: None)
    with pytest.raises(RuntimeError, match='apt-get install libegl1'):
        gl.choose_gl()
