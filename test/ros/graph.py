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

"""Help for tests of the live graph: node processes, and a probe that listens and speaks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

ROOT = Path(__file__).parents[2]
# far more than is needed on a quiet machine; a busy one needs it
PATIENCE_S = 30.0
# how long a node may take to end before it is killed
ENDING_S = 5.0
# how long a server may take to meet a client that knows it already
MEETING_S = 0.3


class Child:
    """A process of Python that finds the project and its tests; ``output`` is what it says."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str] | None = None,
                 own_group: bool = False) -> None:
        path = os.pathsep.join(
            [str(ROOT), str(ROOT / 'test' / 'ros'), os.environ.get('PYTHONPATH', '')])
        self.child = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, 'PYTHONPATH': path, **(environment or {})},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=own_group)
        self.output = ''
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.child.stdout:
            self.output += line

    def wait_said(self, text: str) -> None:
        """Wait until it has said something; what it publishes may be heard before."""
        try:
            wait_for(lambda: text in self.output, f'"{text}"')
        except AssertionError as error:
            raise AssertionError(f'{error}; it said:\n{self.output}') from None

    def wait(self) -> int:
        """Wait for the end and return the exit code."""
        code = self.child.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code


class Process(Child):
    """A node in a process of its own."""

    def __init__(self, module: str, *arguments: str) -> None:
        super().__init__(['-m', module, '--ros-args', *arguments])

    def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal and return the exit code."""
        self.child.send_signal(number)
        return self.wait()


@contextmanager
def process(module: str, *arguments: str) -> Iterator[Process]:
    """
    Run a node's process; whatever happens, it is gone afterwards.

    It is asked to end first: a kill may leave the middleware's ports in shared memory in a state
    in which whoever opens them next, such as these tests, ends with a segmentation fault.
    """
    running = Process(module, *arguments)
    try:
        yield running
    finally:
        running.child.terminate()
        try:
            running.child.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            running.child.kill()
        running.wait()
        running.child.stdout.close()


class Probe:
    """A node that keeps every message of the topics it listens to."""

    def __init__(self) -> None:
        self.node = Node('probe')
        self.heard: dict[str, list[Any]] = {}
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._done = threading.Event()
        self._thread.start()

    def _spin(self) -> None:
        while not self._done.is_set():
            self._executor.spin_once(timeout_sec=0.05)

    def listen(self, kind: type, topic: str, profile: Any = 10) -> list[Any]:
        """Return the list that fills with the messages of a topic."""
        heard = self.heard.setdefault(topic, [])
        self.node.create_subscription(kind, topic, heard.append, profile)
        self._executor.wake()
        return heard

    def publisher(self, kind: type, topic: str, profile: Any = 10) -> Any:
        """Return a publisher."""
        return self.node.create_publisher(kind, topic, profile)

    def every(self, period_s: float, act: Callable[[], None]) -> Any:
        """Do something again and again; return the timer."""
        timer = self.node.create_timer(period_s, act)
        self._executor.wake()
        return timer

    def call(self, kind: type, name: str, request: Any) -> Any:
        """
        Call a service and return its answer.

        A server that has not yet met the client's reader sends its answer to nobody, so what may
        be asked twice is asked again.
        """
        client = self.node.create_client(kind, name)
        self._executor.wake()
        assert client.wait_for_service(PATIENCE_S), f'no service {name}'
        if kind is ChangeState:
            time.sleep(MEETING_S)
        futures = [client.call_async(request)]
        asked_s = time.monotonic()

        def answered() -> bool:
            nonlocal asked_s
            if kind is not ChangeState and time.monotonic() > asked_s + PATIENCE_S / 6:
                futures.append(client.call_async(request))
                asked_s = time.monotonic()
            return any(future.done() for future in futures)

        wait_for(answered, f'an answer of {name}')
        self.node.destroy_client(client)
        return next(future.result() for future in futures if future.done())

    def close(self) -> None:
        """Stop listening."""
        self._done.set()
        self._thread.join(PATIENCE_S)
        self._executor.shutdown()
        self.node.destroy_node()


def wait_for(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Wait until something is true and return it; AssertionError says what never came."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f'{what}: not within {patience_s} s')
