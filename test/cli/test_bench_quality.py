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

"""``jepa bench quality``: rows, pictures, and a study that goes on where it was stopped."""

import argparse
from dataclasses import replace
import itertools
import json
import shutil

import pytest

from jepa_ros.cli import bench_quality
from jepa_ros.config import PlannerConfig

KEYS = ['planner', 'candidates', 'iterations', 'ms_per_plan', 'success_rate', 'interval',
        'episodes', 'way', 'latency_s', 'engine', 'precision']
SMALL = ('--episodes', '2', '--processes', '1', '--plans', '3', '--threads', '1')

pytest.importorskip('jepa_ros.sim')
pytest.importorskip('mujoco')


@pytest.fixture
def short(monkeypatch):
    """Let episodes last half a second."""
    from jepa_ros.sim import closed_loop
    monkeypatch.setattr(closed_loop, 'TIME_LIMIT_S', 0.5)


@pytest.fixture
def bench(bundle, tmp_path, short):
    """Return what runs the part on the small bundle, with its cache and picture in a folder."""
    def run(*options, model=bundle):
        parser = argparse.ArgumentParser()
        bench_quality.add_arguments(parser)
        return bench_quality.run(parser.parse_args([
            '--model', str(model), '--cache', str(tmp_path / 'cache.jsonl'),
            '--picture', str(tmp_path / 'pictures' / 'picture.png'), *SMALL, *options]))
    return run


@pytest.fixture
def driven(monkeypatch):
    """Return the seeds that were really driven, as they begin."""
    from jepa_ros.sim import evaluate
    seeds = []
    run = evaluate.Worker.run
    monkeypatch.setattr(evaluate.Worker, 'run',
                        lambda worker, seed: (seeds.append(seed), run(worker, seed))[1])
    return seeds


def check(rows):
    """Check what holds for any row."""
    for row in rows:
        assert list(row) == KEYS
        low, high = row['interval']
        assert 0.0 <= low <= row['success_rate'] <= high <= 1.0
        assert row['ms_per_plan'] > 0.0
    json.dumps(rows)


def test_a_row_for_each_planner_and_budget(bench, driven, tmp_path):
    rows = bench('--planners', 'cem', 'mppi', '--candidates', '16', '24', '--iterations', '1')
    check(rows)
    assert [(r['planner'], r['candidates'], r['iterations']) for r in rows] == list(
        itertools.product(('cem', 'mppi'), (16, 24), (1,)))
    assert {(r['episodes'], r['way'], r['latency_s'], r['engine'], r['precision'])
            for r in rows} == {(2, 'acting', 0.0, 'openvino', 'fp32')}
    assert driven == [5000, 5001] * 4
    assert (tmp_path / 'pictures' / 'picture.png').read_bytes().startswith(b'\x89PNG')


def test_budgets_stand_in_place_of_all_combinations(bench):
    rows = bench('--planners', 'cem', 'icem', '--budgets', '4x1', '16x2', '--episodes', '1')
    check(rows)
    assert [(r['planner'], r['candidates'], r['iterations']) for r in rows] == [
        ('cem', 4, 1), ('cem', 16, 2), ('icem', 4, 1), ('icem', 16, 2)]
    with pytest.raises(SystemExit):
        bench('--budgets', '16')


def test_a_row_for_each_way_and_latency(bench, driven, tmp_path):
    rows = bench('--latencies', '0', '0.3', '--ways', 'acting', 'synchronous', '--episodes', '1')
    check(rows)
    assert [(r['way'], r['latency_s']) for r in rows] == [
        ('acting', 0.0), ('acting', 0.3), ('synchronous', 0.0), ('synchronous', 0.3)]
    # without latency the two are one
    assert driven == [5000] * 3
    assert rows[0]['success_rate'] == rows[2]['success_rate']
    # the robot's own planner
    assert {(r['planner'], r['candidates'], r['iterations']) for r in rows} == {
        (PlannerConfig().method, PlannerConfig().candidates, PlannerConfig().iterations)}
    assert (tmp_path / 'pictures' / 'picture.png').read_bytes().startswith(b'\x89PNG')


def test_the_baseline_is_cem_300_x_30_in_eager(bench, monkeypatch, driven):
    monkeypatch.setattr(bench_quality, 'BASELINE',
                        replace(bench_quality.BASELINE, candidates=20, elites=2, iterations=2))
    rows = bench('--planners', 'icem', '--candidates', '16', '--iterations', '1',
                 '--baseline', '--baseline-episodes', '1')
    check(rows)
    assert [(r['planner'], r['engine'], r['episodes']) for r in rows] == [
        ('icem', 'openvino', 2), ('cem', 'torch-eager', 1)]
    monkeypatch.undo()
    assert (bench_quality.BASELINE.candidates, bench_quality.BASELINE.iterations,
            bench_quality.BASELINE.elites) == (300, 30, 30)


def test_a_study_goes_on_where_it_was_stopped(bench, driven, tmp_path):
    one = ('--planners', 'cem', '--candidates', '16', '--iterations', '1')
    first = bench(*one)
    assert driven == [5000, 5001]
    # more episodes, and a line that was cut short
    with (tmp_path / 'cache.jsonl').open('a') as file:
        file.write('{"key": "cut sh')
    driven.clear()
    more = bench(*one, '--episodes', '3')
    assert driven == [5002]
    assert more[0]['episodes'] == 3
    driven.clear()
    again = bench(*one)
    assert driven == []
    assert again[0]['success_rate'] == first[0]['success_rate']
    lines = (tmp_path / 'cache.jsonl').read_text().splitlines()
    assert [json.loads(line)['seed'] for line in (*lines[:2], lines[3])] == [5000, 5001, 5002]


def test_what_was_driven_otherwise_does_not_count(bench, driven, bundle, tmp_path):
    one = ('--planners', 'cem', '--candidates', '16', '--iterations', '1', '--episodes', '1')
    bench(*one)
    bench(*one, '--seed', '0')
    bench(*one, '--engine', 'onnxruntime')
    bench(*one, '--latencies', '0.1', '--ways', 'acting')
    # another copy of the same bundle is the same, another bundle is not
    shutil.copytree(bundle, tmp_path / 'copy')
    bench(*one, model=tmp_path / 'copy')
    assert driven == [5000, 0, 5000, 5000]
    manifest = json.loads((tmp_path / 'copy' / 'manifest.json').read_text())
    (tmp_path / 'copy' / 'more.txt').write_text('more')
    from jepa_ros.engines.manifest import sha256
    manifest['files']['more.txt'] = sha256(tmp_path / 'copy' / 'more.txt')
    (tmp_path / 'copy' / 'manifest.json').write_text(json.dumps(manifest))
    bench(*one, model=tmp_path / 'copy')
    assert driven == [5000, 0, 5000, 5000, 5000]


def test_a_change_of_the_code_makes_other_episodes(bundle, monkeypatch, tmp_path):
    from jepa_ros.sim import ledger
    from jepa_ros.sim.evaluate import Entrant
    entrant = Entrant('any name', 'agent', bundle)
    before = ledger.key_of(entrant)
    assert ledger.key_of(replace(entrant, name='another')) == before
    package = tmp_path / 'jepa_ros'
    for pattern in ledger._SOURCES:
        found = list(ledger.Path(ledger.jepa_ros.__file__).parent.glob(pattern))
        assert found, pattern
        for path in found:
            copy = package / path.relative_to(ledger.Path(ledger.jepa_ros.__file__).parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    monkeypatch.setattr(ledger.jepa_ros, '__file__', str(package / '__init__.py'))
    assert ledger.key_of(entrant) == before
    with (package / 'core' / 'agent.py').open('a') as file:
        file.write('# more\n')
    assert ledger.key_of(entrant) != before


@pytest.mark.parametrize('options, says', [
    (('--episodes', '0'), 'episodes is 0, must be at least 1'),
    (('--threads', '0'), 'threads is 0, must be at least 1'),
    (('--plans', '-1'), 'plans is -1, must be at least 1'),
    (('--latencies', '0.25'), r'latency_s is 0.25, must be a multiple of 0\.1'),
    (('--engine', 'abacus'), "engine is 'abacus'"),
    (('--candidates', '1'), 'elites is 2, must be between 1 and 1|candidates is 1'),
    (('--precision', 'int3'), "precision is 'int3'"),
])
def test_nonsense_is_refused_with_the_value(bench, options, says):
    with pytest.raises(ValueError, match=says):
        bench(*options)


def test_eager_answers_as_the_other_engines_do(bundle):
    from jepa_ros.sim.evaluate import EAGER, load_model
    from jepa_ros.sim.plan_time import situations
    eager, other = load_model(bundle, EAGER), load_model(bundle, 'auto')
    with pytest.raises(ValueError, match="precision is 'bf16', torch-eager has fp32"):
        load_model(bundle, EAGER, 'bf16')
    asked = situations(other, 25)
    # 18 of the 20 frames of a drive want a plan, then another drive begins
    assert len(asked) == 25
    assert [q.percept.stamp_s for q in asked[:2]] == pytest.approx([0.2, 0.3])
    assert asked[18].percept.stamp_s == pytest.approx(0.2)
    assert (asked[0].goal != asked[18].goal).any()
    for question in asked[::8]:
        candidates = asked[0].executed[None].repeat(3, axis=1).repeat(4, axis=0)
        answers = [model.rollout(question.context, question.executed, candidates, question.goal)
                   for model in (eager, other)]
        assert answers[0].cost == pytest.approx(answers[1].cost, rel=1e-4)


def test_plans_are_timed_one_by_one_without_a_deadline(bundle):
    from jepa_ros.sim.evaluate import load_model
    from jepa_ros.sim.plan_time import plan_times_s, situations
    model = load_model(bundle, 'auto')
    ticks = itertools.count()
    times_s = plan_times_s(model, PlannerConfig(candidates=8, elites=2, iterations=4),
                           situations(model, 3), lambda: float(next(ticks)))
    # before and after; in the planner at the beginning and after each iteration
    assert times_s == [6.0] * 3
