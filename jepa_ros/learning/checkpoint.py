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

"""Weights and training state on disk: written whole or not at all, read without unpickling."""

import os
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
import torch
from torch import nn


def save_weights(module: nn.Module, path: Path) -> None:
    """Write a module's parameters and buffers as safetensors, atomically."""
    partial = path.with_suffix('.partial')
    save_file({k: v.detach().contiguous().clone() for k, v in module.state_dict().items()},
              str(partial))
    partial.replace(path)


def load_weights(module: nn.Module, path: Path) -> None:
    """Read what ``save_weights`` wrote; RuntimeError names missing or unexpected tensors."""
    module.load_state_dict(load_file(str(path)))


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write a training state (tensors, numbers, lists) atomically and durably."""
    partial = path.with_suffix('.partial')
    with partial.open('wb') as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load_state(path: Path) -> dict[str, Any]:
    """Read what ``save_state`` wrote; nothing in the file is executed."""
    state: dict[str, Any] = torch.load(path, weights_only=True)
    return state
