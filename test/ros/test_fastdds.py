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


"""What the shipped Fast DDS profile promises: who dies without a word leaves the graph."""

import re
import signal

from graph import process, ROOT, wait_for

# three seconds by the profile; twenty as Fast DDS comes
PATIENCE_S = 10.0


def test_the_publishers_of_a_killed_process_leave_the_graph(probe, tmp_path, monkeypatch):
    # a killed process leaves its shared memory behind: let it be little
    profile = (ROOT / 'config' / 'fastdds.xml').read_text()
    small = tmp_path / 'fastdds.xml'
    small.write_text(re.sub(r'(<segment_size>|<maxMessageSize>)\d+', r'\g<1>262144', profile))
    for name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
        monkeypatch.setenv(name, str(small))
    with process('fake_planner', '-p', 'autostart:=false') as planner:
        wait_for(lambda: probe.node.count_publishers('planner_node/status'), 'the publisher')
        assert planner.end(signal.SIGKILL) == -signal.SIGKILL
        wait_for(lambda: not probe.node.count_publishers('planner_node/status'),
                 'the end of the publisher', PATIENCE_S)
