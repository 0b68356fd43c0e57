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

"""``jepa demo``: a robot drives to a place that it was shown only as a picture."""

import argparse
import json
import math
import os
from pathlib import Path
import signal
import sys
import time

from jepa_ros.cli.eval_parts import add_camera_argument, camera_of

TIME_LIMIT_S = 60.0
START_LIMIT_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--seed', type=int, default=0, help='seed of the cell, start and goal')
    parser.add_argument('--out', type=Path, default=Path('out'), help='folder for what it leaves')
    parser.add_argument('--model', default='warehouse_ceiling', help='a bundle: path or name')
    add_camera_argument(parser)
    parser.add_argument('--no-film', action='store_true', help='leave demo.mp4 out')


def run(args: argparse.Namespace) -> int:
    """Start the nodes, send a goal picture, watch, tell; 0 only if the robot has arrived."""
    if not 0 <= args.seed < 2 ** 31:
        raise ValueError(f'seed is {args.seed}, must be in [0, {2 ** 31 - 1}]')
    args.out.mkdir(parents=True, exist_ok=True)
    # SIGTERM ends the demo as Ctrl-C does: the nodes are stopped on the way out
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from jepa_ros.ros.share import own_domain
    os.environ.update(own_domain())     # no robot hears the demo
    from jepa_ros.cli.children import Children, node_command
    from jepa_ros.core.preprocess import to_model_image
    from jepa_ros.core.proprioception import latent_of
    from jepa_ros.engines.load import load_engine
    from jepa_ros.ros.bundle_path import find_bundle
    from jepa_ros.ros.share import use_fast_dds_profile
    use_fast_dds_profile()
    from jepa_ros.ros.observer import observing
    from jepa_ros.ros.simulator_node import CAMERAS
    from jepa_ros.sim.tasks import demo_task
    from jepa_ros.sim.world import World

    bundle = find_bundle(args.model)
    model = load_engine(bundle)
    camera, world = camera_of(args), World(seed=args.seed)
    topic, frame_id = CAMERAS[camera]
    task = demo_task(world, args.seed, camera)
    goal_picture = world.render_at(task.goal, camera)
    print(f'seed {args.seed}: from ({task.start.x:.2f}, {task.start.y:.2f}) to a picture of '
          f'({task.goal.x:.2f}, {task.goal.y:.2f}), {task.shortest_m:.1f} m to drive'
          + ('' if task.straight else ', round a rack'))
    simulated = ['--ros-args', '-p', 'use_sim_time:=true']
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'}
    with Children(args.out, environment) as children:
        children.start('simulator_node', [
            *node_command('simulator_node'), '--ros-args', '-p', f'seed:={args.seed}'])
        children.start('planner_node', [
            *node_command('planner_node'), *simulated, '-p', f'model:={bundle.resolve()}',
            '-r', f'image:={topic}/image_raw'])
        children.start('command_gate', [*node_command('command_gate'), *simulated])
        with observing() as observer:
            observer.goal_latent = latent_of(model.encode(to_model_image(
                goal_picture, model.spec.image_height, model.spec.image_width)), None, model.spec)
            arrived, began_s = _drive(observer, children, goal_picture, frame_id)
        codes = children.stop()
    failed = {name: code for name, code in codes.items() if code != 0}
    result = _result(observer.drive, task, arrived, began_s, args.seed)
    _write(args, camera, world, model, observer.drive, task, goal_picture, result, began_s)
    world.close()
    print(f"{'arrived' if result['arrived'] else 'did not arrive'}: "
          f"{result['final_distance_m']:.2f} m from the goal after {result['duration_s']:.1f} s, "
          f"{result['plan_hz']:.1f} plans a second, frames p99 "
          f"{result['frame_age_ms']['p99'] or math.nan:.0f} ms old; see {args.out}/demo.png")
    if failed:
        raise RuntimeError(f'a node did not end cleanly: {failed}; logs are in {args.out}')
    return 0 if result['arrived'] else 1


def _drive(observer, children, goal_picture, frame_id) -> tuple[bool, float]:
    """Wait for the graph, send the goal, show progress; return (planner says arrived, start)."""
    limit = time.monotonic() + START_LIMIT_S
    while not observer.planner_ready:
        children.check()
        if time.monotonic() > limit:
            raise RuntimeError(f'the nodes were not ready after {START_LIMIT_S:.0f} s')
        time.sleep(0.05)
    observer.send_goal(goal_picture, frame_id)
    began_s, told = observer.now_s, 0.0
    while observer.now_s - began_s < TIME_LIMIT_S:
        children.check()
        time.sleep(0.05)
        if time.monotonic() - told >= (0.25 if sys.stderr.isatty() else 2.0):
            told = time.monotonic()
            _show_progress(observer, began_s)
        word = observer.drive.status[-1][1]
        if word == 'arrived':
            time.sleep(1.0)         # let it come to rest
            break
    _show_progress(observer, began_s)
    print(file=sys.stderr)
    return observer.drive.status[-1][1] == 'arrived', began_s


def _show_progress(observer, began_s: float) -> None:
    _, word, values = observer.drive.status[-1]
    line = (f'{observer.now_s - began_s:5.1f} s  {word:8} {observer.latent_distance:5.2f} in '
            f"latent  {values['cost_to_go']:5.1f} blocks to go  plans {values['plan_hz']:4.1f} Hz"
            f"  frame {values['frame_age_s'] * 1e3:4.0f} ms")
    end = '\r' if sys.stderr.isatty() else '\n'
    print(line, end=end, file=sys.stderr, flush=True)


def _result(drive, task, arrived: bool, began_s: float, seed: int) -> dict:
    import numpy as np

    from jepa_ros.sim.closed_loop import AT_REST, GOAL_RADIUS_M
    driving = [(t, v) for t, word, v in drive.status
               if t >= began_s and math.isfinite(v['planning_ms'])]
    ages = [1e3 * v['frame_age_s'] for _, v in driving]
    span_s = driving[-1][0] - driving[0][0] if len(driving) > 1 else math.nan
    x, y = drive.path[-1][1:3]
    distance_m = math.dist((x, y), (task.goal.x, task.goal.y))
    ended_s = next((t for t, word, _ in drive.status if t >= began_s and word == 'arrived'),
                   drive.path[-1][0])
    return {'arrived': bool(arrived and distance_m <= GOAL_RADIUS_M
                            and abs(drive.speed_m_s) < AT_REST[0]),
            'final_distance_m': distance_m,
            'plan_hz': (len(driving) - 1) / span_s if len(driving) > 1 else 0.0,
            'frame_age_ms': {f'p{q}': float(np.percentile(ages, q)) if ages else None
                             for q in (50, 99)},
            'duration_s': ended_s - began_s, 'seed': seed}


def _write(args: argparse.Namespace, camera: str, world, model, drive, task, goal_picture,
           result: dict, began_s: float) -> None:
    import cv2
    import numpy as np
    from tqdm import tqdm

    from jepa_ros.sim.film import Story, write_film, write_picture
    from jepa_ros.sim.imagination import places_of

    (args.out / 'demo.json').write_text(json.dumps(result, indent=2) + '\n')
    print('drawing what it imagined ...', flush=True)
    ends = [latents[-1] for stamp, latents in drive.imagined if stamp >= began_s][::3]
    path = np.array([(x, y) for t, x, y, _ in drive.path if t >= began_s])
    background = cv2.imdecode(drive.ceiling[-1][1], cv2.IMREAD_COLOR)[..., ::-1]
    word = 'Arrived' if result['arrived'] else 'Did not arrive'
    write_picture(args.out / 'demo.png', Story(
        path, places_of(world, model, np.array(ends), path, camera),
        (task.goal.x, task.goal.y), goal_picture, background,
        f"{word}: {result['final_distance_m']:.2f} m from the goal, {result['duration_s']:.1f} s",
        camera == 'ceiling'))
    if not args.no_film:
        write_film(args.out / 'demo.mp4', iter(tqdm(
            list(_film_frames(drive, goal_picture, began_s)), desc='demo.mp4', unit='frame')))


def _film_frames(drive, goal_picture, began_s: float):
    import cv2

    from jepa_ros.sim.film import compose
    fronts = dict(drive.front)
    status = iter(drive.status)
    caption, after, front = 'ceiling camera', next(status, None), None
    for stamp, jpeg in drive.ceiling:
        if stamp < began_s:
            continue
        while after is not None and after[0] <= stamp:
            caption = f"{after[1]}: {after[2]['cost_to_go']:.1f} blocks to go"
            after = next(status, None)
        if stamp in fronts:
            front = cv2.imdecode(fronts[stamp], cv2.IMREAD_COLOR)[..., ::-1]
        ceiling = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[..., ::-1]
        yield compose(ceiling, front, goal_picture,
                      (f'{stamp - began_s:4.1f} s  {caption}', 'front camera', 'goal picture'))
