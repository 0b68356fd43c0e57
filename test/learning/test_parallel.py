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


"""Two processes train what one trains: the same losses, gradients and weights."""

import os
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file
import torch

from jepa_ros.learning.joint_norm import JointBatchNorm
from jepa_ros.learning.parallel import ALONE, Ranks
from jepa_ros.learning.run import read_metrics

STEPS = 8


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_two_gloo_ranks_are_as_one_process(square_data, quick, tmp_path, root):
    environment = {**os.environ, 'PYTHONPATH': str(root), 'OMP_NUM_THREADS': '1'}
    for name, launcher in (
            ('one', []),
            ('two', ['-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2'])):
        # dropout draws other masks on other ranks, so it is off
        done = subprocess.run(
            [sys.executable, *launcher, '-m', 'jepa_ros.cli.main', 'train', '--data',
             str(square_data), '--out', str(tmp_path / name), '--steps', str(STEPS),
             '--critic-steps', str(STEPS), '--no-tensorboard', *quick, 'model.dropout=0.0',
             'model.history=2', 'model.whereabouts_hidden=8', 'critic.imagined=0.26',
             'critic.imagined_blocks=2', 'critic.lookahead=0.5'],
            env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count('weights in') == 1     # the first rank talks
    for stage in ('world_model', 'critic'):
        one, two = (read_metrics(tmp_path / name, stage) for name in ('one', 'two'))
        assert len(two) == STEPS
        for a, b in zip(one, two, strict=True):
            assert a.keys() == b.keys()
            assert list(b.values()) == pytest.approx(list(a.values()), rel=1e-4, abs=1e-6)
        assert list(two[0].values()) == pytest.approx(list(one[0].values()), rel=1e-5, abs=1e-7)
    one, two = (load_file(tmp_path / name / 'weights.safetensors') for name in ('one', 'two'))
    assert one.keys() == two.keys()     # those of an ordinary BatchNorm
    for key, value in one.items():
        np.testing.assert_allclose(two[key], value, rtol=1e-4, atol=2e-5, err_msg=key)


def test_alone_everything_is_as_it_was():
    x = torch.randn(4, 3)
    assert ALONE.total(x) is x
    assert ALONE.mean(x) is x
    assert ALONE.part(16, 'batch') == slice(0, 16)
    assert ALONE.first
    assert not Ranks(1, 2).first
    assert Ranks(1, 2).part(16, 'batch') == slice(8, 16)
    with pytest.raises(ValueError, match='episodes is 9, must be a multiple of the 2 ranks'):
        Ranks(1, 2).part(9, 'episodes')


@pytest.mark.parametrize('shape', [(16, 5), (4, 5, 6, 6)])
def test_the_joint_norm_of_one_rank_is_batch_norm(shape):
    torch.manual_seed(0)
    kind = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    plain, joint = kind(5), JointBatchNorm(5)
    joint.ranks = ALONE
    with torch.no_grad():
        plain.weight.uniform_(0.5, 2.0)
        plain.bias.normal_()
    joint.load_state_dict(plain.state_dict())
    for _ in range(3):
        x = (3 * torch.randn(shape) + 1).requires_grad_()
        y = x.detach().clone().requires_grad_()
        a, b = plain(x), joint(y)
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
        weights = torch.randn_like(a)
        (a * weights).sum().backward()
        (b * weights).sum().backward()
        torch.testing.assert_close(x.grad, y.grad, rtol=1e-4, atol=1e-5)
    for key, value in plain.state_dict().items():
        torch.testing.assert_close(joint.state_dict()[key], value)
    torch.testing.assert_close(plain.eval()(x), joint.eval()(x))
