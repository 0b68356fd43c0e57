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

"""The command line explains itself, and answers a wrong value with one clear line."""

import argparse
import importlib
from pathlib import Path
import re
import subprocess
import sys

import pytest

from jepa_ros.cli.bench import PARTS
from jepa_ros.cli.import_model import PARTS as KINDS
from jepa_ros.cli.main import main, VERBS
from jepa_ros.cli.missing import advice, REQUIREMENTS

ROOT = Path(__file__).parents[2]

LIGHT = """
import sys

for name in ('torch', 'mujoco', 'rclpy', 'onnxruntime', 'cv2', 'matplotlib'):
    sys.modules[name] = None
from jepa_ros.cli.main import main
main(sys.argv[1:])
"""


# these have parts, which have the options
COMMANDS = [*([verb] for verb in VERBS if verb not in ('bench', 'import')),
            *(['bench', part] for part in PARTS), *(['import', kind] for kind in KINDS)]


@pytest.mark.parametrize('arguments', [['--help'], ['bench', '--help'],
                                       *([*command, '--help'] for command in COMMANDS)])
def test_help_needs_nothing_heavy(arguments, environment):
    done = subprocess.run([sys.executable, '-c', LIGHT, *arguments], env=environment,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert 'usage: jepa' in done.stdout


def test_help_lists_the_verbs(capsys):
    with pytest.raises(SystemExit) as end:
        main(['--help'])
    assert end.value.code == 0
    said = ' '.join(capsys.readouterr().out.split())
    for verb, summary in VERBS.items():
        assert f'{verb} {summary}' in said


@pytest.mark.parametrize('command', COMMANDS, ids=' '.join)
def test_every_option_is_explained_with_its_default(command, capsys):
    parser = argparse.ArgumentParser()
    name = '_'.join(command).replace('-', '_')
    if command[0] == 'import':
        name = KINDS[command[1]][1]
    importlib.import_module(f'jepa_ros.cli.{name}').add_arguments(parser)
    options = [a for a in parser._actions if a.dest != 'help']
    assert options
    with pytest.raises(SystemExit) as end:
        main([*command, '--help'])
    assert end.value.code == 0
    said = ' '.join(capsys.readouterr().out.split())
    for option in options:
        assert option.help
        if not option.option_strings:
            assert option.metavar in said
            continue
        assert option.option_strings[0] in said
        # where the default depends on other options, the help says how
        default = ('(default: ' if option.default == argparse.SUPPRESS
                   else f'(default: {option.default})')
        assert default in said
    shared = command[0] == 'bench'      # --json
    named = [option for option in options if option.option_strings]
    assert said.count('(default: ') == len(named) + shared


@pytest.mark.parametrize('arguments, message', [
    ([], 'the following arguments are required: VERB'),
    (['fly'], "invalid choice: 'fly'"),
    (['demo', '--seed', 'three'], "argument --seed: invalid int value: 'three'"),
    (['eval', '--baselines', 'magic'], "argument --baselines: invalid choice: 'magic'"),
    (['eval', '--speed', '3'], 'unrecognized arguments: --speed 3'),
    (['eval', '--json', 'train.steps=3'], 'unrecognized arguments: train.steps=3'),
])
def test_what_cannot_be_parsed_ends_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize('arguments, message', [
    (['demo', '--seed', '-1'], 'jepa demo: seed is -1, must be in [0, 2147483647]'),
    (['eval', '--episodes', '0'], 'jepa eval: episodes is 0, must be at least 1'),
    (['collect', '--episodes', '0', '--steps', '50', '--out', 'OUT'],
     'jepa collect: episodes 0 must be at least 1, steps 50 at least 10'),
    (['collect', '--episodes', '3', '--steps', '5', '--out', 'OUT'],
     'jepa collect: episodes 3 must be at least 1, steps 5 at least 10'),
    (['train', '--steps', '0', '--out', 'OUT'],
     'jepa train: train.steps is 0, must be at least 1'),
    (['train', 'train.stepz=3', '--out', 'OUT'],
     "jepa train: train.stepz=3: train has no key 'stepz', did you mean 'steps'?; keys of train: "
     'aside, batch, bfloat16, clip, device, directions, episode_light, episodes, frame_light, '
     'learning_rate, random_encoder, rest, rollout, rollout_weight, save_every, seed, '
     'sigreg_weight, start, steps, threads, warmup, weight_decay, whereabouts_weight'),
    (['train', 'train.steps=3', '--out', 'OUT', 'train.rest=3'],
     'jepa train: train.rest is 3.0, must be in [0, 1]'),
    (['train', '--data', 'OUT', '--low', '0.0', '--period', '0.2', '--out', 'OUT'],
     'jepa train: data.low, data.period_s: that is of bags, and OUT was made by jepa collect; '
     'name them: --bag BAG'),
    (['collect', '--image-px', '96', '--out', 'OUT'],
     'jepa collect: --image-px is for --gym; the warehouse has pictures of 64 pixels a side'),
    (['eval', '--routes', '3', '--record'],
     'jepa eval: --record keeps the figures of single goals, not of --routes'),
    (['train', 'model.low=[0.0]', '--out', 'OUT'],
     'jepa train: model.low=[0.0]: model.low cannot be set, it comes from the data (data.low '
     'for bags)'),
    (['train', '--config', 'OUT', '--out', 'OUT'],
     "jepa train: [Errno 2] No such file or directory: 'OUT'"),
    (['train', '--data', 'OUT', '--out', 'OUT'],
     'jepa train: OUT holds 0 episodes, at least 10 are needed; make some with: jepa collect'),
    (['export', '--run', 'OUT'],
     'jepa export: OUT has no weights.safetensors; let jepa train run to its end first'),
])
def test_a_wrong_value_is_answered_with_one_line(arguments, message, capsys, tmp_path):
    out = tmp_path / 'out'
    if arguments[0] in ('train', 'export'):
        pytest.importorskip('torch')
    assert main([a.replace('OUT', str(out)) for a in arguments]) == 2
    assert capsys.readouterr().err.splitlines() == [message.replace('OUT', str(out))]
    # a command that did not begin leaves nothing that binds the next one
    assert not out.exists()


@pytest.mark.parametrize('processes', ['1', '2'])
def test_eval_of_no_bundle_ends(processes, environment, tmp_path, family):
    done = subprocess.run(
        [sys.executable, '-m', 'jepa_ros.cli.main', 'eval', '--model', str(tmp_path / 'none'),
         '--episodes', '1', '--baselines', '--processes', processes], env=environment,
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"jepa eval: {tmp_path / 'none'} is not a bundle: it has no manifest.json")
    assert not family()


def test_demo_of_no_bundle_ends(environment, tmp_path, family):
    pytest.importorskip('rclpy')
    done = subprocess.run(
        [sys.executable, '-m', 'jepa_ros.cli.main', 'demo', '--model', str(tmp_path / 'none'),
         '--out', str(tmp_path / 'out')], env=environment, capture_output=True, text=True,
        timeout=60)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(
        f"jepa demo: no bundle '{tmp_path / 'none'}': there is no manifest.json in")
    assert not family()


@pytest.mark.parametrize('module, verb, said', [
    ('torch', ['train', '--bag', 'none', '--image', '/i', '--action', '/a'], 'train.txt'),
    ('mujoco', ['demo', '--out', '{tmp}'], 'sim.txt'),
    ('rosbags', ['inspect', '{tmp}'], 'robot.txt')])
def test_what_is_not_installed_is_named_with_its_requirements(module, verb, said, tmp_path,
                                                              environment):
    """One line with the command that installs it, and no traceback."""
    code = (f'import sys; sys.modules[{module!r}] = None; '
            'from jepa_ros.cli.main import main; sys.exit(main(sys.argv[1:]))')
    done = subprocess.run(
        [sys.executable, '-c', code, *(word.format(tmp=tmp_path) for word in verb)],
        capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 2, done.stderr
    line = re.split('[\r\n]', done.stderr.strip())[-1].strip()
    assert 'Traceback' not in done.stderr
    assert line.startswith(f'jepa {verb[0]}: {module}'), line
    assert f'is not installed: pip install -r requirements/{said}' in line, line


def test_every_module_that_is_advised_is_in_that_file():
    """By the name of its package."""
    packages = {'cv2': 'opencv-python-headless', 'ruamel': 'ruamel.yaml', 'rerun': 'rerun-sdk',
                'imageio_ffmpeg': 'imageio-ffmpeg', 'rclpy': 'ros-rclpy',
                'ament_index_python': 'ros-ament-index-python',
                'builtin_interfaces': 'ros-builtin-interfaces'}
    for file, modules in REQUIREMENTS.items():
        text = (ROOT / 'requirements' / f'{file}.txt').read_text()
        for module in modules:
            package = re.escape(packages.get(module, module))
            assert re.search(rf'^{package}[\[=]', text, re.M), module
    assert advice('sensor_msgs.msg') == advice('rclpy')
    assert advice('a_module_of_a_user') == ''


def test_ctrl_c_ends_with_130(monkeypatch, capsys):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr('jepa_ros.cli.collect.run', interrupted)
    assert main(['collect']) == 130
    assert capsys.readouterr().err == 'jepa collect: interrupted\n'
