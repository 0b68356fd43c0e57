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

"""Imports go down only: cli > learning > bags > ros > web, sim > engines > core > types."""

import ast
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'jepa_ros'
# every part of the package, with the parts of it that it may import beside itself
BELOW = {
    'types': set(),
    'config': set(),
    'files': set(),
    'core': {'types', 'config'},
    'engines': {'core', 'types', 'config', 'files'},
    'learning': {'bags', 'engines', 'core', 'types', 'config', 'files'},
    'sim': {'engines', 'core', 'types', 'config', 'files'},
    'web': {'types', 'config'},
    'ros': {'web', 'sim', 'engines', 'core', 'types', 'config', 'files'},
    'bags': {'ros', 'engines', 'core', 'types', 'config', 'files'},
    'cli': {'bags', 'ros', 'web', 'sim', 'learning', 'engines', 'core', 'types', 'config',
            'files'},
}
ROS = {
    'ament_index_python', 'builtin_interfaces', 'cv_bridge', 'diagnostic_msgs', 'geometry_msgs',
    'lifecycle_msgs', 'nav_msgs', 'rcl_interfaces', 'rclpy', 'rosbag2_py', 'rosgraph_msgs',
    'sensor_msgs', 'std_msgs', 'std_srvs', 'tf2_msgs', 'tf2_ros', 'trajectory_msgs',
    'visualization_msgs'}
TORCH = {'huggingface_hub', 'safetensors', 'torch', 'torchvision', 'transformers'}
# the networks themselves, and what runs them with torch
TORCH_ENGINE = {
    'engines.architectures', 'engines.encoder_parts', 'engines.keypoint_encoder',
    'engines.lewm_networks', 'engines.lewm_rollout', 'engines.networks', 'engines.rollout_graph',
    'engines.torch_engine', 'engines.vision_encoder', 'engines.vit'}
# nodes for simulation; those that run on a robot know nothing of it
SIMULATION_NODES = {'ros.simulator_node', 'ros.goal_sender', 'ros.driver_node'}
MODULES = sorted(PACKAGE.rglob('*.py'))


def name_of(path):
    """Return a module's dotted name without the package's own: 'core.cem', '' for the root."""
    parts = path.relative_to(PACKAGE).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imports(source, name):
    """
    Return every module that a source imports, wherever in it: at the top or inside a function.

    Names inside our own package are given in full, so that `from jepa_ros import types` counts
    as jepa_ros.types; relative imports are made absolute.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ''
            if node.level:
                base = ['jepa_ros', *name.split('.')][:-node.level]
                module = '.'.join([*base, module]).rstrip('.')
            if module.split('.')[0] == 'jepa_ros':
                found |= {f'{module}.{alias.name}' for alias in node.names}
            else:
                found.add(module)
        elif (isinstance(node, ast.Call) and node.args
              and getattr(node.func, 'attr', getattr(node.func, 'id', ''))
              in ('import_module', '__import__', 'importorskip')
              and isinstance(node.args[0], ast.Constant)):
            found.add(str(node.args[0].value))
    return found


def tops(path):
    """Return the top-level packages that a file imports."""
    return {module.split('.')[0] for module in imports(path.read_text(), name_of(path))}


def own(path):
    """Return the parts of our own package that a file imports: 'core', 'types', ..."""
    return {module.split('.')[1] for module in imports(path.read_text(), name_of(path))
            if module.startswith('jepa_ros.')}


def layer(path):
    """Return the part of the package that a file belongs to."""
    return name_of(path).split('.')[0]


def each(*layers):
    """Parametrize a test with the modules of some layers, or with all."""
    chosen = [path for path in MODULES if not layers or layer(path) in layers]
    assert chosen, f'no module in {layers}'
    return pytest.mark.parametrize('path', chosen, ids=[name_of(p) or 'jepa_ros' for p in chosen])


def test_the_walk_sees_every_kind_of_import():
    source = """
import torch.nn as nn, numpy
from jepa_ros import types
from ..core.cem import Cem
from . import onnx_engine
def lazy():
    import mujoco
    from rclpy.node import Node
    importlib.import_module('tensorrt')
if TYPE_CHECKING:
    from jepa_ros.sim import world
"""
    assert imports(source, 'engines.load') == {
        'torch.nn', 'numpy', 'jepa_ros.types', 'jepa_ros.core.cem.Cem',
        'jepa_ros.engines.onnx_engine', 'mujoco', 'rclpy.node', 'tensorrt', 'jepa_ros.sim.world'}


@each()
def test_imports_go_down_only(path):
    if layer(path) == '':
        assert own(path) == set()
        return
    assert layer(path) in BELOW, f'{path.name} is in no layer of DESIGN.md'
    upward = own(path) - BELOW[layer(path)] - {layer(path)}
    assert not upward, f'{name_of(path)} imports {sorted(upward)}'


@each('types', 'config', 'core')
def test_the_core_imports_numpy_and_nothing_more(path):
    foreign = tops(path) - set(sys.stdlib_module_names) - {'numpy', 'jepa_ros'}
    assert not foreign, f'{name_of(path)} imports {sorted(foreign)}'


@each('types', 'config', 'core')
def test_the_core_has_no_clock_no_files_no_logging(path):
    found = tops(path) & {'datetime', 'io', 'logging', 'os', 'pathlib', 'random', 'shutil',
                          'socket', 'subprocess', 'sys', 'tempfile', 'threading', 'time'}
    assert not found, f'{name_of(path)} imports {sorted(found)}'
    calls = {node.func.id for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not calls & {'open', 'print', 'input', 'exec', 'eval'}


@each()
def test_ros_is_imported_in_ros_only(path):
    found = tops(path) & ROS
    assert layer(path) == 'ros' or not found, f'{name_of(path)} imports {sorted(found)}'


@each()
def test_torch_is_imported_in_learning_its_engine_and_the_verbs_only(path):
    found = tops(path) & TORCH
    allowed = layer(path) in ('learning', 'cli') or name_of(path) in TORCH_ENGINE
    assert allowed or not found, f'{name_of(path)} imports {sorted(found)}'


@each()
def test_mujoco_is_imported_in_sim_only(path):
    assert layer(path) == 'sim' or 'mujoco' not in tops(path)


@each()
def test_the_web_server_is_imported_in_web_only(path):
    assert layer(path) == 'web' or 'tornado' not in tops(path)


@each('ros')
def test_the_robot_s_nodes_do_not_import_the_simulator(path):
    assert name_of(path) in SIMULATION_NODES or 'sim' not in own(path)


def loaded_by(modules):
    """Import modules in a process of their own; return the top-level packages it then holds."""
    program = (f'import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n'
               'print(*{name.split(".")[0] for name in sys.modules})')
    done = subprocess.run([sys.executable, '-c', program], cwd=ROOT, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_verbs_load_nothing_heavy_before_they_are_called():
    loaded = loaded_by(['jepa_ros.' + name_of(path) for path in MODULES if layer(path) == 'cli'])
    assert not loaded & (TORCH | ROS | {'matplotlib', 'mujoco', 'onnx', 'onnxruntime'})


def test_the_runtime_loads_neither_torch_nor_mujoco_nor_ros():
    modules = ['jepa_ros.' + name_of(path) for path in MODULES
               if layer(path) in ('types', 'config', 'core', 'engines')
               and name_of(path) not in TORCH_ENGINE]
    loaded = loaded_by(modules)
    assert {'jepa_ros', 'numpy'} <= loaded
    assert not loaded & (TORCH | ROS | {'mujoco'})


def test_the_robot_s_nodes_load_neither_torch_nor_mujoco():
    loaded = loaded_by(['jepa_ros.ros.planner_node', 'jepa_ros.ros.command_gate'])
    assert 'rclpy' in loaded
    assert not loaded & (TORCH | {'mujoco', 'tornado'})
