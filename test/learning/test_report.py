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


"""The report: one picture, one page, the same figures as numbers, and a verdict in words."""

from dataclasses import replace
from html.parser import HTMLParser
import json

import cv2
from matplotlib.figure import Figure
import numpy as np
import pytest
from small_bundle import random_networks, SMALL

from jepa_ros.learning.critic import train_critic
from jepa_ros.learning.critic_config import CriticConfig
from jepa_ros.learning.data import Actions
from jepa_ros.learning.latents import encode_all
from jepa_ros.learning.metrics import effective_rank, errors_by_horizon
from jepa_ros.learning.report import write_report
from jepa_ros.learning.report_checks import checks, verdict
from jepa_ros.learning.report_curves import Curve
from jepa_ros.learning.report_floor import FloorView
from jepa_ros.learning.report_measures import action_coverage, measure, Subject
from jepa_ros.learning.report_panels import losses
from jepa_ros.learning.report_pictures import imagine
from jepa_ros.learning.run import read_metrics
from jepa_ros.learning.train import train_world_model
from jepa_ros.learning.train_config import TrainConfig

ACTIONS = Actions(('right', 'down'), ('1/s', '1/s'), (-1.0, -1.0), (1.0, 1.0))
CONFIG = replace(SMALL, low=ACTIONS.low, high=ACTIONS.high)


class Tags(HTMLParser):
    """The elements of a page, with what they fetch."""

    def __init__(self, text):
        super().__init__()
        self.names, self.sources, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.names.append(name)
        self.sources += [v for k, v in attributes if k in ('src', 'href', 'srcset', 'action')]

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope='module')
def subject(squares, tmp_path_factory):
    """Return a model that has hardly been trained, with its run."""
    folder = tmp_path_factory.mktemp('run')
    networks, control = random_networks(CONFIG), random_networks(CONFIG, seed=1)
    list(train_world_model(networks, squares, TrainConfig(
        steps=8, batch=16, episodes=4, directions=8, bfloat16=False), folder, held_out=squares))
    latents = encode_all(networks, squares)
    list(train_critic(networks, squares, latents, CriticConfig(steps=8, batch=16), folder))
    return Subject('small <model>', folder, networks, control, squares, squares, ACTIONS,
                   latents.clean, latents, encode_all(control, squares).clean, 0.5)


def test_the_losses_show_what_is_new_and_what_is_known(subject):
    axes = Figure().subplots()
    losses(axes, subject.run_folder)
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}
    last = read_metrics(subject.run_folder, 'world_model')[-1]
    assert lines['held out, over copy-last'] == [[7, last['error_held_out']]]
    assert lines['trained on, over copy-last'] == [[7, last['error_trained']]]


def test_picture_page_and_figures(subject, tmp_path, rng):
    view = FloorView(rng.integers(0, 256, (6, 2, 32, 32, 3), dtype=np.uint8),
                     rng.uniform(-1, 1, (6, 2)),
                     rng.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8),
                     rng.uniform(-1, 1, (2, 2)), 2.0)
    found = write_report(subject, tmp_path, {'collapse': 'std of 5 of 8 is low'},
                         {'data': {'folder': 'd<1>'}, 'seed': 0}, view)
    assert sorted(p.name for p in tmp_path.iterdir()) == ['report.html', 'report.json',
                                                          'report.png']
    image = cv2.imread(str(tmp_path / 'report.png'))
    assert image.shape[0] > 1000
    assert image.shape[1] > 1000
    assert image.std() > 20         # there is something on it
    assert (tmp_path / 'report.png').stat().st_size < 2e6

    text = (tmp_path / 'report.html').read_text()
    tags = Tags(text)
    assert not {'script', 'link', 'iframe', 'object'} & set(tags.names)
    assert tags.names.count('img') == 13
    assert all(s.startswith('data:image/png;base64,') for s in tags.sources)
    words = ' '.join(tags.words)
    assert 'small <model>' in words
    assert 'small <model>' not in text      # it is escaped
    assert 'std of 5 of 8 is low' in words
    assert verdict(found) in words
    assert 'data.folder' in words

    figures = json.loads((tmp_path / 'report.json').read_text())
    networks, z = subject.networks, subject.latents.clean
    assert figures['effective_rank'] == pytest.approx(effective_rank(z.numpy()))
    assert figures['std_min'] == pytest.approx(z.numpy().std(axis=0).min())
    assert list(figures['probe_r2']) == ['x', 'y', 'cos yaw', 'sin yaw']
    predicted, copied = errors_by_horizon(networks, subject.held_out, z, 3)
    untrained, _ = errors_by_horizon(subject.control, subject.held_out, subject.control_latents,
                                     3)
    for key, values in (('predicted', predicted), ('copy_last', copied),
                        ('untrained', untrained)):
        assert figures['error_by_horizon'][key] == pytest.approx(values)
    surprise = figures['surprise']
    assert 0 < surprise['p50'] < surprise['p95'] < surprise['p99'] <= surprise['p999']
    assert [c['name'] for c in figures['checks']] == [c.name for c in found]
    assert figures['verdict'].endswith('before they are looked into.')


def test_it_needs_no_poses(subject, tmp_path):
    blind = replace(subject.held_out, poses=np.full_like(subject.held_out.poses, np.nan))
    write_report(replace(subject, training=blind, held_out=blind), tmp_path, {}, {})
    figures = json.loads((tmp_path / 'report.json').read_text())
    assert figures['probe_r2'] is None
    assert figures['false_places'] is None
    assert figures['critic_order']['distance'] is None
    assert -1 <= figures['critic_order']['steps'] <= 1
    assert (tmp_path / 'report.html').read_text().count('<img') == 10


def test_what_is_imagined_is_nearest_to_what_is_predicted(subject):
    found = imagine(subject, count=3)
    block, z = CONFIG.block, subject.latents.clean
    assert found.real.shape == found.nearest.shape == (3, CONFIG.horizon)
    np.testing.assert_array_equal(found.real - found.starts[:, None],
                                  np.tile(block * np.arange(1, 4), (3, 1)))
    assert (subject.held_out.last[found.starts] >= found.real[:, -1]).all()
    # encode_all predicts one to three blocks ahead as well
    for h in range(CONFIG.horizon):
        expected = subject.latents.predicted[found.real[:, h], h]
        apart = (expected[:, None] - z[None]).square().sum(dim=2)
        np.testing.assert_array_equal(apart.argmin(dim=1).numpy(), found.nearest[:, h])
    with pytest.raises(ValueError, match='no held-out episode has 16 frames'):
        imagine(replace(subject, held_out=replace(
            subject.held_out, last=subject.held_out.last - 60)))


def test_coverage_is_of_the_range_and_rest_is_seen(squares):
    actions = squares.actions.copy()
    actions[:, 1] *= 0.25
    actions[::2] = 0.0
    coverage, still = action_coverage(replace(squares, actions=actions), ACTIONS)
    np.testing.assert_allclose(coverage, [1.0, 0.4])    # tenths of -1 to 1 within -0.25 to 0.25
    assert still == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize('change, name, colour', [
    ({}, None, 'green'),
    ({'rank': 2.0}, 'latents are alive', 'amber'),
    ({'rank': 0.5}, 'latents are alive', 'red'),
    ({'predicted': np.array([0.1, 0.9])}, 'prediction beats copy-last', 'red'),
    ({'untrained': np.array([0.5, 0.3])}, 'prediction beats an untrained model', 'amber'),
    ({'wrong_actions': 1.05}, 'actions matter', 'red'),
    ({'wrong_frame': 0.015}, 'surprise can tell', 'amber'),
    ({'distance': Curve('m', *np.array([[1.0, 2, 3, 4]] * 2 + [[4.0, 3, 2, 1]] * 2))},
     'critic is monotone', 'red'),
    ({'minutes': 9.0}, 'amount of data', 'amber'),
    ({'coverage': np.array([1.0, 0.3])}, 'actions cover their range', 'red'),
    ({'still': 0.4}, 'the robot moves', 'amber'),
    ({'false_places': 0.3}, 'places are told apart', 'red'),
    ({'false_places': 0.2}, 'places are told apart', 'amber'),
    ({'false_places': None}, None, 'green'),
])
def test_each_check_sees_what_it_is_for(subject, change, name, colour):
    line = np.arange(4.0)
    good = replace(
        measure(subject), rank=6.0, std=np.ones(8), predicted=np.array([0.1, 0.2]),
        learnt=np.array([0.1, 0.15]),
        copied=np.array([0.5, 1.0]), untrained=np.array([0.5, 2.0]),
        surprise=np.full(100, 0.01), wrong_frame=1.0, wrong_actions=5.0,
        steps_ahead=Curve('blocks ahead', line, line, line, line), distance=None, minutes=30.0,
        coverage=np.ones(2), still=0.1, false_places=0.05)
    found = {c.name: c for c in checks(replace(good, **change), ('right', 'down'), {})}
    bad = {n: c.colour for n, c in found.items() if c.colour != 'green'}
    assert bad == ({name: colour} if name else {})
    for check in found.values():
        assert check.found
        assert check.limit
        assert (check.advice in check.words()) == (check.colour != 'green' or not check.advice)
    said = verdict(list(found.values()))
    assert ('do not drive' in said) == (colour == 'red')


def test_drives_learnt_by_heart_are_told_from_too_little_training(subject):
    """Both predict held-out frames badly; the one wants more drives, the other more steps."""
    bad = replace(measure(subject), predicted=np.array([0.3, 0.45]), copied=np.ones(2))
    for learnt, advice in ((0.05, 'by heart, for of frames that were trained on it is 0.05'),
                           (0.5, 'Train longer')):
        said = next(c.words() for c in checks(replace(bad, learnt=np.array([0.1, learnt])),
                                              ('right', 'down'), {})
                    if c.name == 'prediction beats copy-last')
        assert said.startswith('AMBER')
        assert advice in said


def test_the_order_of_a_curve():
    def order(values):
        x = np.arange(float(len(values)))
        return Curve('m', x, x, np.array(values), x).order
    assert order([1.0, 4.0, 5.0, 9.0]) == pytest.approx(1.0)
    assert order([9.0, 5.0, 4.0, 1.0]) == pytest.approx(-1.0)
    assert order([1.0, 5.0, 4.0, 9.0]) == pytest.approx(0.8)
    assert np.isnan(order([1.0, 2.0]))
