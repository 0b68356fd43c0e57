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

"""``jepa gazebo``: check a Gazebo world, its bridge and our nodes against each other."""

import argparse
from pathlib import Path

FILES = {'world': 'worlds/warehouse.sdf', 'bridge': 'config/gz_bridge.yaml',
         'params': 'config/planner.yaml', 'gate_params': 'config/gate.yaml'}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--world', type=Path, default=None,
                        help='the SDF file of the world; by default the one that is shipped')
    parser.add_argument('--bridge', type=Path, default=None,
                        help="parameter_bridge's file; by default the one that is shipped")
    parser.add_argument('--params', type=Path, default=None,
                        help="the planner's parameters; by default those that are shipped")
    parser.add_argument('--gate-params', type=Path, default=None,
                        help="the command gate's parameters; by default those that are shipped")
    parser.add_argument('--image-topic', default='camera/image_raw',
                        help='the topic that the planner is given for its pictures')
    parser.add_argument('--distro', choices=['jazzy', 'kilted'], default='jazzy',
                        help='the ROS distro whose ros_gz is used: its table of types counts')
    parser.add_argument('--write', type=Path, default=None, metavar='FILE',
                        help='write the simulated warehouse as a world for Gazebo, and check '
                             'nothing')
    parser.add_argument('--seed', type=int, default=0,
                        help='with --write: which layout, as the simulator counts them')


def run(args: argparse.Namespace) -> int:
    """Check, or write a world; return 1 where something is wrong, which is printed."""
    if args.write is not None:
        return _write(args.write, args.seed)
    from jepa_ros.ros.share import share_file

    texts = {}
    for name, shipped in FILES.items():
        path = getattr(args, name) or share_file(shipped)
        texts[name] = path.read_text(encoding='utf-8')
    faults = check(texts, args.distro, args.image_topic)
    for fault in faults:
        print(fault)
    print('faults: ' + str(len(faults)) if faults else 'world, bridge and nodes agree', end='')
    print('; Gazebo itself was not run')
    return 1 if faults else 0


def check(texts: dict[str, str], distro: str, image_topic: str) -> list[str]:
    """Return all that is wrong with the texts of FILES; ValueError where a file is no such."""
    from jepa_ros.ros.gz_meeting import check_meeting, missing_types, node_topics
    from jepa_ros.sim import gz_bridge, gz_form, gz_frames, gz_topics, gz_types, gz_world

    bridges, faults = gz_bridge.read(texts['bridge'], distro)
    planner = gz_frames.parameters(texts['params'], 'planner_node')
    gate = gz_frames.parameters(texts['gate_params'], 'command_gate')
    world, wrong = gz_form.parse(texts['world'])
    if world is None or wrong or not bridges:
        return wrong + faults
    faults += missing_types(bridges, gz_types.ROS_TYPES)
    faults += check_meeting(node_topics(image_topic, stamped=bool(gate.get('stamped'))), bridges)
    return [*gz_world.check_systems(world), *gz_world.check_wheels(world),
            *gz_world.check_masses(world),
            *gz_topics.check_topics(gz_topics.topics(world), bridges),
            *gz_frames.check_frames(world, {'planner_node': planner, 'command_gate': gate}),
            *gz_frames.check_pictures(world, planner), *faults]


def _write(path: Path, seed: int) -> int:
    from jepa_ros.sim.sdf import sdf
    from jepa_ros.sim.world import World, WorldConfig

    if seed < 0:
        raise ValueError(f'--seed is {seed}, must be 0 or more')
    # colours and light are those of the description, not strayed from by a seed
    path.write_text(sdf(World(WorldConfig(appearance=0.0), seed)), encoding='utf-8')
    print(f'{path}: the warehouse with the layout of seed {seed}')
    return 0
