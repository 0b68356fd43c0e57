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
Run every fault on the live graph; write out/faults.json and out/faults.png.

Exit code 1 where one failed.  A failure is shown with what was sent and said around it.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import groupby
import os
from pathlib import Path
import sys

from jepa_ros.ros.share import own_domain

os.environ.update(own_domain())
os.environ.setdefault('OMP_NUM_THREADS', '1')

from drill import drill, Row  # noqa: E402, I100
from fault import Fault, Graph, make_graph  # noqa: E402
import fault_report  # noqa: E402
from faults import FAULTS  # noqa: E402
from planner_faults import direct_kills  # noqa: E402
from tqdm import tqdm  # noqa: E402

_TAIL_LINES = 80


def main() -> int:
    """Run them, graph by graph; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('names', nargs='*', help='only those that begin so')
    parser.add_argument('--kills', type=int, default=20, metavar='N',
                        help='kill the planner so often, nothing between it and the gate')
    parser.add_argument('--out', type=Path, default=Path('out'), help='folder (default: out)')
    args = parser.parse_args()
    every = [*FAULTS, *direct_kills(args.kills)]
    chosen = [f for f in every if not args.names or f.name.startswith(tuple(args.names))]
    if not chosen:
        parser.error(f'no fault begins with {" or ".join(args.names)}')
    rows: list[Row] = []
    try:
        with tqdm(total=len(chosen), unit='fault', dynamic_ncols=True) as bar:
            for row in run(chosen):
                rows.append(row)
                bar.update()
                bar.set_postfix_str(f'{sum(not r.passed for r in rows)} failed, {row.fault}')
                if not row.passed:
                    bar.write(said_of(row), file=sys.stderr)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
    finally:
        fault_report.write(args.out, rows)
    failed = [row.fault for row in rows if not row.passed]
    stops = sorted(row.stopped_after_s for row in rows
                   if row.passed and not row.tolerated)
    if stops:
        print(f'{len(stops)} stops, the slowest after {stops[-1]:.3f} s, '
              f'limit {rows[0].limit_s:.2f} s')
    print(f'{len(rows)} of {len(chosen)} faults run, {len(failed)} failed'
          + (f': {", ".join(failed)}' if failed else '') + f'; see {args.out}/faults.png')
    return 0 if not failed and len(rows) == len(chosen) else 1


def run(faults: Sequence[Fault]) -> Iterator[Row]:
    """Run faults, those of one graph together."""
    order = list(Graph)
    by_graph = sorted(faults, key=lambda fault: order.index(fault.graph))
    for kind, of_graph in groupby(by_graph, key=lambda fault: fault.graph):
        with make_graph(kind) as graph:
            for fault in of_graph:
                yield drill(graph, fault)


def said_of(row: Row) -> str:
    """Return what is to be shown of a failure."""
    tail = row.tail.splitlines()[:_TAIL_LINES]
    return '\n'.join([f'{row.fault} failed: {"; ".join(row.problems)}', *tail])


if __name__ == '__main__':
    sys.exit(main())
