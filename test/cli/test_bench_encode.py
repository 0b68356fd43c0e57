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

"""``jepa bench encode``: a small bundle's encoder, timed for real."""

import argparse

import pytest

from jepa_ros.cli import bench_encode


def encode(bundle, *options):
    parser = argparse.ArgumentParser()
    bench_encode.add_arguments(parser)
    return bench_encode.run(parser.parse_args(
        ['--model', str(bundle), '--loads', 'bundle', '--seconds', '0', '--rounds', '1',
         *options]))


def test_frames_are_timed_engine_by_engine_and_batch_by_batch(bundle):
    rows = encode(bundle, '--engines', 'onnxruntime', 'openvino', '--batches', '1', '3')
    assert [row['batch'] for row in rows] == sorted(row['batch'] for row in rows)
    for batch in (1, 3):
        found = [row for row in rows if row['batch'] == batch]
        assert found[0]['engine'] == 'torch-eager'
        assert {row['engine'] for row in found} == {'torch-eager', 'onnxruntime', 'openvino'}
        for row in found:
            assert set(row) >= {'load', 'engine', 'precision', 'batch', 'frames_per_s',
                                'ratio_to_eager', 'peak_fraction'}
            assert row['ratio_to_eager'] == pytest.approx(
                row['frames_per_s'] / found[0]['frames_per_s'])
            assert row['latent_error'] < (1e-5 if row['precision'] == 'fp32' else 0.05)


@pytest.mark.parametrize('options, says', [
    (('--batches', '0'), 'batches has 0, must be at least 1'),
    (('--threads', '-1'), 'threads is -1, must be at least 1'),
])
def test_what_makes_no_measurement_is_refused(bundle, options, says):
    with pytest.raises(ValueError, match=says):
        encode(bundle, *options)
