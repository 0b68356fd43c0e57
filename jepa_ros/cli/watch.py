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

"""``jepa watch``: a page that shows what the robot sees, imagines and does, with a stop button."""

import argparse
import os
from pathlib import Path
import sys
import threading
import webbrowser


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--port', type=int, default=8765, help='of the page; 0: any free one')
    parser.add_argument('--host', default='127.0.0.1', help='address to listen on')
    parser.add_argument('--expose', action='store_true', help='with --host: let other machines '
                        'in; whoever reaches the page can stop the robot and undo a stop')
    parser.add_argument('--open', action=argparse.BooleanOptionalAction, default=None,
                        help='open the page in a browser; by default where there is a screen')
    parser.add_argument('--namespace', default='', help="of the robot's nodes and topics")
    parser.add_argument('--image', default='camera/image_raw', metavar='TOPIC',
                        help='the camera, raw or compressed')
    parser.add_argument('--goal', default='goal_image', metavar='TOPIC', help='goal pictures')
    parser.add_argument('--cmd-vel', default='cmd_vel', metavar='TOPIC',
                        help='what the gate sends to the wheels, or joints')
    parser.add_argument('--planner', default='planner_node', metavar='NODE', help='the planner')
    parser.add_argument('--gate', default='command_gate', metavar='NODE', help='the command gate')
    parser.add_argument('--use-sim-time', action='store_true',
                        help='in simulation: what has no stamp is recorded at simulated time')
    parser.add_argument('--rerun', type=Path, default=None, metavar='FILE.rrd',
                        help='record all of it for the Rerun viewer, a new file')
    parser.add_argument('--no-page', action='store_true', help='record only, with --rerun')


def run(args: argparse.Namespace) -> int:
    """Serve the page, record, or both, until Ctrl-C; return the exit status."""
    if args.no_page and args.rerun is None:
        raise ValueError('--no-page leaves nothing to do; name a file with --rerun as well')
    from jepa_ros.ros.share import use_fast_dds_profile
    use_fast_dds_profile()
    try:
        from jepa_ros.ros.watch_node import watch, WatchNode
    except ImportError as error:
        raise RuntimeError(f'ROS is not installed ({error}); source ROS, or '
                           'pip install -r requirements/ros.txt') from error
    from jepa_ros.web.board import Board
    board = Board()
    server = None if args.no_page else _server(board, args)
    sinks = []
    if args.rerun is not None:
        from jepa_ros.ros.watch_rerun import RerunFile
        sinks.append(RerunFile(args.rerun))

    def begin(node: WatchNode) -> None:
        if server is not None:
            server.start(node.desk)
            print(f'the page is {server.url}, Ctrl-C ends it', flush=True)
            if args.open or (args.open is None and _has_screen()):
                # a browser may take its time, and must not keep a signal waiting
                threading.Thread(target=webbrowser.open, args=(server.url,),
                                 daemon=True).start()
        if args.rerun is not None:
            print(f'it is recorded in {args.rerun}, Ctrl-C completes the file', flush=True)

    try:
        return watch(board, sinks, args.namespace, {
            'image': args.image, 'goal': args.goal, 'cmd_vel': args.cmd_vel,
            'planner': args.planner, 'gate': args.gate, 'use_sim_time': args.use_sim_time,
        }, begin)
    finally:
        if server is not None:
            server.close()


def _server(board, args: argparse.Namespace):
    """Return what serves the page; it holds its port from here on."""
    try:
        from jepa_ros.web.server import Address, Server
    except ImportError as error:
        raise RuntimeError(f'the page needs Tornado ({error}): apt install python3-tornado, or '
                           'pip install -r requirements/watch.txt') from error
    return Server(board, Address(args.host, args.port, args.expose))


def _has_screen() -> bool:
    """Tell whether somebody sits before this machine who could look at the page."""
    return sys.stdout.isatty() and any(os.environ.get(name)
                                       for name in ('DISPLAY', 'WAYLAND_DISPLAY'))
