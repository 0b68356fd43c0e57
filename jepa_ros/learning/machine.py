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

"""What a training runs on: its device, its threads, its ranks, and who may ask it to stop."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
import os
from typing import Any, Literal

import torch

from jepa_ros.learning.parallel import ALONE, Ranks, ranks_of_torchrun

DeviceName = Literal['auto', 'cpu', 'cuda']

# of torch.cpu.get_capabilities(), x86-64 and aarch64; with none of these a step in bf16 takes
# seven times as long as one in fp32
_BF16 = ('avx512_bf16', 'amx_bf16', 'bf16')


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Machine:
    """The device and the ranks of a training; ``asked`` tells whether it is to stop."""

    device: torch.device = torch.device('cpu')  # noqa: RUF009  (it is immutable)
    ranks: Ranks = ALONE
    asked: Callable[[], bool] = _never

    def __str__(self) -> str:
        ranks = f'{self.ranks.count} ranks, each ' if self.ranks.count > 1 else ''
        threads = torch.get_num_threads()
        return f'{ranks}{self.device} with {threads} thread{"s" if threads > 1 else ""}'

    def about(self) -> dict[str, Any]:
        """Return what decides in which order sums are made, for a run to keep."""
        return {'device': self.device.type, 'threads': torch.get_num_threads(),
                'ranks': self.ranks.count, 'torch': torch.__version__}

    def autocast(self, bfloat16: bool) -> AbstractContextManager[None]:
        """Return a context that computes in bf16 where that is wished and the device has it."""
        # what is only emulated is slower than fp32
        has = (torch.cuda.is_bf16_supported(including_emulation=False)
               if self.device.type == 'cuda' else
               any(torch.cpu.get_capabilities().get(name) for name in _BF16))
        return torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16 and has)

    def generator(self, seed: int) -> torch.Generator:
        """Return a generator on the device, so that noise is made where it is used."""
        return torch.Generator(self.device).manual_seed(seed)


CPU = Machine()


def device_of(module: torch.nn.Module) -> torch.device:
    """Return where a module's parameters are."""
    return next(module.parameters()).device


def choose_device(name: str) -> torch.device:
    """
    Return 'cpu', 'cuda' (this rank's), or with 'auto' CUDA where there is one.

    ValueError where CUDA is wished and there is none.
    """
    there = torch.cuda.is_available()
    if name == 'cuda' and not there:
        raise ValueError('train.device is cuda, and torch finds no CUDA device: '
                         f'this torch is {torch.__version__}; use cpu or auto')
    if name == 'cpu' or not there:
        return torch.device('cpu')
    return torch.device('cuda', int(os.environ.get('LOCAL_RANK', '0')))


@contextmanager
def machine(device_name: str, threads: int, asked: Callable[[], bool] = _never
            ) -> Iterator[Machine]:
    """
    Set up device, threads and ranks for as long as the context lasts.

    ``threads`` decide in which order sums are made: the same number, the same bits.
    """
    device = choose_device(device_name)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    if device.type == 'cuda':
        torch.cuda.set_device(device)
    try:
        with ranks_of_torchrun(device) as ranks:
            yield Machine(device, ranks, asked)
    finally:
        torch.set_num_threads(before)
