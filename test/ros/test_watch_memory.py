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

"""Remembered frames: the nearest is found, and what is kept is bounded and diverse."""

import numpy as np
import pytest

from jepa_ros.ros.watch_memory import Memory


def test_the_nearest_is_found_with_its_distance(rng):
    memory = Memory()
    latents = rng.normal(size=(40, 2, 8)).astype(np.float32)
    for i, latent in enumerate(latents):
        memory.note(latent, b'%d' % i)
    found = memory.nearest(latents[[7, 31]] + 0.01)
    assert [picture for _, _, picture in found] == [b'7', b'31']
    assert [distance for _, distance, _ in found] == pytest.approx([0.01, 0.01], rel=1e-3)


def test_nothing_is_near_where_nothing_is_known():
    memory = Memory()
    assert memory.nearest(np.zeros((3, 4))) == []
    memory.note(np.zeros(4), b'x')
    assert memory.nearest(np.zeros((3, 5))) == []


def test_a_robot_that_stands_still_does_not_push_out_what_it_saw(rng):
    memory = Memory(16)
    places = rng.normal(size=(10, 8)).astype(np.float32)
    for i, place in enumerate(places):
        memory.note(place, b'place %d' % i)
    for _ in range(500):
        memory.note(places[0] + rng.normal(0, 1e-3, 8).astype(np.float32), b'still')
    assert len(memory) == 16
    assert [picture for _, _, picture in memory.nearest(places[1:])] == [
        b'place %d' % i for i in range(1, 10)]
    assert memory.nearest(places[:1])[0][2] == b'still'


def test_a_newer_picture_takes_the_place_of_an_older_one_like_it():
    memory = Memory(2)
    memory.note(np.array([0.0]), b'left')
    memory.note(np.array([5.0]), b'right')
    memory.note(np.array([5.1]), b'right again')
    numbers = {picture: number for number, _, picture in memory.nearest(np.array([[0.0], [5.0]]))}
    assert numbers == {b'left': 0, b'right again': 2}


def test_latents_of_another_model_begin_anew():
    memory = Memory()
    memory.note(np.zeros(4), b'old')
    memory.note(np.zeros(6), b'new')
    assert len(memory) == 1
    assert memory.nearest(np.zeros((1, 6)))[0][2] == b'new'


def test_huge_latents_are_thinned(rng):
    memory = Memory(4)
    latents = rng.normal(size=(2, 256, 384)).astype(np.float32)
    for i, latent in enumerate(latents):
        memory.note(latent, b'%d' % i)
    assert [picture for _, _, picture in memory.nearest(latents)] == [b'0', b'1']
    assert memory._latents.shape[1] <= 4096
