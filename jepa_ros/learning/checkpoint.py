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

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
import torch
from torch import nn, Tensor

from jepa_ros.files import check_fetched, whole_file, write_whole


def save_weights(module: nn.Module, path: Path) -> None:
    """Write a module's parameters and buffers as safetensors, atomically and durably."""
    write_whole(path, save({k: v.detach().cpu().contiguous().clone()
                            for k, v in module.state_dict().items()}))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file; ValueError where it is none, or not whole."""
    try:
        return load_file(str(path))
    except SafetensorError as error:
        check_fetched(path)
        raise ValueError(f'{path} is no whole safetensors file: {error}') from error


def load_weights(module: nn.Module, path: Path) -> None:
    """
    Read what ``save_weights`` wrote.

    RuntimeError names missing or unexpected tensors; ValueError as of ``read_tensors``.
    """
    module.load_state_dict(read_tensors(path))


def former_of(path: Path) -> Path:
    """Return where the state before the newest is kept."""
    return path.with_suffix('.former.pt')


def save_state(state: dict[str, Any], path: Path) -> None:
    """
    Write a training state (tensors, numbers, lists) atomically and durably.

    The one that was there becomes the former; what a kill leaves is one of the two, whole.
    """
    with whole_file(path, former_of(path)) as file:
        torch.save(state, file)


def load_state(path: Path) -> dict[str, Any]:
    """Read what ``save_state`` wrote, to the CPU; nothing in the file is executed."""
    state: dict[str, Any] = torch.load(path, map_location='cpu', weights_only=True)
    return state


def load_newest(path: Path) -> tuple[dict[str, Any] | None, str]:
    """
    Return the newest state that can be read, None where there never was one, and what to say.

    What to say is empty unless the former state stands in for the newest.  ValueError where
    there are states and none can be read.
    """
    problems = []
    for candidate in (path, former_of(path)):
        if not candidate.exists():
            problems.append(f'{candidate.name} is missing')
            continue
        try:
            state = load_state(candidate)
        except Exception as error:  # noqa: BLE001  (what is torn can fail in any way)
            first = (str(error).splitlines() or [type(error).__name__])[0]
            problems.append(f'{candidate.name} cannot be read ({first[:100]})')
            continue
        if not problems:
            return state, ''
        return state, f'{problems[0]}: going on from {candidate.name}, step {state.get("step")}'
    if path.exists() or former_of(path).exists():
        raise ValueError(f'{path.parent}: {" and ".join(problems)}; '
                         'remove both to begin anew')
    return None, ''
