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

"""What a run keeps on disk is whole, or is named; nothing in it is executed."""

from dataclasses import replace

import pytest
from safetensors.torch import save_file
from small_bundle import random_networks, SMALL
import torch

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.checkpoint import load_state, load_weights, save_state, save_weights


def test_weights_are_written_whole_and_checked_when_read(tmp_path):
    networks = random_networks()
    save_weights(networks, tmp_path / 'weights.safetensors')
    assert [p.name for p in tmp_path.iterdir()] == ['weights.safetensors']
    other = Networks(SMALL)
    load_weights(other, tmp_path / 'weights.safetensors')
    assert torch.equal(other.encoder.projector[1].weight, networks.encoder.projector[1].weight)
    save_file({'encoder.unknown': torch.zeros(2)}, str(tmp_path / 'weights.safetensors'))
    with pytest.raises(RuntimeError, match='Missing key'):
        load_weights(other, tmp_path / 'weights.safetensors')
    save_weights(Networks(replace(SMALL, width=4)), tmp_path / 'narrow.safetensors')
    with pytest.raises(RuntimeError, match='size mismatch'):
        load_weights(other, tmp_path / 'narrow.safetensors')


def test_weights_that_are_torn_or_never_fetched_are_named(tmp_path):
    path = tmp_path / 'weights.safetensors'
    save_weights(random_networks(), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r'weights\.safetensors is no whole safetensors file: '):
        load_weights(random_networks(), path)
    path.write_text('version 1\noid sha256:' + 'a' * 64 + '\nsize 9\n')
    with pytest.raises(ValueError, match='is a pointer of Git LFS, not the file itself'):
        load_weights(random_networks(), path)


def test_states_are_written_whole_and_execute_nothing(tmp_path):
    path = tmp_path / 'state.pt'
    save_state({'step': 3, 'weights': {'a': torch.ones(2)}}, path)
    state = load_state(path)
    assert state['step'] == 3
    assert torch.equal(state['weights']['a'], torch.ones(2))
    assert [p.name for p in tmp_path.iterdir()] == ['state.pt']

    class Harm:

        def __reduce__(self):
            return (open, (str(tmp_path / 'harm'), 'w'))

    torch.save({'step': Harm()}, path)
    with pytest.raises(Exception, match=r'(?i)weights.only'):
        load_state(path)
    assert not (tmp_path / 'harm').exists()
