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

"""``jepa bench``: its tables and JSON, and plans timed for real on a small bundle."""

import argparse
import json
import math

import pytest

from jepa_ros.cli import bench_plan
from jepa_ros.cli.table import print_rows

ROWS = [{'engine': 'openvino', 'ms': 4.5678, 'interval': [0.9, 0.95], 'stages': {'encode': 1.5}},
        {'engine': 'torch', 'ms': math.nan, 'interval': None, 'late': 12345.6}]


def test_a_table_has_a_line_a_row_and_every_column(capsys):
    print_rows(ROWS, False)
    assert capsys.readouterr().out.splitlines() == [
        'engine      ms  interval     stages       late',
        'openvino  4.57  0.9 to 0.95  encode 1.5      -',
        'torch        -  -            -           12346']


def test_json_is_a_list_of_rows_without_nan(capsys):
    print_rows(iter(ROWS), True)
    said = json.loads(capsys.readouterr().out)
    assert said[0]['stages'] == {'encode': 1.5}
    assert said[1]['ms'] is None
    assert len(said) == 2


def test_nothing_measured_prints_nothing_and_an_empty_list(capsys):
    print_rows([], False)
    print_rows([], True)
    assert capsys.readouterr().out == '[]\n'


def plan(bundle, *options):
    parser = argparse.ArgumentParser()
    bench_plan.add_arguments(parser)
    return bench_plan.run(parser.parse_args(
        ['--model', str(bundle), '--loads', 'bundle', '--seconds', '0', '--rounds', '1',
         *options]))


def test_plans_are_timed_engine_by_engine(bundle, capfd):
    rows = plan(bundle, '--engines', 'onnxruntime', 'openvino', 'torch')
    assert rows[0]['engine'] == 'torch-eager'
    assert rows[0]['ratio_to_eager'] == 1.0
    assert {row['engine'] for row in rows} == {'torch-eager', 'onnxruntime', 'openvino', 'torch'}
    for row in rows:
        assert set(row) >= {'load', 'engine', 'precision', 'ms_per_iteration', 'ms_per_plan',
                            'ratio_to_eager', 'gflops', 'peak_fraction'}
        assert row['load'] == 'small'
        assert row['ms_per_plan'] == pytest.approx(row['iterations'] * row['ms_per_iteration'])
        assert row['gflops'] > 0
        if row['precision'] == 'fp32':
            assert row['cost_error'] < 1e-4
            assert row['elites_same'] == 1.0
            assert row['peak_fraction'] == pytest.approx(row['gflops'] / row['gemm_peak_gflops'])
    # what cannot be measured is not passed over in silence
    assert 'small: onnxruntime in int8 is left out: ' in capfd.readouterr().err


@pytest.mark.parametrize('options, says', [
    (('--engines', 'tflite'), r"engines \['tflite'\] are unknown, there are torch-eager, torch-c"),
    (('--threads', '0'), 'threads is 0, must be at least 1'),
    (('--rounds', '0'), 'rounds is 0, must be at least 1'),
    (('--seconds', 'nan'), 'seconds is nan, must be at least 0'),
])
def test_what_makes_no_measurement_is_refused(bundle, options, says):
    with pytest.raises(ValueError, match=says):
        plan(bundle, *options)
