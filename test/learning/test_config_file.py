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

"""A setting is taken, or refused with its name, what it may be and the nearest spelling."""

from dataclasses import asdict, dataclass
import json
from typing import Literal

import pytest

from jepa_ros.learning.config_file import build, differences, read_settings


@dataclass(frozen=True)
class Train:
    steps: int = 10
    rate: float = 1e-3
    fast: bool = True
    device: Literal['auto', 'cpu', 'cuda'] = 'auto'
    channels: tuple[int, ...] = (4, 8)
    ends: tuple[float, float] = (0.0, 1.0)
    limit: float | None = None

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f'steps is {self.steps}, must be at least 1')


@dataclass(frozen=True)
class Model:
    width: int = 8
    low: tuple[float, ...] = ()


KINDS = {'model': Model, 'train': Train}
DERIVED = {'model.low': 'the data'}


def read(text, *overrides, folder):
    file = folder / 'c.yaml'
    file.write_text(text)
    return read_settings(file, overrides, KINDS, DERIVED)


def test_a_file_and_overrides(tmp_path):
    settings = read('model:\n  width: 16\ntrain: {steps: 5, rate: 1e-4, fast: false,\n'
                    '  channels: [1, 2, 3], ends: [0, 2.5], limit: null}\n',
                    'train.steps=7', 'train.limit=3', 'train.device=cpu', folder=tmp_path)
    train = build(Train, 'train', settings)
    assert train == Train(7, 1e-4, False, 'cpu', (1, 2, 3), (0.0, 2.5), 3.0)
    assert isinstance(train.limit, float)
    assert isinstance(train.ends[0], float)
    assert build(Model, 'model', settings, low=(1.0,)) == Model(16, (1.0,))


def test_nothing_set_is_the_default(tmp_path):
    for settings in (read('', folder=tmp_path), read_settings(None, [], KINDS)):
        assert build(Train, 'train', settings) == Train()


@pytest.mark.parametrize('text, override, message', [
    ('trian: {}', None, r"no section 'trian', did you mean 'train'\?; sections: model, train"),
    ('train: {stepz: 3}', None, r"train has no key 'stepz', did you mean 'steps'\?; keys of "
     r'train: channels, device, ends, fast, limit, rate, steps'),
    ('model: {widht: 3}', None, r"no key 'widht', did you mean 'width'\?; keys of model: width$"),
    ('train: {steps: many}', None, r"train\.steps is 'many' \(str\), must be a whole number"),
    ('train: {steps: 2.5}', None, r'train\.steps is 2\.5 \(float\), must be a whole number'),
    ('train: {steps: true}', None, r'train\.steps is True \(bool\), must be a whole number'),
    ('train: {rate: yes}', None, r"train\.rate is 'yes' \(str\), must be a number"),
    ('train: {fast: 1}', None, r'train\.fast is 1 \(int\), must be true or false'),
    ('train: {device: gpu}', None, r"train\.device is 'gpu' \(str\), must be one of auto, cpu"),
    ('train: {channels: 4}', None, r'train\.channels is 4 \(int\), must be a list, each entry a '
     'whole number'),
    ('train: {channels: [a]}', None, r"train\.channels is \['a'\]"),
    ('train: {ends: [1, 2, 3]}', None, r'must be a list of 2: a number, a number'),
    ('train: {limit: [1]}', None, r'must be a number or null'),
    ('model: {low: [1.0]}', None, r'model\.low cannot be set, it comes from the data'),
    ('train: 3', None, r'train is 3, must be a table of keys'),
    ('- 3', None, r'c\.yaml holds list, must hold sections with keys'),
    ('train: [', None, r'c\.yaml is not YAML: .* in line 1'),
    ('train: {steps: 1, steps: 2}', None, r'is not YAML: found duplicate key "steps"'),
    ('train: !!python/object/apply:os.system ["true"]', None, r'could not determine a construct'),
    ('', 'train.steps', r"'train\.steps' is not section\.key=value, as in train\.steps=500"),
    ('', 'steps=3', r"'steps=3' is not section\.key=value"),
    ('', 'tarin.steps=3', r"tarin\.steps=3: there is no section 'tarin', did you mean 'train'"),
    ('', 'train.step=3', r"train\.step=3: train has no key 'step', did you mean 'steps'"),
    ('', 'train.steps=[', r"'train\.steps=\[': the value is not YAML"),
    ('', 'model.low=[1.0]', r'model\.low=\[1\.0\]: model\.low cannot be set'),
])
def test_what_is_wrong_is_named(text, override, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read(text, *([override] if override else []), folder=tmp_path)


def test_a_limit_of_the_section_is_named_with_it(tmp_path):
    with pytest.raises(ValueError, match=r'^train\.steps is 0, must be at least 1$'):
        build(Train, 'train', read('train: {steps: 0}', folder=tmp_path))


def test_what_is_no_config_is_not_read(tmp_path):
    file = tmp_path / 'c.yaml'
    file.write_bytes(b'#' * 1_000_001)
    with pytest.raises(ValueError, match='has 1000001 bytes, limit 1000000: is it a config'):
        read_settings(file, [], KINDS)
    file.write_bytes(b'train: \xff')
    with pytest.raises(ValueError, match='is not YAML'):
        read_settings(file, [], KINDS)


def test_differences_name_the_keys():
    a = {'train': asdict(Train()), 'seed': 0}
    b = {'train': asdict(Train(steps=11, rate=2.0)), 'seed': 0, 'more': None}
    # what went through JSON is compared as JSON
    a, b = json.loads(json.dumps(a)), json.loads(json.dumps(b))
    assert differences(a, a) == []
    assert differences(a, b) == ['train.steps: 10, not 11', 'train.rate: 0.001, not 2.0']
