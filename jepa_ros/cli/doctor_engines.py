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

"""Checks of runtimes and bundles: installed, whole, and really run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import shutil
import sys

from jepa_ros.cli.doctor_ask import NoAnswerError, Questions
from jepa_ros.cli.doctor_find import installed
from jepa_ros.cli.doctor_row import FAIL, OK, Row, SKIP, WARN
from jepa_ros.engines.bundle_files import BundleError
from jepa_ros.engines.load import ENGINES
from jepa_ros.engines.manifest import load_manifest
from jepa_ros.engines.signature import check_signature, SIGNATURE, SignatureError
from jepa_ros.ros.share import share_folders

CHILD = (sys.executable, '-m', 'jepa_ros.cli.doctor_child')
# a busy machine takes its time to import torch; a driver that hangs takes for ever
_RUNTIME_LIMIT_S = 60.0
_BUNDLE_LIMIT_S = 120.0
# module of each runtime, and the engine of ENGINES that knows how to install it
_CPU_RUNTIMES = {'openvino': 'openvino', 'onnxruntime': 'onnxruntime'}
_OTHERS = {'tensorrt_rtx': 'tensorrt', 'tensorrt': 'tensorrt', 'torch': 'torch'}
_PLANS_IN_HZ = 20.0


@dataclass(frozen=True)
class Models:
    """The bundles to look at, what is to run them, and the key that must have signed them."""

    folders: tuple[Path, ...]
    engine: str
    trusted_key: Path | None


def shipped() -> list[Path]:
    """Return the bundles of the installation, else of the source tree."""
    for folder in share_folders():
        found = sorted(path.parent for path in (folder / 'models').glob('*/manifest.json'))
        if found:
            return found
    return []


def ask_runtimes(questions: Questions) -> None:
    """Ask every runtime that is installed, behind what counts."""
    for module in (*_CPU_RUNTIMES, *_OTHERS):
        if installed(module):
            questions.ask(module, [*CHILD, 'runtime', module], _RUNTIME_LIMIT_S, nice=5)


def runtime_rows(questions: Questions) -> Iterator[Row]:
    """Say what each runtime is and has; without one for the CPU there is no drive."""
    none = not any(installed(module) for module in _CPU_RUNTIMES)
    for module, engine in _CPU_RUNTIMES.items():
        if installed(module):
            yield _runtime(questions, module, engine, FAIL)
        else:
            yield Row(module, FAIL if none else WARN, 'not installed', ENGINES[engine][1])
    if not (installed('tensorrt_rtx') or installed('tensorrt')):
        gpu = shutil.which('nvidia-smi') is not None
        yield Row('tensorrt', WARN if gpu else SKIP, 'not installed; '
                  + ('there is a GPU, which it would use' if gpu else 'it wants an NVIDIA GPU'),
                  ENGINES['tensorrt'][1] if gpu else '')
    for module, engine in _OTHERS.items():
        if installed(module):
            yield _runtime(questions, module, engine, WARN)
    if not installed('torch'):
        yield Row('torch', SKIP, 'not installed; only training wants it')


def _runtime(questions: Questions, module: str, engine: str, worst: str) -> Row:
    try:
        told = questions.answer(module)
    except NoAnswerError as error:
        return Row(module, worst, f'does not load: {error}', ENGINES[engine][1])
    return Row(module, OK, ', '.join([told['version'], *told['offers']]))


def bundle_rows(questions: Questions, models: Models) -> Iterator[Row]:
    """Check each bundle's hashes and signature, then run it."""
    if not models.folders:
        yield Row('model', FAIL, 'there is no bundle, neither installed nor in the sources',
                  'make model')
    for folder in models.folders:
        name = f'model {folder.name}'
        try:
            manifest = load_manifest(folder)
            signed = _signature(folder, models.trusted_key)
        except SignatureError as error:
            yield Row(name, FAIL, ' '.join(str(error).split()), 'see docs/security.md, jepa sign')
            continue
        except BundleError as error:
            yield Row(name, FAIL, ' '.join(str(error).split()), _again(folder))
            continue
        count = len(manifest.raw['files'])
        yield Row(name, OK, f'{folder}: {count} files as their hashes say, {signed}')
        yield _run(questions, folder, models.engine)


def _signature(folder: Path, key: Path | None) -> str:
    """Return what is known of a signature; SignatureError where one is asked for and is wrong."""
    if key is not None:
        return f'signed by {check_signature(folder, key)}'
    if (folder / SIGNATURE).exists():
        return 'signed, by whom --trusted-key would tell'
    return 'not signed'


def _again(folder: Path) -> str:
    """Return the command that brings a bundle back."""
    if any((place / '.git').exists() for place in folder.resolve().parents):
        return f'git -C {folder.resolve()} checkout -- .'
    return f'rm -r {folder}, and copy the bundle or build the package again'


def _run(questions: Questions, folder: Path, engine: str) -> Row:
    """Run a bundle's graphs; it has the machine to itself, as far as the doctor is concerned."""
    name = f'engine {folder.name}'
    questions.ask(name, [*CHILD, 'bundle', str(folder), engine], _BUNDLE_LIMIT_S)
    try:
        told = questions.answer(name)
    except NoAnswerError as error:
        return Row(name, FAIL, str(error), ENGINES['openvino' if engine == 'auto' else engine][1])
    plan_s = told['encode_s'] + 2 * told['rollout_s']
    found = (f'{told["engine"]} in {told["precision"]} on {told["device"]}: loaded in '
             f'{told["load_s"]:.1f} s, a frame {1e3 * told["encode_s"]:.1f} ms, '
             f'{told["candidates"]} candidates {1e3 * told["rollout_s"]:.1f} ms')
    slow = plan_s > 1 / _PLANS_IN_HZ
    return Row(name, WARN if slow else OK, found + (
        f'; too slow for {_PLANS_IN_HZ:.0f} plans a second' if slow else ''),
        'docs/engines.md: a faster engine, precision or model' if slow else '')
