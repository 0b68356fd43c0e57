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

"""Checks of the running graph: camera, commands, goal, clock."""

from collections.abc import Iterator
from dataclasses import asdict
import json
import math
import os

from jepa_ros.cli.doctor_ask import NoAnswerError, Questions
from jepa_ros.cli.doctor_dds import (
    rmw_row,
    WITH_SECURITY,
    WITHOUT_LIBRARIES,
    WITHOUT_SECURITY,
)
from jepa_ros.cli.doctor_engines import CHILD
from jepa_ros.cli.doctor_find import installed
from jepa_ros.cli.doctor_row import FAIL, OK, Row, SKIP, WARN
from jepa_ros.config import AgentConfig
from jepa_ros.ros.share import fast_dds_profile
from jepa_ros.ros.sight import Clock, Frames, Sight, sight_of, Topic, Wanted

# beside the time to look: to import, to meet, and to end on a busy machine
_PATIENCE_S = 30.0
# the model's own rate is 10 Hz; a frame must not be older than this when it is used
_USUAL_HZ = 10.0
_CHECKS = ('rmw', 'image', 'commands', 'goal', 'clock')
_SHOWN = 6


def ask_graph(questions: Questions, wanted: Wanted) -> None:
    """Let another process join the graph."""
    if installed('rclpy'):
        # with the profile that the planner has: launch files set it where the user has none
        profile = {name: os.environ.get(name, path) for name, path in fast_dds_profile().items()}
        questions.ask('graph', [*CHILD, 'graph', json.dumps(asdict(wanted))],
                      wanted.seconds + _PATIENCE_S, **profile)


def graph_rows(questions: Questions, wanted: Wanted) -> list[Row]:
    """Say what the other process saw; without ROS every row is skipped."""
    if not installed('rclpy'):
        return [Row(check, SKIP, 'there is no rclpy') for check in _CHECKS]
    try:
        sight = sight_of(questions.answer('graph'))
    except NoAnswerError as error:
        return [_no_node(str(error)),
                *(Row(check, SKIP, 'no node could be started') for check in _CHECKS[1:])]
    return [
        *rmw_row(sight.rmw, WITH_SECURITY if sight.secure else WITHOUT_SECURITY),
        *image_rows(sight, bool(wanted.image)),
        *(row for topic in sight.topics for row in topic_row(topic, topic == sight.topics[-1])),
        *clock_row(sight.clock)]


def _no_node(words: str) -> Row:
    if os.environ.get('ROS_SECURITY_ENABLE') == 'true' and WITHOUT_LIBRARIES not in words:
        return Row('rmw', WARN, f'the doctor may not look: {words}',
                   'ROS_SECURITY_ENCLAVE_OVERRIDE=/jepa_ros/operator jepa doctor')
    return Row('rmw', FAIL, f'no node can be started: {words}',
               'see the rows ros, domain and security')


def image_rows(sight: Sight, named: bool) -> Iterator[Row]:
    """Say what comes of the camera, and whether a planner could drive by it."""
    if sight.image is None:
        found = ('nobody publishes pictures' if not sight.pictures else
                 f'several topics have pictures: {_some(sight.pictures)}')
        yield Row('image', SKIP, found, 'jepa doctor --image TOPIC' if sight.pictures else '')
        return
    topic = sight.image.name
    came = next((f for f in sight.frames if f.count), None)
    if sight.image.mismatches:
        yield Row('image', FAIL, '; '.join(sight.image.mismatches), _qos_mend(topic))
    elif came is None:
        publishers = {end.node for end in sight.image.publishers}
        others = f'; pictures are on {_some(sight.pictures)}' if sight.pictures else ''
        yield Row('image', FAIL if named or publishers else SKIP, (
            f'{topic}: {_some(publishers)} publishes, and nothing comes' if publishers else
            f'{topic}: nobody publishes it') + others,
            f'ros2 topic hz {topic}' if publishers else 'start the camera, or: jepa doctor '
            '--image TOPIC')
    else:
        yield _frames_row(came)
        yield _age_row(came, sight.clock)


def _frames_row(came: Frames) -> Row:
    found = (f'{came.topic}: {came.width}x{came.height} {came.encoding}, {came.rate_hz:.1f} Hz, '
             f'{came.count} frames') + (', compressed only' if came.compressed else '')
    limit_hz = 1 / AgentConfig.max_frame_age_s
    if came.trouble:
        return Row('image', FAIL, f'{came.topic}: {came.trouble}',
                   'let the camera publish rgb8, bgr8, rgba8, bgra8, mono8, yuv422, JPEG or PNG')
    if not came.rate_hz > limit_hz:
        return Row('image', FAIL, f'{found}; below {limit_hz:.1f} Hz every command is zero, since '
                   f'a frame is too old after {AgentConfig.max_frame_age_s:g} s',
                   "raise the camera's rate; config/fastdds.xml where frames are lost")
    if came.rate_hz < 0.9 * _USUAL_HZ:
        return Row('image', WARN, f'{found}; models learn at about {_USUAL_HZ:.0f} Hz',
                   "raise the camera's rate; config/fastdds.xml where frames are lost")
    return Row('image', OK, found)


def _age_row(came: Frames, clock: Clock) -> Row:
    limit_s = AgentConfig.max_frame_age_s
    by = 'of /clock' if math.isfinite(clock.rate_hz) else "of the system's clock"
    found = f'{came.age_s:.3f} s by the time {by}'
    if came.age_s > 1e6:
        found = f'stamps are {came.age_s:.0f} s behind the time {by}'
    if -AgentConfig.max_future_s <= came.age_s <= limit_s:
        return Row('frame age', OK, found)
    return Row('frame age', FAIL, f'{found}, must be {-AgentConfig.max_future_s:g} to '
               f'{limit_s:g} s: the planner would not move',
               'let the camera stamp with ROS time; chronyc tracking, where it is another machine')


def topic_row(topic: Topic, goal: bool) -> Iterator[Row]:
    """Say who publishes commands or goals, to whom, and whether they hear them."""
    check = 'goal' if goal else f'commands {topic.name}'
    sources = sorted({end.node for end in topic.publishers})
    kinds = sorted({end.kind for end in (*topic.publishers, *topic.subscribers)})
    hearers = sorted({end.node for end in topic.subscribers})
    found = f'{topic.name}: {_some(sources) or "nobody"} to {_some(hearers) or "nobody"}'
    if len(topic.publishers) > 1 and not goal:
        count = len(topic.publishers)
        yield Row(check, FAIL, f'{topic.name} has {count} publishers, limit 1: {_some(sources)}; '
                  "the robot gets the commands of all, the gate's zero too",
                  f'ros2 topic info -v {topic.name}, and stop all but one')
    elif sources and len(kinds) > 1:
        yield Row(check, FAIL, f'{found}, as {" and ".join(kinds)}: two types do not meet',
                  'stamped:=true for TwistStamped, stamped:=false for Twist')
    elif topic.mismatches:
        yield Row(check, FAIL, '; '.join(topic.mismatches), _qos_mend(topic.name))
    elif not sources:
        yield Row(check, SKIP, found)
    else:
        yield Row(check, OK, f'{found}, {kinds[0].split("/")[-1]}')


def clock_row(clock: Clock) -> Iterator[Row]:
    """Say which clock the nodes follow; they must agree, and /clock must tick for those on it."""
    ticks = math.isfinite(clock.rate_hz)
    if clock.followers and not ticks:
        yield Row('clock', FAIL, f'use_sim_time is true for {_some(clock.followers)}, and no '
                  '/clock ticks: they stand still', 'use_sim_time:=false, or start the simulator')
    elif clock.followers and clock.others and ticks:
        # a simulator keeps the time, and does not follow it
        apart = sorted(set(clock.others) - set(clock.publishers))
        yield Row('clock', WARN if apart else OK, f'/clock at {clock.rate_hz:.0f} Hz, followed by '
                  f'{_some(clock.followers)}' + (f', not by {_some(apart)}' if apart else ''),
                  'use_sim_time:=true for all of them' if apart else '')
    elif ticks:
        nodes = sorted(set(clock.others) - set(clock.publishers))
        yield Row('clock', FAIL if nodes else OK, f'/clock at {clock.rate_hz:.0f} Hz from '
                  f'{_some(clock.publishers)}' + (f', and {_some(nodes)} do not follow it' if nodes
                                                  else ''),
                  'use_sim_time:=true' if nodes else '')
    elif not (clock.others or clock.silent):
        yield Row('clock', SKIP, 'there is no node to ask')
    else:
        silent = f'; no answer from {_some(clock.silent)}' if clock.silent else ''
        yield Row('clock', OK, f"the system's, for {len(clock.others)} nodes{silent}")


def _qos_mend(topic: str) -> str:
    return f'ros2 topic info -v {topic}, and give both the same reliability and durability'


def _some(names) -> str:
    """Return names as a line has room for them."""
    names = sorted(names)
    more = f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''
    return ', '.join(names[:_SHOWN]) + more
