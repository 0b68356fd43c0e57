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

"""BatchNorm over the joint batch of all ranks, on any device."""

import torch
from torch import nn, Tensor

from jepa_ros.learning.parallel import Ranks


class JointBatchNorm(nn.modules.batchnorm._BatchNorm):
    """
    BatchNorm whose mean and variance are those of every rank's part together.

    torch's SyncBatchNorm is for CUDA only.  In evaluation it is BatchNorm as it was, and its
    state has the same names.
    """

    ranks: Ranks

    def _check_input_dim(self, x: Tensor) -> None:
        pass

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (B, C, ...) over all but C."""
        if not self.training:
            return super().forward(x)
        axes = [0, *range(2, x.dim())]
        shape = [1, -1, *[1] * (x.dim() - 2)]
        wide = x.to(torch.float32)
        count = wide.numel() // wide.shape[1] * self.ranks.count
        mean = self.ranks.total(wide.sum(axes)) / count
        # from the mean, not from sums of squares: those would cancel
        centred = wide - mean.view(shape)
        variance = self.ranks.total(centred.square().sum(axes)) / count
        self._remember(mean.detach(), variance.detach(), count)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale.view(shape) + self.bias.view(shape)).to(x.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        self.num_batches_tracked += 1
        rate = self.momentum if self.momentum is not None else 1.0 / float(
            self.num_batches_tracked)
        self.running_mean.lerp_(mean, rate)
        self.running_var.lerp_(variance * (count / (count - 1)), rate)


def join_batch_norms(module: nn.Module, ranks: Ranks) -> None:
    """Replace every BatchNorm inside a module by one over all ranks; alone, leave them."""
    if ranks.count == 1:
        return
    for name, child in module.named_children():
        if isinstance(child, (nn.BatchNorm1d, nn.BatchNorm2d)):
            joint = JointBatchNorm(child.num_features, child.eps, child.momentum)
            joint.ranks = ranks
            joint.weight, joint.bias = child.weight, child.bias
            joint.running_mean, joint.running_var = child.running_mean, child.running_var
            joint.num_batches_tracked = child.num_batches_tracked
            setattr(module, name, joint)
        else:
            join_batch_norms(child, ranks)
