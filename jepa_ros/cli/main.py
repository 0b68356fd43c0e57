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

"""The ``jepa`` command: one verb a file, heavy imports inside the verb."""

import argparse
import importlib
import re
import sys

from jepa_ros.cli.missing import advice

VERBS = {
    'demo': 'drive a simulated warehouse robot to a place that it was shown as a picture',
    'eval': 'measure success in closed loop, many seeds, baselines beside it',
    'watch': 'a page that shows what it sees, imagines and does, with a stop button',
    'record': 'record topics of a robot into a bag to learn from',
    'snapshot': 'take one picture of a camera, such as that of a goal',
    'collect': 'make a data set in the simulated warehouse',
    'inspect': 'say what is in bags, what training would use of it, and what is wrong',
    'train': 'train a JEPA world model and its critic on a data set',
    'export': 'turn a training run into a bundle that a robot can load',
    'route': 'make a route of goal pictures of recorded drives, for the planner to follow',
    'gazebo': 'check a Gazebo world, its bridge and our nodes against each other, without Gazebo',
    'import': 'turn a published model into a bundle: LeWorldModel, V-JEPA 2, DINOv2',
    'bench': 'how fast it encodes and plans, how well for the time, camera to command',
    'calibrate': 'make int8 graphs for a bundle from bags of its camera',
    'build-engine': "build a bundle's TensorRT engines into the user's cache",
    'doctor': 'say what works here and what is missing, with the command that mends it',
    'sign': 'sign a bundle, so that a robot can refuse all others; or make the keys for it',
}
_SETTING = re.compile(r'[a-z_]+\.[a-z_.]+=')
# a verb that no file can be named after
_FILES = {'import': 'import_model'}


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run one verb; return its exit status."""
    parser = argparse.ArgumentParser(
        prog='jepa', description='Plan towards a goal picture with a JEPA world model.')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB')
    for name, summary in VERBS.items():
        verb = importlib.import_module(
            f'jepa_ros.cli.{_FILES.get(name, name.replace("-", "_"))}')
        sub = verbs.add_parser(name, help=summary, description=summary[0].upper() + summary[1:]
                               + '.', formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        verb.add_arguments(sub)
        sub.set_defaults(run=verb.run)
    args, rest = parser.parse_known_args(arguments)
    # argparse takes the settings of a verb only where they stand together
    if rest and getattr(args, 'takes_settings', False) and all(map(_SETTING.match, rest)):
        args.overrides = [*getattr(args, 'overrides', []), *rest]
    elif rest:
        parser.error(f'unrecognized arguments: {" ".join(rest)}')
    try:
        return int(args.run(args))
    except ModuleNotFoundError as error:
        install = advice(error.name or '')
        if not install:
            raise
        print(f'jepa {args.verb}: {error.name} is not installed: {install}', file=sys.stderr)
        return 2
    except (ValueError, OSError, RuntimeError) as error:
        print(f'jepa {args.verb}: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f'jepa {args.verb}: interrupted', file=sys.stderr)
        return 130


if __name__ == '__main__':
    sys.exit(main())
