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

"""What the model sees of a frame: exact averages, at any size."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from jepa_ros.core.preprocess import centre_crop, to_model_image

SIDES = st.integers(1, 90)


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_whole_factors_are_plain_means():
    image = noise(12, 18)
    expected = image.reshape(4, 3, 6, 3, 3).mean(axis=(1, 3))
    assert np.abs(to_model_image(image, 4, 6) - expected).max() <= 0.5 + 1e-4


def test_a_part_of_a_pixel_counts_in_part():
    image = np.zeros((3, 3, 3), np.uint8)
    image[:, 1] = 90
    # each target pixel covers one and a half columns, a third of that the middle one's half
    assert to_model_image(image, 2, 2).tolist() == [[[30] * 3] * 2] * 2


def test_enlarging_repeats():
    image = noise(2, 3)
    assert np.array_equal(to_model_image(image, 8, 12), image.repeat(4, 0).repeat(4, 1))


def test_the_sides_of_a_wide_frame_are_cropped():
    image = np.zeros((480, 640, 3), np.uint8)
    image[:, :80] = image[:, 560:] = 255
    assert to_model_image(image, 64, 64).max() == 0


def test_crop_takes_the_model_s_aspect():
    assert centre_crop(noise(50, 100), 10, 40).shape == (25, 100, 3)
    assert centre_crop(noise(100, 50), 10, 10).shape == (50, 50, 3)


def test_the_model_s_own_size_passes_unchanged_and_is_a_copy():
    image = noise(64, 64)
    out = to_model_image(image, 64, 64)
    assert np.array_equal(out, image)
    assert not np.shares_memory(out, image)


@given(SIDES, SIDES, SIDES, SIDES, st.integers(0, 255))
def test_a_constant_stays_constant(rows, columns, height, width, level):
    out = to_model_image(np.full((rows, columns, 3), level, np.uint8), height, width)
    assert out.shape == (height, width, 3)
    assert out.dtype == np.uint8
    assert (out == level).all()


@given(st.integers(8, 90), st.integers(8, 90), st.integers(1, 40))
def test_the_mean_is_preserved(rows, columns, side):
    image = noise(rows, columns, seed=rows * columns)
    out = to_model_image(image, side, side)
    expected = centre_crop(image, side, side).mean(axis=(0, 1))
    assert np.abs(out.mean(axis=(0, 1)) - expected).max() <= 0.5 + 1e-3


@given(SIDES, SIDES, st.integers(1, 40), st.integers(1, 40))
def test_strided_memory_gives_the_same(rows, columns, height, width):
    image = noise(rows, columns)
    strided = np.repeat(image, 2, axis=1)[:, ::2]
    assert np.array_equal(to_model_image(image, height, width),
                          to_model_image(strided, height, width))


@given(SIDES, SIDES, st.integers(1, 40), st.permutations(range(4)))
def test_channels_are_put_in_order(rows, columns, side, order):
    pixels = np.random.default_rng(rows).integers(0, 256, (rows, columns, 4), np.uint8)
    channels = tuple(order[:3])
    assert np.array_equal(to_model_image(pixels, side, side, channels),
                          to_model_image(pixels[..., channels], side, side))
    grey = pixels[..., :1]
    assert np.array_equal(to_model_image(grey, side, side, (0, 0, 0)),
                          to_model_image(grey.repeat(3, axis=2), side, side))


@pytest.mark.parametrize('image', [
    np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8),
    np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_image_is_named(image):
    with pytest.raises(ValueError, match=r'must be uint8 \(H, W, 3\)') as raised:
        to_model_image(image, 2, 2)
    assert str(image.dtype) in str(raised.value)
    assert str(image.shape) in str(raised.value)


def test_an_empty_target_is_refused():
    with pytest.raises(ValueError, match='0x4'):
        to_model_image(noise(4, 4), 0, 4)
