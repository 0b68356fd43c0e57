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

"""Choose how MuJoCo renders without a screen, before MuJoCo is imported."""

import ctypes.util
import os
import sys


def choose_gl() -> str:
    """
    Set MUJOCO_GL to what this machine has: egl, then osmesa; return the choice.

    A value that is already set is kept.  RuntimeError names the packages to install where
    neither library is found.
    """
    chosen = os.environ.get('MUJOCO_GL')
    if not chosen:
        if not sys.platform.startswith('linux'):
            return 'default'
        if ctypes.util.find_library('EGL'):
            chosen = 'egl'
        elif ctypes.util.find_library('OSMesa'):
            chosen = 'osmesa'
        else:
            raise RuntimeError(
                'rendering without a screen needs libEGL or libOSMesa, found neither; '
                'install one: sudo apt-get install libegl1 libgl1-mesa-dri (or libosmesa6)')
        os.environ['MUJOCO_GL'] = chosen
    # a software renderer takes every core it sees; the planner needs the other one
    os.environ.setdefault('LP_NUM_THREADS', '1')
    return chosen
