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

"""What the engines need can be installed where they run, and their tests do run in CI."""

from importlib.util import find_spec
import os
from pathlib import Path
import platform

from packaging.requirements import Requirement
import pytest

REQUIREMENTS = Path(__file__).parents[2] / 'requirements'


def wanted(name, machine):
    """Return the names that a file of requirements wants on a machine."""
    lines = (REQUIREMENTS / name).read_text().splitlines()
    asked = [Requirement(line) for line in lines if line and not line.startswith('#')]
    return {r.name for r in asked
            if r.marker is None or r.marker.evaluate({'platform_machine': machine})}


def test_a_jetson_is_not_asked_for_what_has_no_wheel_for_it():
    assert wanted('tensorrt.txt', 'aarch64') == {'cuda-bindings', 'onnx'}
    assert wanted('tensorrt.txt', 'x86_64') - wanted('tensorrt.txt', 'aarch64') == {
        'tensorrt-rtx'}
    assert wanted('robot.txt', 'aarch64') == wanted('robot.txt', 'x86_64')


@pytest.mark.skipif(not (os.environ.get('CI') and platform.machine() == 'x86_64'),
                    reason='elsewhere TensorRT may be missing, and its tests say so')
def test_in_ci_the_tests_of_tensorrt_run():
    assert find_spec('tensorrt_rtx') is not None
    assert find_spec('cuda.bindings.runtime') is not None
    assert find_spec('onnx') is not None
