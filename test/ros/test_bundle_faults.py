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

"""A planner refuses a spoiled bundle in configure, says why, and takes a whole one afterwards."""

from collections.abc import Iterator
from pathlib import Path
import shutil
from typing import Any

from graph import PATIENCE_S, Probe, Process, process, wait_for
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

pytest.importorskip('torch')        # it makes the bundle
pytest.importorskip('onnx')

from small_bundle import small_bundle  # noqa: E402  (only where there is torch)
from spoiled import FAULTS  # noqa: E402  (only where there is onnx)


class Live:
    """The planner's process, and a hand at its lifecycle."""

    def __init__(self, planner: Process, probe: Probe) -> None:
        self._planner, self._probe = planner, probe
        self._clients = [probe.node.create_client(kind, f'planner_node/{name}') for kind, name in (
            (SetParameters, 'set_parameters'), (ChangeState, 'change_state'),
            (GetState, 'get_state'))]
        for client in self._clients:
            assert client.wait_for_service(PATIENCE_S)
        self._read = 0
        wait_for(lambda: self.state() == 'unconfigured', 'the first state')

    def _ask(self, which: int, request: Any) -> Any:
        future = self._clients[which].call_async(request)
        wait_for(future.done, 'an answer')
        return future.result()

    def state(self) -> str:
        """Return the state of the node's lifecycle."""
        return self._ask(2, GetState.Request()).current_state.label

    def configure(self, model: str, engine: str = 'openvino') -> bool:
        """Configure with a model; return whether it worked."""
        self._read = len(self._planner.output)
        answer = self._ask(0, SetParameters.Request(parameters=[
            Parameter(n, value=v).to_parameter_msg()
            for n, v in (('model', model), ('engine', engine))]))
        assert all(result.successful for result in answer.results)
        return self._move(Transition.TRANSITION_CONFIGURE)

    def clean_up(self) -> bool:
        """Go back to unconfigured."""
        return self._move(Transition.TRANSITION_CLEANUP)

    def _move(self, number: int) -> bool:
        return self._ask(1, ChangeState.Request(transition=Transition(id=number))).success

    def reason(self) -> str:
        """Return what has been logged since configure was asked for."""
        wait_for(lambda: 'cannot configure' in self._planner.output[self._read:], 'the reason')
        return self._planner.output[self._read:]


@pytest.fixture(scope='module')
def live(ros: None) -> Iterator[Live]:
    """Hold a planner that waits to be configured."""
    probe = Probe()
    with process('jepa_ros.ros.planner_node', '-p', 'autostart:=false') as planner:
        yield Live(planner, probe)
        assert planner.end() == 0, planner.output
        assert 'Traceback' not in planner.output, planner.output
    probe.close()


@pytest.fixture
def copy(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Path:
    """Hold a copy of a whole bundle."""
    return Path(shutil.copytree(small_bundle(tmp_path_factory.getbasetemp()), tmp_path / 'model'))


@pytest.mark.parametrize('name', FAULTS)
def test_a_spoiled_bundle_is_refused_with_the_reason(live, copy, name):
    """The node stays unconfigured and alive."""
    spoil, words = FAULTS[name]
    model = spoil(copy) or copy
    assert not live.configure(str(model))
    reason = live.reason()
    for word in words:
        assert word in reason, f'{word} is not in:\n{reason}'
    assert live.state() == 'unconfigured'


@pytest.mark.parametrize('name', [
    'a graph cut short', 'an empty graph', 'a graph of noise', 'a graph of another horizon',
    'an operator that nobody has', 'weights elsewhere'])
def test_the_other_runtime_refuses_it_too(live, copy, name):
    """Whatever ONNX Runtime raises, the file is named."""
    spoil, words = FAULTS[name]
    spoil(copy)
    assert not live.configure(str(copy), 'onnxruntime')
    reason = live.reason()
    assert words[0] in reason, reason
    assert live.state() == 'unconfigured'


@pytest.mark.parametrize('engine', ['openvino', 'onnxruntime'])
def test_a_whole_bundle_is_taken_after_all_of_that(live, copy, engine):
    """Also through a link to its folder, which is how a robot's model is changed."""
    current = copy.parent / 'current'
    current.symlink_to(copy)
    for folder in (copy, current):
        assert live.configure(str(folder), engine), live.reason()
        assert live.state() == 'inactive'
        assert live.clean_up()


def test_as_many_kinds_as_asked_for():
    """Each is one of its own."""
    assert len(FAULTS) >= 35
