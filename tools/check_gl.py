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

"""Print which of MuJoCo's ways to render without a screen really works here: egl or osmesa."""

import os
import subprocess
import sys

WAYS = ('egl', 'osmesa')


def render() -> None:
    """Draw a ball the way that MUJOCO_GL says; RuntimeError where it does not come out red."""
    from jepa_ros.sim.gl_trial import draw_ball

    draw_ball()


def main() -> int:
    """Try each way in a process of its own, since a broken driver may end it; return 0 or 1."""
    if sys.argv[1:] == ['--render']:
        render()
        return 0
    chosen = os.environ.get('MUJOCO_GL')
    for way in (chosen,) if chosen else WAYS:
        environment = dict(os.environ, MUJOCO_GL=way)
        try:
            attempt = subprocess.run(
                [sys.executable, __file__, '--render'], env=environment, timeout=120,
                capture_output=True, text=True)
        except subprocess.TimeoutExpired:
            print(f'{way}: no picture within 120 s', file=sys.stderr)
            continue
        if attempt.returncode == 0:
            print(way)
            return 0
        last = (attempt.stderr.strip().splitlines() or ['(no message)'])[-1]
        print(f'{way}: exit {attempt.returncode}: {last}', file=sys.stderr)
    return 1


if __name__ == '__main__':
    sys.exit(main())
