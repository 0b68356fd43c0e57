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

"""
Training on several processes as if it were one: sums over ranks that gradients pass through.

Every rank draws the same batch and works on its own part of it.  Parts are equal, so a mean of
the ranks' means is the mean of the batch.  ``torchrun`` starts the ranks.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
import os

import torch
from torch import nn, Tensor
import torch.distributed as dist

# the others wait while rank 0 reads bags; where a rank dies, torchrun ends them all
_PATIENCE = timedelta(hours=6)


class _Sum(torch.autograd.Function):
    """The sum over ranks; what flows back is summed as well, for each rank's loss counts."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        total = x.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        total = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total


@dataclass(frozen=True)
class Ranks:
    """
    This process among ``count``; alone by default, and then everything is as it is.

    Where each rank's loss is the mean over its part plus terms of joint statistics,
    ``average_gradients`` gives the gradient of the joint loss.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Return whether this is the rank that writes and talks."""
        return self.rank == 0

    def part(self, total: int, what: str) -> slice:
        """Return this rank's part of a batch; ValueError where it cannot be split evenly."""
        if total % self.count:
            raise ValueError(f'{what} is {total}, must be a multiple of the {self.count} ranks')
        size = total // self.count
        return slice(self.rank * size, (self.rank + 1) * size)

    def total(self, x: Tensor) -> Tensor:
        """Return the sum over ranks; gradients pass."""
        if self.count == 1:
            return x
        total: Tensor = _Sum.apply(x)
        return total

    def mean(self, x: Tensor) -> Tensor:
        """Return the mean over ranks; gradients pass."""
        return x if self.count == 1 else self.total(x) / self.count

    def each(self, x: Tensor) -> Tensor:
        """Return what every rank has (R, ...), in their order; no gradients pass."""
        if self.count == 1:
            return x[None]
        parts = [torch.empty_like(x) for _ in range(self.count)]
        dist.all_gather(parts, x.contiguous())
        return torch.stack(parts)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Put the mean over ranks into every gradient, in one exchange."""
        if self.count == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]),
                                  strict=True):
            gradient.copy_(mean.view_as(gradient))

    def anyone(self, wish: bool, device: torch.device) -> bool:
        """Return whether any rank wishes so: then all do, at the same step."""
        if self.count == 1:
            return wish
        said = torch.tensor(float(wish), device=device)
        dist.all_reduce(said)
        return bool(said > 0)

    def check_equal(self, value: int, what: str, device: torch.device) -> None:
        """Refuse ranks that differ in a number; ValueError says in which."""
        if self.count > 1:
            both = torch.tensor([value, -value], dtype=torch.int64, device=device)
            dist.all_reduce(both, dist.ReduceOp.MAX)
            if both[0] != -both[1]:
                raise ValueError(f'{what} is {value} on rank {self.rank}, from {-int(both[1])} to '
                                 f'{int(both[0])} on others; do all ranks see the same folder?')

    def wait(self) -> None:
        """Return when every rank has come here."""
        if self.count > 1:
            dist.barrier()


ALONE = Ranks()


@contextmanager
def ranks_of_torchrun(device: torch.device) -> Iterator[Ranks]:
    """Join the processes that torchrun started: nccl on CUDA, gloo elsewhere; or be alone."""
    if int(os.environ.get('WORLD_SIZE', '1')) == 1:
        yield ALONE
        return
    dist.init_process_group('nccl' if device.type == 'cuda' else 'gloo', timeout=_PATIENCE)
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
