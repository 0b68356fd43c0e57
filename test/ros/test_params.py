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

"""Parameters are described, bounded, refused with the reason; the YAML files agree."""

from pathlib import Path
import re

import pytest
from rclpy.exceptions import InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter
import yaml

from jepa_ros.config import METHODS, PlannerConfig
from jepa_ros.ros import (
    command_gate,
    driver_node,
    params,
    planner_params,
    recorder_params,
    simulator_node,
)
from jepa_ros.ros.lifecycle import AUTOSTART

CONFIG = Path(__file__).parents[2] / 'config'
TABLES = {
    'planner': (*planner_params.TABLE, AUTOSTART),
    'gate': (*command_gate.TABLE, AUTOSTART),
    'simulator': simulator_node.TABLE,
    'recorder': recorder_params.TABLE,
    'driver': driver_node.TABLE,
}


@pytest.fixture
def node(ros):
    """Hold a node with the planner's parameters and its guard."""
    node = Node('params_test')
    params.declare(node, planner_params.TABLE)
    node.fixed = ()
    params.guard(node, planner_params.TABLE, planner_params.check, lambda: node.fixed)
    yield node
    node.destroy_node()


def change(node: Node, **values) -> tuple[bool, str]:
    """Set parameters together; return whether it worked and the reason."""
    result = node.set_parameters_atomically([Parameter(n, value=v) for n, v in values.items()])
    return result.successful, result.reason


def test_every_parameter_is_described(node):
    """Unit and range are there for `ros2 param describe`."""
    for entry in planner_params.TABLE:
        descriptor = node.describe_parameter(entry.name)
        assert descriptor.description.endswith(f'[{entry.unit}]')
        ranges = [*descriptor.floating_point_range, *descriptor.integer_range]
        assert len(ranges) == (entry.low is not None)
        if ranges:
            assert (ranges[0].from_value, ranges[0].to_value) == (entry.low, entry.high)


@pytest.mark.parametrize('name, value, words', [
    ('deadline_s', -1.0, ['range']),
    ('candidates', 0, ['range']),
    ('candidates', 'many', ['type']),
    ('elites', 33, ['33', '32']),
    ('planner', 'genetic', ['planner', "'genetic'", 'cem, icem, mppi']),
    ('temperature', 0.0, ['range']),
    ('command_rate_hz', 1.0, ['range']),
    ('region', [0, 0, 64], ['[0, 0, 64]', 'x, y, width and height']),
    ('region', [0, 0, 64, 0], ['[0, 0, 64, 0]', 'both 0 or neither']),
    ('region', [-1, 0, 64, 48], ['[-1, 0, 64, 48]', 'below 0']),
    ('region', [0.5, 0.0, 64.0, 48.0], ['type']),
])
def test_a_wrong_value_is_refused_and_the_old_one_kept(node, name, value, words):
    """Out of range, of another type, or at odds with another parameter."""
    before = node.get_parameter(name).value
    ok, reason = change(node, **{name: value})
    assert not ok
    for word in words:
        assert word in reason
    assert node.get_parameter(name).value == before


def test_parameters_are_judged_together(node):
    """What is wrong one by one may be right at once."""
    assert change(node, candidates=200, elites=100) == (True, '')
    assert planner_params.planner_config(
        params.values(node, planner_params.TABLE)).elites == 100


@pytest.mark.parametrize('method', METHODS)
def test_each_planner_can_be_chosen(node, method):
    """By its name, with the parameters that it has to itself."""
    changes = {'noise_beta': 1.5, 'keep_elites': 0.5, 'shrink': 0.7, 'temperature': 0.4}
    assert change(node, planner=method, **changes) == (True, '')
    config = planner_params.planner_config(params.values(node, planner_params.TABLE))
    assert config == PlannerConfig(method=method, **changes)


def test_a_region_can_be_chosen(node):
    """Four whole numbers, in pixels."""
    assert planner_params.region(params.values(node, planner_params.TABLE)) == (0, 0, 0, 0)
    assert change(node, region=[80, 0, 480, 480]) == (True, '')
    assert planner_params.region(params.values(node, planner_params.TABLE)) == (80, 0, 480, 480)


def test_fixed_parameters_say_when_they_can_change(node):
    """The model of a configured node stays."""
    node.fixed = planner_params.FIXED
    ok, reason = change(node, model='another')
    assert not ok
    assert 'model' in reason
    assert 'clean' in reason
    assert change(node, deadline_s=0.05)[0]


def test_a_wrong_start_value_is_refused(ros):
    """A value out of range never makes a node."""
    node = Node('refused', parameter_overrides=[Parameter('deadline_s', value=99.0)])
    with pytest.raises(InvalidParameterValueException):
        params.declare(node, planner_params.TABLE)
    node.destroy_node()


def test_arrival_cost_zero_means_the_models_own():
    """Zero is the parameter's way to say None."""
    values = {e.name: e.default for e in planner_params.TABLE}
    assert planner_params.agent_config(values).arrival_cost is None
    assert planner_params.agent_config(values | {'arrival_cost': 2.5}).arrival_cost == 2.5


@pytest.mark.parametrize('name', sorted(TABLES))
def test_yaml_agrees_with_the_table(name):
    """Every key is a parameter with its default value, and every line has its unit."""
    text = (CONFIG / f'{name}.yaml').read_text()
    (parameters,) = (node['ros__parameters'] for node in yaml.safe_load(text).values())
    table = {entry.name: entry for entry in TABLES[name]}
    assert set(parameters) <= set(table)
    for key, value in parameters.items():
        assert type(value) is type(table[key].default), key
        assert value == table[key].default, key
    lines = [line for line in text.splitlines() if re.match(r'    (# )?\w+: ', line)]
    for line in lines:
        key = line.strip('# ').split(':')[0]
        assert f'# {table[key].unit}' in line, line
    assert {line.strip('# ').split(':')[0] for line in lines} == set(table), 'a line is missing'
