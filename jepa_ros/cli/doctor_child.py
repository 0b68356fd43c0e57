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
What the doctor has done in processes of their own: one runtime, one bundle, or the graph.

    python -m jepa_ros.cli.doctor_child runtime torch
"""

from dataclasses import asdict
from importlib import import_module, metadata
from pathlib import Path
import sys
from typing import Any

from jepa_ros.cli.doctor_ask import say_answer


def runtime(module: str) -> dict[str, Any]:
    """Return the version of a runtime, and the providers or devices that it offers."""
    loaded = import_module(module)
    version = str(getattr(loaded, '__version__', '')) or metadata.version(module)
    offers = _OFFERS.get(module)
    return {'version': version, 'offers': offers(loaded) if offers else []}


def _onnxruntime(loaded: Any) -> list[str]:
    return [name.removesuffix('ExecutionProvider') for name in loaded.get_available_providers()]


def _openvino(loaded: Any) -> list[str]:
    core = loaded.Core()
    found = []
    for device in core.available_devices:
        able = core.get_property(device, 'OPTIMIZATION_CAPABILITIES')
        numbers = [word for word in able if word in ('FP32', 'FP16', 'BF16', 'INT8')]
        found.append(f'{device} ({" ".join(numbers)})')
    return found


def _torch(loaded: Any) -> list[str]:
    cuda = loaded.cuda
    return ['cpu', *(f'cuda:{i} {cuda.get_device_name(i)}' for i in range(cuda.device_count()))]


_OFFERS = {'onnxruntime': _onnxruntime, 'openvino': _openvino, 'torch': _torch}


def bundle(folder: str, engine: str) -> dict[str, Any]:
    """Return how a bundle ran."""
    from jepa_ros.engines.trial import try_bundle
    return asdict(try_bundle(Path(folder), engine))


def graph(wanted: str) -> dict[str, Any]:
    """Return what is in the ROS graph."""
    import json

    from jepa_ros.ros.look import look
    from jepa_ros.ros.sight import Wanted
    return asdict(look(Wanted(**json.loads(wanted))))


if __name__ == '__main__':
    what, *arguments = sys.argv[1:]
    say_answer({'runtime': runtime, 'bundle': bundle, 'graph': graph}[what](*arguments))
