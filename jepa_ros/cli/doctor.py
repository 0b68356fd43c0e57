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

"""``jepa doctor``: what works here, what is missing, and the command that mends it."""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from jepa_ros.cli.doctor_row import FAIL, guarded, OK, Row, SKIP, WARN
from jepa_ros.cli.table import print_rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--image', default='', metavar='TOPIC',
                        help="the camera's topic; none: what the planner listens to, or the only "
                        'camera there is')
    parser.add_argument('--cmd-vel', default='cmd_vel', metavar='TOPIC',
                        help='what the controller listens to')
    parser.add_argument('--cmd-vel-nav', default='cmd_vel_nav', metavar='TOPIC',
                        help='what the planner publishes, and the gate listens to')
    parser.add_argument('--namespace', default='', help="the robot's, for topics without a /")
    parser.add_argument('--seconds', type=float, default=4.0, help='to look at the graph')
    parser.add_argument('--model', type=Path, nargs='+', default=[], metavar='DIR',
                        help='bundles to look at; none: those that are shipped')
    parser.add_argument('--engine', default='auto', help='what runs the bundles')
    parser.add_argument('--trusted-key', type=Path, default=None, metavar='FILE',
                        help='public key that must have signed the bundles')
    parser.add_argument('--bags', type=Path, default=Path('bags'), metavar='DIR',
                        help='folder where recordings go')
    parser.add_argument('--json', action='store_true', help='print JSON')


def run(args: argparse.Namespace) -> int:
    """Look at everything and print it; return 1 where something would stop a drive."""
    from jepa_ros.engines.load import ENGINES
    if not 1.0 <= args.seconds <= 60.0:
        raise ValueError(f'seconds is {args.seconds:g}, must be in [1, 60]')
    if args.engine not in ('auto', *ENGINES):
        raise ValueError(f'engine is {args.engine!r}, must be one of auto, {", ".join(ENGINES)}')
    rows = examine(args)
    if args.json:
        print_rows([asdict(row) for row in rows], True)
    else:
        width = max(len(row.check) for row in rows)
        print('\n'.join(line for row in rows for line in row.lines(width)))
        counts = {status: sum(row.status == status for row in rows)
                  for status in (OK, WARN, FAIL, SKIP)}
        print(', '.join(f'{count} {status}' for status, count in counts.items())
              + ('; this stops a drive' if counts[FAIL] else '; nothing stops a drive'))
    return 1 if any(row.status == FAIL for row in rows) else 0


def examine(args: argparse.Namespace) -> list[Row]:
    """Return the rows of all checks, in the order of the screen."""
    from jepa_ros.cli import doctor_dds, doctor_engines, doctor_graph, doctor_machine, doctor_ros
    from jepa_ros.cli.doctor_ask import Questions
    from jepa_ros.ros.sight import Wanted

    wanted = Wanted(args.image, (args.cmd_vel_nav, args.cmd_vel), args.seconds, args.namespace)
    with Questions() as questions:
        # these work at the same time as what follows; the camera's rate is measured by the first,
        # so that the others step back behind it
        asked = _rows((
            ('graph', lambda: doctor_graph.ask_graph(questions, wanted) or ()),
            ('gpu', lambda: doctor_machine.ask_gpu(questions) or ()),
            ('rendering', lambda: doctor_machine.ask_gl(questions) or ()),
            ('runtimes', lambda: doctor_engines.ask_runtimes(questions) or ())))
        return asked + _rows((
            ('python', doctor_ros.python_row),
            ('ros', doctor_ros.ros_row),
            ('messages', doctor_ros.messages_row),
            ('packages', doctor_ros.packages_row),
            ('domain', doctor_ros.domain_row),
            ('security', doctor_ros.security_row),
            ('dds profile', doctor_dds.profile_row),
            ('shared memory', doctor_dds.memory_row),
            ('cpu', doctor_machine.cpu_row),
            ('room for bags', lambda: doctor_machine.disk_row(args.bags)),
            ('engine cache', doctor_machine.cache_row),
            ('gpu', lambda: doctor_machine.gpu_row(questions)),
            ('graph', lambda: doctor_graph.graph_rows(questions, wanted)),
            ('rendering', lambda: doctor_machine.gl_row(questions)),
            ('runtimes', lambda: doctor_engines.runtime_rows(questions)),
            ('models', lambda: doctor_engines.bundle_rows(questions, doctor_engines.Models(
                tuple(args.model) or tuple(doctor_engines.shipped()), args.engine,
                args.trusted_key))),
        ))


def _rows(checks: Iterable[tuple[str, Callable[[], Iterable[Row]]]]) -> list[Row]:
    return [row for check, look in checks for row in guarded(check, look)]
