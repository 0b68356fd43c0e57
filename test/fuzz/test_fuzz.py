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

"""
Whatever comes in, only the error that is named for it goes out, and memory has a limit.

`make fuzz INPUTS=100000` runs the same targets on many more inputs.
"""

import array
from pathlib import Path

from fuzz_all import in_a_process, RUNTIMES, TARGETS
from fuzz_run import LONGEST_REFUSAL, run, Target, WARM_UP
from hypothesis import strategies as st
import pytest

pytest.importorskip('rclpy')

INPUTS = 500
NEEDS = {'graphs': 'onnx'}


@pytest.mark.parametrize('name', TARGETS)
def test_nothing_but_the_named_error(name):
    """The same inputs at every run, in a process of its own: its memory is nobody else's."""
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    assert in_a_process(name, INPUTS) == 0


@pytest.mark.parametrize('name', RUNTIMES)
def test_runtimes_neither_crash_nor_raise_what_is_theirs(name):
    """In a process of its own, which a crash would end."""
    pytest.importorskip('torch')
    pytest.importorskip('onnx')
    assert in_a_process(name, 50) == 0


def _of(check, refusals=(ValueError,), limit_mib=64.0) -> Target:
    return Target('example', st.integers(0, 2 ** 16), check, refusals, limit_mib)


def _raise(error):
    raise error


def test_another_error_is_found_made_small_and_told_with_its_seed():
    """The least number that does it, and the command that repeats it."""
    tried = []

    def check(number):
        tried.append(number)
        if number >= 1000:
            raise IndexError(number)
    with pytest.raises(AssertionError, match=r'IndexError.* seed 7: make fuzz') as found:
        run(_of(check), 300, 7)
    assert str(found.value.__cause__) == '1000'
    again = list(tried)
    tried.clear()
    with pytest.raises(AssertionError):
        run(_of(check), 300, 7)
    assert tried == again


@pytest.mark.parametrize('text', ['', 'half a pair: \ud800', 'x' * (LONGEST_REFUSAL + 1)])
def test_a_refusal_that_cannot_be_logged_is_a_failure(text):
    """An empty one, one that is no Unicode, one without an end."""
    with pytest.raises(AssertionError, match=r'UnicodeEncodeError|AssertionError'):
        run(_of(lambda _: _raise(ValueError(text))), 10)


def test_memory_beyond_the_limit_is_a_failure():
    """The input that took it is named."""
    def check(number):
        if number > 2 ** 15:
            array.array('B', b'\1') * (96 * 2 ** 20)
    with pytest.raises(AssertionError) as error:
        run(_of(check), WARM_UP + 20)
    assert 'MiB more memory, limit 64' in str(error.value.__cause__)
    assert run(_of(check, limit_mib=256.0), 210).grown_mib <= 256


def test_what_is_counted_is_what_was_run():
    """Refused ones too."""
    tried = []

    def check(number):
        tried.append(number)
        if number % 2:
            raise ValueError(f'{number} is odd')
    report = run(_of(check), 2500)
    assert report.inputs == len(tried) >= 2500
    assert report.refused == sum(number % 2 for number in tried)
    assert str(report).startswith(f'example: {report.inputs} inputs, 0 crashes, ')


def test_every_target_is_run():
    """No module of targets is left out of the table."""
    assert {path.stem for path in Path(__file__).parent.glob('fuzz_*.py')} == {
        *TARGETS.values(), *RUNTIMES.values(), 'fuzz_all', 'fuzz_edits', 'fuzz_run'}
