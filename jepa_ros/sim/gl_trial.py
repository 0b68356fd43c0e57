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

"""Draw a red ball: whether MuJoCo renders here, the way that MUJOCO_GL says."""

SCENE = """<mujoco><worldbody>
  <light pos="0 0 3"/><geom type="sphere" size="0.5" rgba="1 0 0 1"/>
  <camera name="eye" pos="0 -2 0" xyaxes="1 0 0 0 0 1"/>
</worldbody></mujoco>"""


def draw_ball() -> None:
    """Draw a red ball on black; RuntimeError where the middle of the picture is not red."""
    import mujoco

    model = mujoco.MjModel.from_xml_string(SCENE)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    with mujoco.Renderer(model, height=32, width=32) as renderer:
        renderer.update_scene(data, camera='eye')
        red, green, _ = (int(value) for value in renderer.render()[16, 16])
    if red <= green + 30:
        raise RuntimeError(f'the ball came out with red {red}, green {green}')


if __name__ == '__main__':
    draw_ball()
