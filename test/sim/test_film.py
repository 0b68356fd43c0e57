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

"""The pictures of a drive, and where a latent is drawn on the floor."""

import math
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from jepa_ros.core.preprocess import to_model_image
from jepa_ros.sim.film import (
    compose,
    FILM_HZ,
    HALF_VIEW_M,
    Story,
    to_pixel,
    write_film,
    write_picture,
)
from jepa_ros.sim.imagination import places_of
from jepa_ros.sim.world import Pose


def test_to_pixel():
    assert to_pixel(0.0, 0.0) == (240, 240)
    assert to_pixel(-HALF_VIEW_M, HALF_VIEW_M) == (0, 0)
    assert to_pixel(HALF_VIEW_M, -HALF_VIEW_M) == (480, 480)
    assert to_pixel(1.0, 0.0)[0] > 240 > to_pixel(0.0, 1.0)[1]


def plain(colour):
    """Return a camera picture of one colour."""
    return np.full((480, 640, 3), colour, np.uint8)


def test_three_views_side_by_side():
    picture = compose(plain((200, 0, 0)), plain((0, 200, 0)), plain((0, 0, 200)),
                      ('a', 'b', 'c'))
    assert picture.shape == (528, 1440, 3)
    assert picture.dtype == np.uint8
    for i in range(3):
        middle = picture[288, 480 * i + 240]
        assert middle[i] == 200
        assert middle.sum() == 200
    assert (picture[:48] > 200).any()       # the captions are there
    without = compose(plain((200, 0, 0)), None, plain((0, 0, 200)), ('a', 'b', 'c'))
    assert not without[288, 720].any()


def test_a_film_can_be_read_back(tmp_path):
    path = tmp_path / 'film.mp4'
    frames = [compose(plain((20 * i, 0, 0)), None, plain((0, 0, 200)), (str(i), '', ''))
              for i in range(10)]
    assert write_film(path, iter(frames)) == 10
    capture = cv2.VideoCapture(str(path))
    read = []
    while True:
        ok, image = capture.read()
        if not ok:
            break
        read.append(image[..., ::-1])
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(FILM_HZ)
    capture.release()
    assert len(read) == 10
    assert read[0].shape == (528, 1440, 3)
    assert abs(int(read[4][288, 240, 0]) - 80) < 16
    assert abs(int(read[4][288, 1200, 2]) - 200) < 16


def test_no_frames_make_no_film(tmp_path):
    assert write_film(tmp_path / 'film.mp4', iter(())) == 0
    assert not (tmp_path / 'film.mp4').exists()


@pytest.mark.parametrize('points', [0, 4])
def test_the_picture_of_a_drive(tmp_path, points, rng):
    path = tmp_path / 'demo.png'
    write_picture(path, Story(rng.uniform(-1, 1, (points, 2)), rng.uniform(-1, 1, (points, 2)),
                              (1.0, 0.5), plain((0, 0, 200)), plain((90, 90, 90)), 'A drive'))
    image = cv2.imread(str(path))
    assert image.shape[0] > 400
    assert image.shape[1] > 800
    # the goal picture is on the right, and blue
    right = image[:, 2 * image.shape[1] // 3:]
    assert (np.abs(right.astype(int) - (200, 0, 0)).max(axis=2) < 10).mean() > 0.3


@pytest.mark.parametrize('camera, felt', [('ceiling', 0), ('front', 2)])
def test_a_latent_is_drawn_where_it_was_seen(world, camera, felt):
    def encode(image):
        return image.astype(np.float32).reshape(1, -1) / 255

    size = 32 * 32 * 3
    model = SimpleNamespace(spec=SimpleNamespace(
        image_height=32, image_width=32, tokens=1, width=size + felt, encoded_width=size),
        encode=encode)
    where = Pose(0.0, 0.0, math.pi / 3)
    latent = encode(to_model_image(world.render_at(where, camera), 32, 32))
    # how fast it goes is no place
    latent = np.concatenate([latent, np.full((1, felt), 9.0, np.float32)], axis=1)
    points = places_of(world, model, latent, np.array([[0.5, 0.0]]), camera)
    assert points.shape == (1, 2)
    assert math.dist(points[0], (where.x, where.y)) < 0.25
    assert places_of(world, model, latent, np.zeros((0, 2)), camera).shape == (0, 2)
