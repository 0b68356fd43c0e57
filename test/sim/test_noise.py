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

"""The noise of a camera: as strong as asked, another for each picture, nothing wraps round."""

import numpy as np
import pytest

from jepa_ros.sim.noise import Noise

GREY = np.full((60, 80, 3), 128, np.uint8)


@pytest.mark.parametrize('std', [1.0, 5.0])
def test_it_is_as_strong_as_asked(std):
    noise = Noise(std, 0).add(np.full((480, 640, 3), 128, np.uint8)).astype(int) - 128
    # whole grey levels add a twelfth to the variance
    assert noise.std() == pytest.approx(np.sqrt(std ** 2 + 1 / 12), rel=0.01)
    assert abs(noise.mean()) < 0.02


def test_no_picture_comes_twice():
    noise = Noise(1.0, 0)
    pictures = {noise.add(GREY).tobytes() for _ in range(100)}
    assert len(pictures) == 100
    assert (GREY == 128).all()


def test_the_seed_tells_what_comes():
    first, same, other = Noise(1.0, 1), Noise(1.0, 1), Noise(1.0, 2)
    for _ in range(3):
        picture = first.add(GREY)
        assert np.array_equal(picture, same.add(GREY))
        assert not np.array_equal(picture, other.add(GREY))


@pytest.mark.parametrize('level, most', [(0, 30), (255, 30)])
def test_black_and_white_do_not_wrap_round(level, most):
    noisy = Noise(5.0, 0).add(np.full((60, 80, 3), level, np.uint8))
    assert noisy.dtype == np.uint8
    assert abs(noisy.astype(int) - level).max() < most
    assert (noisy != level).any()


def test_a_larger_picture_may_come_later():
    noise = Noise(1.0, 0)
    assert noise.add(GREY).shape == (60, 80, 3)
    assert noise.add(np.zeros((480, 640, 3), np.uint8)).shape == (480, 640, 3)


def test_none_is_none():
    assert Noise(0.0, 0).add(GREY) is GREY
