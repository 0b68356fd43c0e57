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

"""An encoder of keypoints finds things, and finds them wherever they are."""

import numpy as np
import pytest
from small_bundle import KEYPOINTS
import torch

from jepa_ros.engines.keypoint_encoder import KeypointEncoder, SpatialSoftmax
from jepa_ros.engines.networks import ModelConfig, Networks


def test_a_keypoint_is_the_place_of_what_a_map_shows():
    softmax = SpatialSoftmax(2, 8)
    maps = torch.full((1, 2, 8, 8), -50.0)
    maps[0, 0, 2, 7] = 50.0     # above the middle, at the right
    maps[0, 1, [0, 7], [0, 0]] = 50.0   # two of them, at the left
    (first, second), = softmax(maps).tolist()
    assert first == pytest.approx([1.0, 2 * 2 / 7 - 1, 50.0], abs=1e-5)
    assert second == pytest.approx([-1.0, 0.0, 50.0], abs=1e-5)


def facing(rng, count, held_out):
    """Return pictures of a block that is white in front, and which way it faces (B, 2)."""
    images = np.full((count, 32, 32, 3), 90, np.uint8)
    turns = rng.integers(4, size=count)
    for image, turn in zip(images, turns, strict=True):
        while True:
            x, y = rng.integers(0, 25, size=2)
            if ((x // 5 + y // 5) % 2 == 1) == held_out:    # the places are a chequerboard
                break
        block = np.zeros((8, 8), np.uint8)
        block[:, 4:] = 255
        image[y:y + 8, x:x + 8] = np.rot90(block, turn)[..., None]
    ways = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], np.float32)
    return torch.from_numpy(images), torch.from_numpy(ways[turns])


def test_what_is_learnt_at_some_places_is_known_at_others(rng):
    torch.manual_seed(0)
    encoder = KeypointEncoder(32, (8, 16), 8, 32, 2)
    optimizer = torch.optim.Adam(encoder.parameters(), 1e-2)
    for _ in range(150):
        images, ways = facing(rng, 64, False)
        error = (encoder(images)[:, 0] - ways).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    images, ways = facing(rng, 256, True)
    with torch.no_grad():
        told = encoder.eval()(images)[:, 0]
    assert (told - ways).square().mean().item() < 0.05      # 0.5 is to know nothing


def test_sizes():
    with pytest.raises(ValueError, match='keypoints is -1, must be at least 0'):
        ModelConfig(keypoints=-1)
    assert ModelConfig(channels=(8, 8), keypoints=4).stride == 4
    with pytest.raises(ValueError, match='image_px is 66, must be a multiple of 4'):
        ModelConfig(image_px=66, channels=(8, 8), keypoints=4)
    z = Networks(KEYPOINTS).eval().encoder(torch.zeros(3, 32, 32, 3, dtype=torch.uint8))
    assert z.shape == (3, 1, KEYPOINTS.width)
