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

"""Run every fuzz target, each in a process of its own, and print what came of it: `make fuzz`."""

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
import os
from pathlib import Path
import subprocess
import sys
import tempfile

from jepa_ros.ros.share import own_domain

# where the tests have their helpers
sys.path.append(str(Path(__file__).resolve().parents[1]))
# nodes of a fuzz run hear nobody but themselves
os.environ.update(own_domain())
os.environ.setdefault('OPENCV_LOG_LEVEL', 'SILENT')

# a target by its name: the module that has it
TARGETS = {
    'images': 'fuzz_pictures',
    'compressed_images': 'fuzz_pictures',
    'commands': 'fuzz_words',
    'parameters': 'fuzz_words',
    'manifests': 'fuzz_bundles',
    'graphs': 'fuzz_bundles',
    'bag_reading': 'fuzz_bags',
}
# others' code, and slow: a hundredth of the inputs, and always in a process of its own
RUNTIMES = {'openvino_graphs': 'fuzz_runtimes', 'onnxruntime_graphs': 'fuzz_runtimes'}
RUNTIME_SHARE = 100


def target_of(name: str) -> Callable[[Path], AbstractContextManager]:
    """Return what opens a target in an empty folder; its module is imported only now."""
    return getattr(import_module({**TARGETS, **RUNTIMES}[name]), name)


def _fuzz(name: str, inputs: int, seed: int) -> None:
    from fuzz_run import quiet, run
    with tempfile.TemporaryDirectory() as folder, quiet(), target_of(name)(Path(folder)) as target:
        report = run(target, inputs, seed)
    print(report, flush=True)


def in_a_process(name: str, inputs: int, seed: int = 0) -> int:
    """Run a target in a process of its own; return the exit code, negative where it crashed."""
    return subprocess.run([
        sys.executable, __file__, '--here', '--target', name, '--inputs', str(inputs),
        '--seed', str(seed)], check=False).returncode


def main() -> int:
    """Run the targets; return 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--inputs', type=int, default=100_000, help='for each target, at least')
    parser.add_argument('--seed', type=int, default=0, help='the same seed, the same inputs')
    parser.add_argument('--target', choices=[*TARGETS, *RUNTIMES, ''], default='',
                        help='one, else all')
    parser.add_argument('--here', action='store_true', help='in this process')
    args = parser.parse_args()
    if args.here:
        _fuzz(args.target, args.inputs, args.seed)
        return 0
    failed = []
    for name in [args.target] if args.target else [*TARGETS, *RUNTIMES]:
        inputs = args.inputs // (RUNTIME_SHARE if name in RUNTIMES and not args.target else 1)
        code = in_a_process(name, max(inputs, 1), args.seed)
        if code != 0:
            failed.append(name)
            print(f'{name}: FAILED, exit code {code}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
