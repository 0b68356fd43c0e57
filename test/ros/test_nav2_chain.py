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

"""In Nav2's chain: parameters that exist, times that fit, wheels that stop if a part dies."""

from contextlib import ExitStack
import signal
import time

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from graph import Probe, process, ROOT, wait_for
import numpy as np
import pytest
from robot import Robot
from sensor_msgs.msg import LaserScan
from std_srvs.srv import Trigger
import yaml

from jepa_ros.core.monitor import Reason
from jepa_ros.ros import messages, qos

CONFIG = ROOT / 'config'
DISTROS = ('jazzy', 'kilted')
# What Nav2 documents, and declares in its source of either distribution.
TWIST = {'enable_stamped_cmd_vel'}
SMOOTHER = TWIST | {
    'smoothing_frequency', 'scale_velocities', 'feedback', 'max_velocity', 'min_velocity',
    'deadband_velocity', 'velocity_timeout', 'max_accel', 'max_decel', 'odom_topic',
    'odom_duration', 'use_realtime_priority', 'bond_heartbeat_period'}
MONITOR = TWIST | {
    'base_frame_id', 'odom_frame_id', 'cmd_vel_in_topic', 'cmd_vel_out_topic', 'state_topic',
    'transform_tolerance', 'source_timeout', 'base_shift_correction', 'stop_pub_timeout',
    'polygons', 'observation_sources', 'use_realtime_priority', 'bond_heartbeat_period'}
ZONE = {'type', 'points', 'polygon_sub_topic', 'polygon_subscribe_transient_local', 'radius',
        'action_type', 'min_points', 'slowdown_ratio', 'linear_limit', 'angular_limit',
        'time_before_collision', 'simulation_time_step', 'visualize', 'polygon_pub_topic',
        'enabled', 'footprint_topic', 'sources_names'}
SOURCE = {'type', 'topic', 'enabled', 'source_timeout', 'min_height', 'max_height',
          'obstacles_angle', 'sampling_distance'}
MANAGER = {'node_names', 'autostart', 'bond_timeout', 'attempt_respawn_reconnection',
           'bond_respawn_max_duration'}
# from a fault to the last command that is not zero: the limit of a frame's age and one period
LIMIT_S = 0.35


def parameters(distro: str) -> dict[str, dict]:
    """Return the parameters of a distribution's file, by node."""
    text = (CONFIG / f'nav2_{distro}.yaml').read_text()
    return {name.rpartition('/')[2]: body['ros__parameters']
            for name, body in yaml.safe_load(text).items()}


@pytest.mark.parametrize('distro', DISTROS)
def test_every_parameter_is_one_of_nav2s(distro):
    """A name that it does not know is ignored in silence there."""
    found = parameters(distro)
    assert set(found) == {'velocity_smoother', 'collision_monitor', 'lifecycle_manager_jepa'}
    assert set(found['velocity_smoother']) <= SMOOTHER
    assert set(found['lifecycle_manager_jepa']) <= MANAGER
    monitor = found['collision_monitor']
    zones, sources = monitor['polygons'], monitor['observation_sources']
    assert set(monitor) <= MONITOR | set(zones) | set(sources)
    for name in zones:
        assert set(monitor[name]) <= ZONE, name
        assert monitor[name]['action_type'] in ('stop', 'slowdown', 'limit', 'approach')
        assert len(yaml.safe_load(monitor[name]['points'])) >= 3
    for name in sources:
        assert set(monitor[name]) <= SOURCE, name


def test_the_two_distributions_differ_in_the_type_of_commands_only():
    """Twist there, TwistStamped here."""
    jazzy, kilted = parameters('jazzy'), parameters('kilted')
    for node in ('velocity_smoother', 'collision_monitor'):
        assert jazzy[node].pop('enable_stamped_cmd_vel') is False
        assert kilted[node].pop('enable_stamped_cmd_vel') is True
    assert jazzy == kilted


@pytest.mark.parametrize('distro', DISTROS)
def test_our_rates_and_limits_satisfy_their_timeouts(distro):
    """By the files as they are shipped."""
    def ours(name: str) -> dict:
        (body,) = yaml.safe_load((CONFIG / f'{name}.yaml').read_text()).values()
        return body['ros__parameters']

    gate, planner, nav2 = ours('gate'), ours('planner'), parameters(distro)
    smoother, monitor = nav2['velocity_smoother'], nav2['collision_monitor']
    command_s = 1.0 / planner['command_rate_hz']
    # two commands may be lost before the smoother takes the planner for silent
    assert 3 * command_s <= smoother['velocity_timeout']
    # where no stamp tells, it must not drive on for longer than the gate would
    assert smoother['velocity_timeout'] <= gate['timeout_s']
    # the oldest stamp of a good stream, against what makes the gate slow down: a stop and one of
    # its periods before its limit
    assert 1.0 / smoother['smoothing_frequency'] + command_s < (
        gate['max_frame_age_s'] - gate['stop_s'] - 1.0 / gate['rate_hz'])
    assert smoother['max_velocity'] == [
        gate['max_speed_m_s'], gate['max_side_speed_m_s'], gate['max_turn_rad_s']]
    assert smoother['min_velocity'] == [-v for v in smoother['max_velocity']]
    assert min(smoother['max_accel']) >= 0.0 >= max(smoother['max_decel'])
    # zero is there for as long as the gate repeats its own
    assert monitor['stop_pub_timeout'] >= gate['zero_repeat_s']
    assert monitor['cmd_vel_in_topic'] == 'cmd_vel_smoothed'
    assert nav2['lifecycle_manager_jepa']['bond_timeout'] == 0.0
    assert nav2['lifecycle_manager_jepa']['node_names'][0] == 'command_gate'


class Stuck(Robot):
    """A robot with a scanner that hears its wheels' topic, and never gets anywhere."""

    def __init__(self, probe: Probe, stamped: bool) -> None:
        super().__init__(probe, stamped)
        self.wheels: list[tuple[float, np.ndarray]] = []
        self.near = False
        self._scans = probe.publisher(LaserScan, 'scan', qos.SENSOR)
        probe.node.create_subscription(TwistStamped if stamped else Twist, 'cmd_vel',
                                       self._roll, 100)
        probe.every(0.1, self._scan)

    def _live(self) -> None:
        place = self.place.copy()
        super()._live()
        self.place = place

    def _roll(self, message: Twist | TwistStamped, info: dict) -> None:
        self.wheels.append((info['source_timestamp'] * 1e-9, messages.from_twist(message)))

    def _scan(self) -> None:
        scan = LaserScan(angle_min=-1.0, angle_increment=0.05,
                         ranges=[0.3 if self.near else 5.0] * 41)
        scan.header.stamp = self._probe.node.get_clock().now().to_msg()
        self._scans.publish(scan)

    def wait_rolling(self) -> None:
        """Wait until the wheels are told to turn."""
        since = len(self.wheels)
        wait_for(lambda: any(c.any() for _, c in self.wheels[since:]), 'motion')

    def wait_still(self, after_s: float, rest: int = 10) -> float:
        """Wait for many zeros in a row; return how long after a time the last motion was."""
        wait_for(lambda: len(self.wheels) > rest
                 and not any(c.any() for _, c in self.wheels[-rest:]), 'rest')
        return max((at_s for at_s, c in self.wheels if c.any()), default=after_s) - after_s


@pytest.mark.parametrize('distro, victim', [('jazzy', 'planner'), ('kilted', 'smoother')])
def test_the_wheels_stop_for_what_is_near_for_a_lost_camera_and_for_a_dead_part(
        probe, bundle, distro, victim):
    """As the launch file wires it: each process by itself, brought up by a lifecycle manager."""
    stamped = str(distro == 'kilted').lower()
    params = ('--params-file', str(CONFIG / f'nav2_{distro}.yaml'))
    ours = ('-p', 'autostart:=false', '-p', f'stamped:={stamped}')
    robot = Stuck(probe, distro == 'kilted')
    state = probe.listen(DiagnosticStatus, 'command_gate/state', qos.LATCHED)
    with ExitStack() as running:
        def start(module: str, *arguments: str):
            return running.enter_context(process(module, *arguments))

        gate = start('jepa_ros.ros.command_gate', *ours, '-r', 'cmd_vel_nav:=cmd_vel_checked')
        start('nav2_standins', *params, '--', 'collision_monitor')
        parts = {'smoother': start('nav2_standins', *params, '-r', 'cmd_vel:=cmd_vel_nav', '--',
                                   'velocity_smoother'),
                 'planner': start('fake_planner', *ours, '-p', bundle)}
        manager = start('nav2_standins', *params, '-r', '__node:=lifecycle_manager_jepa', '-p',
                        'autostart:=true', '--', 'lifecycle_manager')
        wait_for(lambda: 'Managed nodes are active' in manager.output
                 or manager.child.poll() is not None, 'the lifecycle manager', 60.0)
        assert manager.child.poll() is None, manager.output
        robot.send_goal(0.8, 0.8)
        robot.wait_word('driving')
        # a gate that met the planner only now wants a person's word
        assert probe.call(Trigger, 'command_gate/reset', Trigger.Request()).success
        robot.wait_rolling()

        robot.near = True
        robot.wait_still(0.0)
        # the monitor falls silent after its stop_pub_timeout, which the gate takes for a stop
        wait_for(lambda: state[-1].message in ('stopped', 'waiting'),
                 'silence of the collision monitor')
        assert messages.status_value(state[-1], 'reason_number') in (Reason.SILENCE, Reason.AGE)
        robot.near = False
        robot.wait_rolling()

        robot.seen = False
        assert robot.wait_still(robot.stamps_s[-1]) <= LIMIT_S
        robot.seen = True
        robot.wait_rolling()

        parts[victim].child.send_signal(signal.SIGKILL)
        assert robot.wait_still(time.time()) <= LIMIT_S
        assert all(np.abs(c).max() <= 1.5 for _, c in robot.wheels)
        assert gate.end() == 0, gate.output
