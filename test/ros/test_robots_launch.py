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

"""Every launch command of docs/robots.md as it stands there, on a machine that has launch."""

from pathlib import Path

from graph import Probe, wait_for
from launched import install, launched, NAV2, OURS
from lifecycle_msgs.srv import GetState
import pytest
from robots_page import Launch, launches, output_of, write

pytest.importorskip('launch')
pytest.importorskip('launch_ros.actions')


def words_of(each: Launch, folder: Path, bundle: str) -> list[str]:
    """Return a command's arguments, with the files where they are and a model that is there."""
    words = []
    for name, value in each.arguments.items():
        if name == 'model':
            words.append(bundle)
        else:
            file = folder / value
            words.append(f'{name}:={file if name.endswith("params_file") else value}')
    return words


@pytest.mark.parametrize('each', launches(),
                         ids=lambda each: f'{each.file} {output_of(each)[1]}')
def test_it_starts_speaks_to_the_controller_and_ends(probe: Probe, bundle, tmp_path, monkeypatch,
                                                     each):
    """The gate is active, and says the controller's type where the controller hears."""
    write(tmp_path)
    executables = {**NAV2, **OURS}
    actions = {'trajectory': 'speeds', 'array': 'positions'}.get(
        each.arguments.get('controller', ''))
    if actions:
        monkeypatch.setenv('FAKE_ARM', actions)
        executables['jepa_ros/planner_node'] = ('fake_arm',)
    install(tmp_path, executables)
    _, topic, _, kind = output_of(each)
    with launched(tmp_path, each.file, *words_of(each, tmp_path, bundle)) as running:
        for node in ('command_gate', 'planner_node'):
            wait_for(lambda node=node: running.child.poll() is not None or probe.call(
                GetState, f'{node}/get_state', GetState.Request()).current_state.label == 'active',
                f'{node} active', 60.0)
        assert running.child.poll() is None, running.output
        wait_for(lambda: [(i.node_name, i.topic_type) for i in
                          probe.node.get_publishers_info_by_topic(topic)] == [
                              ('command_gate', kind)], f'the gate, alone, on {topic}')
        assert running.end() == 0, running.output
        assert 'Traceback' not in running.output, running.output
