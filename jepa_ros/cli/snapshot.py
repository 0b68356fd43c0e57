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

"""``jepa snapshot``: one picture of a camera into a file, as ``goal_sender`` sends it."""

import argparse
from pathlib import Path

from jepa_ros.files import write_whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('image', metavar='TOPIC',
                        help="the camera's topic, or that whose name with /compressed it is")
    parser.add_argument('--out', type=Path, default=Path('goal.png'), metavar='FILE',
                        help='the picture, a PNG; one that is there is replaced')
    parser.add_argument('--wait', type=float, default=10.0, metavar='S',
                        help='give up after this long')


def run(args: argparse.Namespace) -> int:
    """Wait for a picture, write it, say so; return the exit status."""
    if args.out.suffix.lower() != '.png':
        raise ValueError(f'--out is {str(args.out)!r}, must end in .png')
    if not 0.0 < args.wait < 3600.0:
        raise ValueError(f'--wait is {args.wait:g}, must be in (0, 3600) s')
    if not args.out.absolute().parent.is_dir():
        raise ValueError(f'--out is {str(args.out)!r}: there is no such folder')
    import cv2

    from jepa_ros.ros.share import use_fast_dds_profile
    use_fast_dds_profile()
    try:
        from jepa_ros.ros.snapshot import snapshot
    except ImportError as error:
        raise RuntimeError(f'ROS is not installed ({error}); source ROS, or '
                           'pip install -r requirements/ros.txt') from error
    picture = snapshot(args.image, args.wait)
    _, data = cv2.imencode('.png', picture[..., ::-1])
    write_whole(args.out, data.tobytes())
    height, width, _ = picture.shape
    print(f'{args.out}: {width}x{height}')
    return 0
