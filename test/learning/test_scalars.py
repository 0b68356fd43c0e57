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


"""Metrics reach TensorBoard as they are in the jsonl files, every tenth step."""

import pytest

from jepa_ros.learning.scalars import EVERY, installed, Scalars


def test_off_nothing_is_written(tmp_path):
    with Scalars(tmp_path, 'critic', False) as scalars:
        scalars.write({'step': 0, 'loss': 1.0})
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not installed(), reason='tensorboard is not installed')
def test_what_is_written_is_read_back_and_a_resumed_run_replaces_what_it_makes_again(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def write(steps, scale):
        with Scalars(tmp_path, 'critic', True) as scalars:
            for step in steps:
                scalars.write({'step': step, 'loss': scale * step, 'norm': 1.0})

    def read():
        accumulator = EventAccumulator(str(tmp_path / 'tensorboard' / 'critic'))
        accumulator.Reload()
        assert sorted(accumulator.Tags()['scalars']) == ['critic/loss', 'critic/norm']
        return [(e.step, e.value) for e in accumulator.Scalars('critic/loss')]

    assert EVERY == 10
    write(range(35), 1.0)
    assert read() == [(0, 0.0), (10, 10.0), (20, 20.0), (30, 30.0)]
    write(range(15, 45), 2.0)       # as after a kill: from the last state on
    assert read() == [(0, 0.0), (10, 10.0), (20, 40.0), (30, 60.0), (40, 80.0)]
