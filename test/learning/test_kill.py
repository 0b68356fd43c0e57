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


"""A training that is killed at any moment ends with the bits of one that was not."""

import json
import os
from pathlib import Path
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from jepa_ros.learning.checkpoint import former_of, load_newest, load_state, save_state
from jepa_ros.learning.machine import CPU, Machine
from jepa_ros.learning.run import read_metrics, Run

STEPS = 60


def command(data, out, quick):
    return [sys.executable, '-m', 'jepa_ros.cli.main', 'train', '--data', str(data), '--out',
            str(out), '--steps', str(STEPS), '--critic-steps', str(STEPS), '--no-tensorboard',
            'train.save_every=7', 'critic.save_every=7', 'model.dropout=0.1', *quick]


def steps_done(out, stage):
    path = out / f'{stage}.jsonl'
    return path.read_text().count('\n') if path.exists() else 0


def changed(out, stage):
    path = out / f'{stage}.jsonl'
    return path.stat().st_mtime_ns if path.exists() else 0


def cut(arguments, out, stage, step, number, environment):
    """Run until a stage has done so many steps, send a signal; return (status, stderr)."""
    before = changed(out, stage)  # what an earlier run wrote says nothing of this one
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    try:
        limit = time.monotonic() + 600
        while process.poll() is None and (
                changed(out, stage) == before or steps_done(out, stage) < step):
            assert time.monotonic() < limit
            time.sleep(0.001)
        process.send_signal(number)
        _, said = process.communicate(timeout=600)
    finally:
        process.kill()
        process.wait()
    return process.returncode, said


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_kill_minus_nine_changes_no_bit(square_data, quick, tmp_path, root):
    environment = {**os.environ, 'PYTHONPATH': str(root), 'OMP_NUM_THREADS': '1'}
    whole, broken = tmp_path / 'whole', tmp_path / 'broken'
    subprocess.run(command(square_data, whole, quick), env=environment, check=True,
                   capture_output=True, timeout=600)
    seed = random.SystemRandom().randrange(2 ** 32)
    rng = random.Random(seed)
    arguments = command(square_data, broken, quick)
    for stage, number in (('world_model', signal.SIGKILL), ('world_model', signal.SIGTERM),
                          ('critic', signal.SIGKILL)):
        before = steps_done(broken, stage)
        step = rng.randrange(min(before + 2, STEPS - 12), STEPS - 10)
        kept = tmp_path / f'before_{stage}_{number}'
        if broken.exists():
            shutil.copytree(broken, kept)
        for _ in range(3):
            status, said = cut(arguments, broken, stage, step, number, environment)
            if steps_done(broken, stage) < STEPS:
                break
            # this machine stood still while the stage came to its end: nothing was cut
            shutil.rmtree(broken)
            if kept.exists():
                shutil.copytree(kept, broken)
        assert status == (-9 if number == signal.SIGKILL else 143), (seed, said)
        assert not (broken / 'weights.safetensors').exists(), seed
        if number == signal.SIGTERM:
            # it stopped at the end of a step and lost none
            done = steps_done(broken, stage)
            assert load_state(broken / f'{stage}.pt')['step'] == done
            assert f'stopped after step {done} of {STEPS}' in said
            assert 'the same command goes on from there' in said
    subprocess.run(arguments, env=environment, check=True, capture_output=True, timeout=600)
    assert (broken / 'weights.safetensors').read_bytes() == (
        whole / 'weights.safetensors').read_bytes(), seed
    for stage in ('world_model', 'critic'):
        assert read_metrics(broken, stage) == read_metrics(whole, stage), seed
        assert len(read_metrics(whole, stage)) == STEPS


def sums(folder, steps, machine=CPU):
    """Return a run over a number that every step adds to."""
    module = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(module.weight)
    run = Run(folder, 'sums', steps, 2, {'module': module}, machine)
    for step in range(run.first, steps):
        with torch.no_grad():
            module.weight += step
        run.keep(step, {'step': step})
    return run, module


def test_the_former_state_stands_in_for_one_that_cannot_be_read(tmp_path, capsys):
    _, whole = sums(tmp_path / 'a', 8)
    _, _ = sums(tmp_path / 'b', 8)
    path = tmp_path / 'b' / 'sums.pt'
    path.write_bytes(path.read_bytes()[:200])
    capsys.readouterr()
    run, module = sums(tmp_path / 'b', 8)
    assert run.first == 6
    said = capsys.readouterr().err
    assert said.count('\n') == 1
    assert said.startswith(f'{tmp_path / "b"}: sums.pt cannot be read (')
    assert said.endswith('): going on from sums.former.pt, step 6\n')
    assert read_metrics(tmp_path / 'b', 'sums') == [{'step': s} for s in range(8)]
    assert torch.equal(module.weight, whole.weight)
    # and with none that can be read, nothing is begun over what was there
    path.write_bytes(b'')
    former_of(path).write_bytes(b'torn')
    with pytest.raises(ValueError, match=r'sums\.pt cannot be read .* and sums\.former\.pt cannot '
                       r'be read .*; remove both to begin anew'):
        sums(tmp_path / 'b', 8)
    assert len(read_metrics(tmp_path / 'b', 'sums')) == 8


def test_a_state_lost_between_two_renames_is_made_up_for(tmp_path):
    path = tmp_path / 'sums.pt'
    for step in (1, 2):
        save_state({'step': step}, path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ['sums.former.pt', 'sums.pt']
    path.unlink()
    state, said = load_newest(path)
    assert state == {'step': 1}
    assert said == 'sums.pt is missing: going on from sums.former.pt, step 1'
    former_of(path).unlink()
    assert load_newest(path) == (None, '')


def test_a_wish_to_stop_is_granted_at_the_end_of_the_step(tmp_path):
    asked = iter([False, False, True])
    with pytest.raises(KeyboardInterrupt, match=r'stopped after step 3 of 9, saved in .*sums\.pt'):
        sums(tmp_path, 9, Machine(asked=lambda: next(asked)))
    assert load_state(tmp_path / 'sums.pt')['step'] == 3
    assert len(read_metrics(tmp_path, 'sums')) == 3
    # with the last step done there is nothing to stop
    sums(tmp_path, 4, Machine(asked=lambda: True))
    assert load_state(tmp_path / 'sums.pt')['step'] == 4


SIGNALS = """
import os, signal, sys
from jepa_ros.learning.interrupt import Interrupt
number = int(sys.argv[1])
before = signal.getsignal(number)
with Interrupt() as interrupt:
    assert not interrupt.asked()
    os.kill(os.getpid(), number)
    assert interrupt.asked()
    assert interrupt.number == number
    try:
        os.kill(os.getpid(), number)
    except KeyboardInterrupt:
        print('the second ended it')
assert signal.getsignal(number) is before
"""


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted_and_the_second_ends(number, root):
    # in a process of its own: in one that has run rclpy, signals are rclpy's
    done = subprocess.run([sys.executable, '-c', SIGNALS, str(int(number))], cwd=root,
                          capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, 'the second ended it\n'), done.stderr


def test_metrics_beyond_the_state_are_dropped_and_none_before_it(tmp_path):
    sums(tmp_path, 4)
    path = Path(tmp_path / 'sums.jsonl')
    # what a kill may leave: steps that the state does not hold, the last of them torn
    path.write_text(path.read_text() + json.dumps({'step': 4}) + '\n{"st')
    assert [r['step'] for r in read_metrics(tmp_path, 'sums')] == list(np.arange(5))
    Run(tmp_path, 'sums', 9, 2, {'module': torch.nn.Linear(1, 1, bias=False)})
    assert [r['step'] for r in read_metrics(tmp_path, 'sums')] == list(np.arange(4))
