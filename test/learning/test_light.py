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

"""Light drawn for a batch and for its parts, and numbers of 16 bits where the device has them."""

import pytest
import torch

from jepa_ros.learning.light import jitter
from jepa_ros.learning.machine import Machine


@pytest.mark.parametrize('count, groups', [(130, 5), (24, 4)])
@pytest.mark.parametrize('frame, episode', [(1.0, 0.0), (0.1, 1.0), (0.0, 0.0)])
def test_parts_of_a_batch_have_the_light_that_they_have_in_it(count, groups, frame, episode):
    images = torch.randint(0, 256, (count, 6, 6, 3), dtype=torch.uint8,
                           generator=torch.Generator().manual_seed(0))

    def lit(first, last):
        return jitter(images[first:last], torch.Generator().manual_seed(1), frame, episode,
                      groups, first, count)

    whole = jitter(images, torch.Generator().manual_seed(1), frame, episode, groups)
    for cuts in ((0, count // 2, count), (0, 7, 20, count)):
        parts = [lit(*cuts[i:i + 2]) for i in range(len(cuts) - 1)]
        assert torch.equal(torch.cat(parts), whole)
    assert not torch.equal(whole, images.float())


@pytest.mark.parametrize('has, wished, narrow', [
    ({'avx512_bf16': True}, True, True),
    ({'avx512_bf16': True}, False, False),
    ({'avx512_bf16': False, 'amx_bf16': True}, True, True),
    ({'neon': True, 'bf16': True}, True, True),     # aarch64
    ({'avx2': True, 'avx512_bf16': False, 'amx_bf16': False}, True, False),
    ({}, True, False),
])
def test_a_cpu_computes_in_bf16_only_where_it_has_it(has, wished, narrow, monkeypatch):
    monkeypatch.setattr(torch.cpu, 'get_capabilities', lambda: has)
    with Machine().autocast(wished):
        assert torch.is_autocast_enabled('cpu') is narrow
