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

"""The MuJoCo world: a seeded cell, a robot that can slip and collide, two cameras."""

from dataclasses import dataclass
import math

import mujoco
import numpy as np

from jepa_ros.sim import warehouse as cell
from jepa_ros.sim.floor import Floor
from jepa_ros.types import Image

CAMERAS = ('ceiling', 'front')
# two touches closer than this are one: a body in contact chatters
TOUCH_GAP_S = 0.5


@dataclass(frozen=True)
class WorldConfig:
    """
    What varies from seed to seed.

    ``appearance`` in [0, 1] scales how far colours and light stray from the nominal ones.
    ``acceleration_m_s2`` and ``acceleration_rad_s2`` limit the base controller.  Pictures are
    ``image_width_px`` by ``image_height_px``; the vertical field of view is the same at any size.
    """

    appearance: float = 0.5
    acceleration_m_s2: float = 1.5
    acceleration_rad_s2: float = 6.0
    image_width_px: int = cell.IMAGE_WIDTH_PX
    image_height_px: int = cell.IMAGE_HEIGHT_PX

    def __post_init__(self) -> None:
        """Refuse nonsense; ValueError names the value and the limit."""
        if not 0.0 <= self.appearance <= 1.0:
            raise ValueError(f'appearance is {self.appearance}, must be in [0, 1]')
        for name in ('acceleration_m_s2', 'acceleration_rad_s2'):
            if not 0.0 < getattr(self, name) < 100.0:
                raise ValueError(f'{name} is {getattr(self, name)}, must be in (0, 100)')
        for name in ('image_width_px', 'image_height_px'):
            if not 16 <= getattr(self, name) <= 4096:
                raise ValueError(f'{name} is {getattr(self, name)}, must be in [16, 4096]')


@dataclass(frozen=True)
class Intrinsics:
    """A pinhole camera without distortion; all in pixels."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float


@dataclass(frozen=True)
class Pose:
    """Where the robot stands: x, y in metres, yaw in radians."""

    x: float
    y: float
    yaw: float


class World:
    """
    The cell with its robot.

    ``reset(seed)`` lays out totes, colours, light and the robot; ``step`` drives it;
    ``render`` looks at it.  The same seed and commands give the same world.
    """

    def __init__(self, config: WorldConfig | None = None, seed: int = 0) -> None:
        self.config = config or WorldConfig()
        self.model = mujoco.MjModel.from_xml_string(cell.mjcf())
        # the picture that is rendered to is as large as the largest that the model foresees
        self.model.vis.global_.offwidth = self.config.image_width_px
        self.model.vis.global_.offheight = self.config.image_height_px
        self.data = mujoco.MjData(self.model)
        self._renderer: mujoco.Renderer | None = None
        self._nominal_rgba = self.model.geom_rgba.copy()
        self._nominal_diffuse = self.model.light_diffuse.copy()
        self._robot_qpos = self._qpos_address('robot')
        self._robot_dof = int(self.model.jnt_dofadr[self._joint('robot')])
        self._wheel_dofs = [int(self.model.jnt_dofadr[self._joint(f'{side}_wheel_joint')])
                            for side in ('left', 'right')]
        self._robot_bodies = frozenset(
            self._body(name) for name in ('robot', 'left_wheel', 'right_wheel'))
        self._floor_geom = self._geom('floor')
        self.reset(seed)

    def _joint(self, name: str) -> int:
        return mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_JOINT, name)

    def _body(self, name: str) -> int:
        return mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_BODY, name)

    def _geom(self, name: str) -> int:
        return mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_GEOM, name)

    def _qpos_address(self, joint: str) -> int:
        return int(self.model.jnt_qposadr[self._joint(joint)])

    def reset(self, seed: int, start: Pose | None = None) -> None:
        """Lay the cell out from a seed; the robot stands at ``start`` or a random free pose."""
        self.seed = seed
        rng = np.random.default_rng(seed)
        mujoco.mj_resetData(self.model, self.data)
        self._speed_m_s = self._turn_rad_s = 0.0
        self.collisions = 0
        self._touched_s: dict[int, float] = {}
        self.distance_m = 0.0
        self._vary_appearance(rng)
        floor = Floor.without_totes()
        totes = []
        for i in range(cell.TOTES):
            x, y = floor.sample_tote(rng, totes)
            totes.append((x, y))
            self._place(f'tote_{i}', Pose(x, y, rng.uniform(-math.pi, math.pi)),
                        cell.TOTE_HALF_M[2])
        self.floor = Floor.with_totes(tuple(totes))
        self.place_robot(start or Pose(*self.floor.sample_pose(rng)))

    def _place(self, joint: str, pose: Pose, z: float) -> None:
        a = self._qpos_address(joint)
        self.data.qpos[a:a + 7] = (pose.x, pose.y, z, math.cos(pose.yaw / 2), 0, 0,
                                   math.sin(pose.yaw / 2))
        d = int(self.model.jnt_dofadr[self._joint(joint)])
        self.data.qvel[d:d + 6] = 0.0

    def place_robot(self, pose: Pose) -> None:
        """Put the robot down at a pose, at rest."""
        self._place('robot', pose, 0.002)
        self.data.qvel[self._wheel_dofs] = 0.0
        self._speed_m_s = self._turn_rad_s = 0.0
        mujoco.mj_forward(self.model, self.data)

    def _vary_appearance(self, rng: np.random.Generator) -> None:
        a = self.config.appearance
        rgba = self._nominal_rgba.copy()
        # the marks, which are the last, keep their colours
        others = rgba[:int(self.model.body_geomadr[self._body(cell.MARKS)])]
        others[:, :3] *= 1.0 + a * rng.uniform(-0.15, 0.15, size=(len(others), 3))
        for i in range(cell.TOTES):
            hue = rng.uniform(0.15, 0.9, size=3)
            g = self._geom(f'tote_{i}')
            rgba[g, :3] = (1 - a) * rgba[g, :3] + a * hue
        self.model.geom_rgba[:] = np.clip(rgba, 0.0, 1.0)
        level = 1.0 + a * rng.uniform(-0.4, 0.4)
        tint = 1.0 + a * rng.uniform(-0.1, 0.1, size=3)
        self.model.light_diffuse[:] = self._nominal_diffuse * level * tint
        tilt = a * rng.uniform(-0.5, 0.5, size=2)
        self.model.light_dir[0] = (tilt[0], tilt[1], -1.0)

    @property
    def time_s(self) -> float:
        """Return simulated seconds since the last reset."""
        return float(self.data.time)

    @property
    def pose(self) -> Pose:
        """Return where the robot stands (privileged: for scoring and data, never for planning)."""
        x, y = self.data.qpos[self._robot_qpos:self._robot_qpos + 2]
        w, i, j, k = self.data.qpos[self._robot_qpos + 3:self._robot_qpos + 7]
        yaw = math.atan2(2 * (w * k + i * j), 1 - 2 * (j * j + k * k))
        return Pose(float(x), float(y), yaw)

    @property
    def velocity(self) -> tuple[float, float]:
        """Return the speed along the robot's own x axis in m/s and its turn rate in rad/s."""
        vx, vy = self.data.qvel[self._robot_dof:self._robot_dof + 2]
        yaw = self.pose.yaw
        return (float(vx * math.cos(yaw) + vy * math.sin(yaw)),
                float(self.data.qvel[self._robot_dof + 5]))

    def step(self, command: np.ndarray, duration_s: float) -> None:
        """
        Drive for a while: ``command`` (2,) is speed in m/s and turn rate in rad/s.

        ValueError where it is not finite; values beyond the limits are clamped as a motor would.
        """
        v, w = (float(c) for c in command)
        if not (math.isfinite(v) and math.isfinite(w)):
            raise ValueError(f'command is ({v}, {w}), must be finite')
        v = min(max(v, -cell.MAX_SPEED_M_S), cell.MAX_SPEED_M_S)
        w = min(max(w, -cell.MAX_TURN_RAD_S), cell.MAX_TURN_RAD_S)
        dt = self.model.opt.timestep
        dv, dw = self.config.acceleration_m_s2 * dt, self.config.acceleration_rad_s2 * dt
        for _ in range(round(duration_s / dt)):
            self._speed_m_s += min(max(v - self._speed_m_s, -dv), dv)
            self._turn_rad_s += min(max(w - self._turn_rad_s, -dw), dw)
            self._drive_wheels()
            before = self.data.qpos[self._robot_qpos:self._robot_qpos + 2].copy()
            mujoco.mj_step(self.model, self.data)
            after = self.data.qpos[self._robot_qpos:self._robot_qpos + 2]
            self.distance_m += math.hypot(*(after - before))
            self._count_collisions()

    def _drive_wheels(self) -> None:
        """Set the wheels' torques from the speeds wanted and those that the wheels have."""
        left, right = self.data.qvel[self._wheel_dofs]
        drive = self._speed_m_s / cell.WHEEL_RADIUS_M - (left + right) / 2
        turn = (self._turn_rad_s * cell.WHEEL_SEPARATION_M / 2 / cell.WHEEL_RADIUS_M
                - (right - left) / 2)
        drive_nm = min(max(cell.WHEEL_GAIN * drive, -cell.MAX_DRIVE_NM), cell.MAX_DRIVE_NM)
        turn_nm = min(max(cell.WHEEL_GAIN * turn, -cell.MAX_TURN_NM), cell.MAX_TURN_NM)
        self.data.ctrl[:] = drive_nm - turn_nm, drive_nm + turn_nm

    def _count_collisions(self) -> None:
        """Count each touch of the robot with anything but the floor, once while it lasts."""
        geom_body, now_s = self.model.geom_bodyid, self.time_s
        for pair in self.data.contact.geom[:self.data.ncon]:
            if self._floor_geom in pair:
                continue
            ours = [int(geom_body[g]) in self._robot_bodies for g in pair]
            if ours[0] != ours[1]:
                other = int(pair[ours.index(False)])
                if now_s - self._touched_s.get(other, -math.inf) > TOUCH_GAP_S:
                    self.collisions += 1
                self._touched_s[other] = now_s

    def render(self, camera: str = 'ceiling') -> Image:
        """Return what a camera sees, (h, w, 3) uint8 RGB; KeyError names an unknown camera."""
        if camera not in CAMERAS:
            raise KeyError(f'camera {camera!r} is not one of {", ".join(CAMERAS)}')
        if self._renderer is None:
            self._renderer = mujoco.Renderer(
                self.model, self.config.image_height_px, self.config.image_width_px)
        self._renderer.update_scene(self.data, camera=camera, scene_option=self.view(camera))
        return self._renderer.render()

    def view(self, camera: str) -> mujoco.MjvOption:
        """Return what a camera is shown: the marks only where it is the robot's."""
        option = mujoco.MjvOption()
        option.geomgroup[cell.MARKS_GROUP] = camera == 'front'
        return option

    def render_at(self, pose: Pose, camera: str = 'ceiling') -> Image:
        """Return a camera's view with the robot at a pose: a goal picture, (h, w, 3)."""
        qpos, qvel = self.data.qpos.copy(), self.data.qvel.copy()
        speeds = self._speed_m_s, self._turn_rad_s
        self.place_robot(pose)
        image = self.render(camera).copy()
        self.data.qpos[:], self.data.qvel[:] = qpos, qvel
        self._speed_m_s, self._turn_rad_s = speeds
        mujoco.mj_forward(self.model, self.data)
        return image

    def intrinsics(self, camera: str) -> Intrinsics:
        """Return a camera's pinhole parameters."""
        fovy = {'ceiling': cell.CEILING_FOVY_DEG, 'front': cell.FRONT_FOVY_DEG}[camera]
        width, height = self.config.image_width_px, self.config.image_height_px
        f = height / 2 / math.tan(math.radians(fovy) / 2)
        return Intrinsics(width, height, f, f, width / 2, height / 2)

    def close(self) -> None:
        """Free the renderer."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
