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
from torch.nn import functional

from jepa_ros.learning.parallel import Ranks


class _JointNorm(torch.autograd.Function):
    """Normalise by joint statistics; the passes over whole tensors are torch's own kernels."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor,
                eps: float, ranks: Ranks) -> Tensor:
        ctx.save_for_backward(x, weight, mean, variance)
        ctx.eps, ctx.ranks = eps, ranks
        return functional.batch_norm(x, mean, variance, weight, bias, False, 0.0, eps)

    @staticmethod
    def backward(ctx, gradient: Tensor):
        x, weight, mean, variance = ctx.saved_tensors
        # as if the statistics were constants; the other two are sums of g x^ and of g
        of_x, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            gradient.contiguous(), x, weight, mean, variance, None, None, False, ctx.eps,
            [True, True, True])
        count = x.numel() // x.shape[1] * ctx.ranks.count
        along, across = ctx.ranks.total(torch.stack([of_weight, of_bias])) / count
        # g' = w / s (g - mean of g - x^ mean of g x^), where x^ = (x - m) / s
        scale = torch.rsqrt(variance + ctx.eps)
        slope = -weight * scale.square() * along
        level = -weight * scale * across - slope * mean
        shape = [1, -1, *[1] * (x.dim() - 2)]
        of_x.addcmul_(x, slope.view(shape)).add_(level.view(shape))
        return of_x, of_weight, of_bias, None, None, None, None


class JointBatchNorm(nn.modules.batchnorm._BatchNorm):
    """
    BatchNorm whose mean and variance are those of every rank's part together.

    torch's SyncBatchNorm is for CUDA only.  In evaluation it is BatchNorm as it was, and its
    state has the same names.  The parts of all ranks are of one size.
    """

    ranks: Ranks

    def _check_input_dim(self, x: Tensor) -> None:
        pass

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (B, C, ...) over all but C."""
        if not self.training:
            return super().forward(x)
        wide = x.to(torch.float32)
        with torch.no_grad():
            part = wide.detach()
            mean, variance = torch.batch_norm_update_stats(part, None, None, 0.0)
            of_ranks = self.ranks.each(torch.stack([mean, variance]))       # (R, 2, C)
            mean = of_ranks[:, 0].mean(dim=0)
            # from the mean, not from sums of squares: those would cancel
            variance = (of_ranks[:, 1] + (of_ranks[:, 0] - mean).square()).mean(dim=0)
            self._remember(mean, variance, wide.numel() // wide.shape[1] * self.ranks.count)
        out: Tensor = _JointNorm.apply(wide, self.weight, self.bias, mean, variance, self.eps,
                                       self.ranks)
        return out.to(x.dtype)

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
