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
Let the whole graph drive for minutes: random goals, lost cameras, killed planners.

Every stop is judged, every restart has to come back, and no node may grow.  The planner is killed
in the first half of the time; in the second it lives, so that it can be seen whether it grows.
Writes soak.json and soak.png; exit code 1 where something was wrong, 130 where it was interrupted.
"""

import argparse
import os
from pathlib import Path
import signal
import sys

from jepa_ros.ros.share import own_domain

os.environ.update(own_domain())
os.environ.setdefault('OMP_NUM_THREADS', '1')

from live_graph import LiveGraph  # noqa: E402, I100
from soak_drive import Soak  # noqa: E402
from soak_report import Result, write  # noqa: E402
from soak_watch import longest, problems  # noqa: E402


def main() -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--minutes', type=float, default=10.0, help='(default: 10)')
    parser.add_argument('--seed', type=int, default=0, help='of goals and faults')
    parser.add_argument('--out', type=Path, default=Path('out'), help='folder (default: out)')
    args = parser.parse_args()
    if not 0.0 < args.minutes <= 10_000.0:
        parser.error(f'minutes is {args.minutes}, must be above 0 and at most 10000')
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    soak, interrupted = None, False
    try:
        with LiveGraph(direct=True) as graph:
            soak = Soak(graph, args.seed, args.minutes)
            try:
                soak.run()
            finally:
                soak.watch.close()
    except KeyboardInterrupt:
        interrupted = True
        print('interrupted', file=sys.stderr)
    if soak is None:
        return 130
    orphans = sorted(pid for pid in soak.watch.pids if Path(f'/proc/{pid}').exists())
    said = [*soak.problems, *problems(longest(soak.watch.samples)),
            *(f'process {pid} was left behind' for pid in orphans)]
    write(args.out, Result(args.minutes, args.seed, soak.watch.at_s, interrupted, said,
                           soak.events, soak.watch.samples, dict(soak.stop_words)))
    return 130 if interrupted else int(bool(said))


if __name__ == '__main__':
    sys.exit(main())
