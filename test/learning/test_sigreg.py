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

"""SIGReg against integrals that can be worked out, and what its gradient does."""

import math

import numpy as np
import pytest
import torch

from jepa_ros.learning.sigreg import sigreg, unit_directions

ROOT3 = math.sqrt(3.0)


def statistic(cf) -> float:
    """Integrate |cf(t) - exp(-t^2 / 2)|^2 exp(-t^2 / 2) over [-3, 3], finely."""
    t = np.linspace(-3.0, 3.0, 20001)
    values = (cf(t) - np.exp(-t * t / 2)) ** 2 * np.exp(-t * t / 2)
    return float((values[1:] + values[:-1]).sum() / 2 * (t[1] - t[0]))


def along(values: np.ndarray) -> float:
    """Return the statistic of a sample of one dimension."""
    z = torch.from_numpy(np.asarray(values, np.float64))[:, None]
    return float(sigreg(z, torch.ones(1, 1, dtype=torch.float64)))


# evenly spaced quantiles, so that the sample's characteristic function is the distribution's
SHARES = (np.arange(4000) + 0.5) / 4000


@pytest.mark.parametrize('values, cf', [
    (np.zeros(4000), np.ones_like),                                     # collapsed
    (np.where(SHARES < 0.5, -1.0, 1.0), np.cos),                        # two points
    ((2 * SHARES - 1) * ROOT3, lambda t: np.sinc(ROOT3 * t / np.pi)),   # uniform
    (np.full(4000, 2.0), None),                                         # collapsed elsewhere
])
def test_known_distributions(values, cf):
    if cf is None:
        # |exp(2it) - g|^2 = 1 - 2 g cos(2t) + g^2
        t = np.linspace(-3.0, 3.0, 20001)
        g = np.exp(-t * t / 2)
        integrand = (1 - 2 * g * np.cos(2 * t) + g * g) * g
        wanted = float((integrand[1:] + integrand[:-1]).sum() / 2 * (t[1] - t[0]))
    else:
        wanted = statistic(cf)
    assert along(values) == pytest.approx(4000 * wanted, rel=0.02)


def test_a_gaussian_is_near_zero():
    n, rng = 1000, np.random.default_rng(0)
    directions = unit_directions(16, 32, torch.Generator().manual_seed(0)).double()
    found = float(np.mean([sigreg(torch.from_numpy(rng.standard_normal((n, 16))), directions)
                           for _ in range(20)]))
    # the mean for a true sample: the integral of (1 - exp(-t^2)) exp(-t^2 / 2), whatever n is
    t = np.linspace(-3.0, 3.0, 20001)
    mean = float(((1 - np.exp(-t * t)) * np.exp(-t * t / 2)).sum() * (t[1] - t[0]))
    assert found == pytest.approx(mean, rel=0.15)
    assert found < 0.01 * along(np.zeros(n))


@pytest.mark.parametrize('spoil', [
    lambda z: 0.1 * z, lambda z: 2.0 * z, lambda z: z + 1.0,
    lambda z: np.sign(z), lambda z: z[:, :1] * np.ones(8)])
def test_what_is_not_gaussian_is_far_from_zero(spoil):
    z = np.random.default_rng(1).standard_normal((1000, 8))
    directions = unit_directions(8, 64, torch.Generator().manual_seed(0)).double()
    good = float(sigreg(torch.from_numpy(z), directions))
    assert float(sigreg(torch.from_numpy(spoil(z)), directions)) > 3 * good


def test_it_grows_with_the_sample():
    assert along(np.zeros(200)) == pytest.approx(2 * along(np.zeros(100)))


def test_turning_latents_and_directions_together_changes_nothing():
    generator = torch.Generator().manual_seed(3)
    z = torch.randn(200, 6, generator=generator, dtype=torch.float64).pow(3)
    turn, _ = torch.linalg.qr(torch.randn(6, 6, generator=generator, dtype=torch.float64))
    directions = unit_directions(6, 32, generator).double()
    assert float(sigreg(z @ turn, turn.T @ directions)) == pytest.approx(
        float(sigreg(z, directions)), rel=1e-9)
    # and with fresh directions it is the same up to their chance
    many = unit_directions(6, 4000, generator).double()
    assert float(sigreg(z @ turn, many)) == pytest.approx(float(sigreg(z, many)), rel=0.05)


def test_its_gradient_pushes_a_collapsed_batch_apart():
    generator = torch.Generator().manual_seed(0)
    z = (0.05 * torch.randn(128, 4, generator=generator) + 0.3).requires_grad_()
    optimizer = torch.optim.SGD([z], 0.15)
    before = float(z.detach().std(dim=0).min())
    for _ in range(150):
        optimizer.zero_grad()
        sigreg(z, unit_directions(4, 32, generator)).backward()
        optimizer.step()
    after = z.detach()
    assert before < 0.06
    assert 0.75 < float(after.std(dim=0).min()) <= float(after.std(dim=0).max()) < 1.25
    assert float(after.mean(dim=0).abs().max()) < 0.1
    assert float(torch.corrcoef(after.T).fill_diagonal_(0).abs().max()) < 0.2


def test_directions_are_unit_and_seeded():
    a, b = (unit_directions(5, 40, torch.Generator().manual_seed(7)) for _ in range(2))
    assert a.shape == (5, 40)
    torch.testing.assert_close(a.norm(dim=0), torch.ones(40))
    assert torch.equal(a, b)
    assert not torch.equal(a, unit_directions(5, 40, torch.Generator().manual_seed(8)))
