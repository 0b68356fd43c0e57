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

"""iCEM: what it adds to the cross-entropy method."""

import numpy as np
import pytest
from quadratic import BOX, minimise, PATIENT, quadratic
from wide_search import wide

from jepa_ros.core.icem import ImprovedCrossEntropy
from jepa_ros.core.sampling import obvious

ZERO = np.zeros((4, 2), np.float32)


def populations(iterations, **values):
    """Return how many candidates each iteration has."""
    search = ImprovedCrossEntropy(BOX, wide(**values), ZERO, np.random.default_rng(0))
    counts = []
    for i in range(iterations):
        knots = search.ask(last=i == iterations - 1)
        counts.append(len(knots))
        search.tell(knots, quadratic(ZERO)(knots))
    return counts


@pytest.mark.parametrize('values, expected', [
    ({'candidates': 64, 'elites': 8, 'shrink': 0.5}, [64, 32, 16, 16, 16]),
    ({'candidates': 100, 'elites': 10, 'shrink': 0.8}, [100, 80, 64, 51, 40]),
    ({'candidates': 30, 'elites': 4, 'shrink': 1.0}, [30, 30, 30, 30, 30]),
    ({'candidates': 10, 'elites': 8, 'shrink': 0.5}, [10, 10, 10, 10, 10]),
])
def test_the_population_shrinks_to_two_for_each_elite(values, expected):
    assert populations(5, **values) == expected


def test_the_mean_is_among_the_last_and_not_before():
    config = wide(candidates=64, elites=4, momentum=0.0, keep_elites=0.0)
    search = ImprovedCrossEntropy(BOX, config, ZERO, np.random.default_rng(0))
    knots = search.ask()
    costs = quadratic(np.full((4, 2), 0.4))(knots)
    search.tell(knots, costs)
    mean = knots[np.argsort(costs)[:4]].mean(axis=0)
    between = search.ask()
    assert not any(np.allclose(k, mean, atol=1e-6) for k in between)
    assert search.ask(last=True)[0] == pytest.approx(mean, abs=1e-6)


def test_kept_elites_count_again_with_the_costs_they_had():
    config = wide(candidates=20, elites=4, keep_elites=0.5, momentum=0.0, shrink=1.0)
    search = ImprovedCrossEntropy(BOX, config, ZERO, np.random.default_rng(0))
    first = search.ask()
    search.tell(first, np.arange(20.0))
    assert np.array_equal(search.kept, first[:2])
    second = search.ask()
    # of the second only one is better than what was kept
    search.tell(second, np.where(np.arange(20) == 6, 0.5, 100.0 + np.arange(20)))
    assert np.array_equal(search.kept, [first[0], second[6]])
    elites = np.stack([first[0], second[6], first[1], second[0]])
    assert search.ask(last=True)[0] == pytest.approx(elites.mean(axis=0), abs=1e-6)


def test_without_keeping_the_best_still_goes_on_to_the_next_plan():
    config = wide(candidates=20, elites=4, keep_elites=0.0)
    search = ImprovedCrossEntropy(BOX, config, ZERO, np.random.default_rng(0))
    knots = search.ask()
    search.tell(knots, np.arange(20.0)[::-1])
    assert np.array_equal(search.kept, knots[-1:])


def test_what_the_last_plan_kept_is_tried_within_limits():
    kept = np.stack([np.full((4, 2), 0.123), np.full((4, 2), 5.0)]).astype(np.float32)
    search = ImprovedCrossEntropy(BOX, wide(), ZERO, np.random.default_rng(0), kept)
    knots = search.ask()
    at = 1 + len(obvious(4, BOX))
    assert len(knots) == 64
    assert np.array_equal(knots[at:at + 2], np.clip(kept, -1.0, 1.0))


def test_its_samples_are_smoother_the_larger_beta():
    def roughness(beta):
        config = wide(candidates=2000, noise_beta=beta, init_std=0.1, elites=1)
        knots = ImprovedCrossEntropy(BOX, config, np.zeros((16, 2), np.float32),
                                     np.random.default_rng(0)).ask()[1000:]
        return np.abs(np.diff(knots, axis=1)).mean() / knots.std()

    assert roughness(0.0) == pytest.approx(np.sqrt(4 / np.pi), rel=0.05)
    assert roughness(3.0) < 0.5 * roughness(0.0)


@pytest.mark.parametrize('beta', [0.0, 0.5, 4.0])
def test_any_colour_finds_the_optimum(beta):
    config = wide(candidates=200, elites=20, iterations=30, min_std=PATIENT.min_std,
                  noise_beta=beta)
    target = np.array([[0.3, -0.7], [0.0, 0.55], [-0.2, 0.1]])
    search = minimise(ImprovedCrossEntropy, quadratic(target), config=config)
    assert search.best == pytest.approx(target, abs=0.02)
