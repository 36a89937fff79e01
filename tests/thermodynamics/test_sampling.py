"""Occupations of XOR against samples of exp(-E / T), drawn from the energy itself by Metropolis' rule.

Half of the moves are random steps. The others draw from the wells of the minima, copies included, which lets a chain
change wells at once; the Metropolis-Hastings rule makes up for the density of these draws, so the distribution is that
of the energy, whatever the wells are. All chains start in the highest minimum. Their last points are independent, and
are assigned to minima by quenching.
"""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.quench import quench
from landscape.problems.problem import Problem
from landscape.thermodynamics.superposition import occupations
from tests.thermodynamics.landscapes import Wells

TRUTH = Path(__file__).parents[1] / "campaign/xor_truth.json"
CHAINS, MOVES = 1500, 40
HIDDEN, P = 2, 12


def copies() -> Iterator[np.ndarray]:
    """The matrices [P, P] of all eight symmetries of a 2-2-2 network of tanh units."""
    for order, signs in itertools.product(itertools.permutations(range(HIDDEN)), itertools.product((1, -1), repeat=2)):
        unit = np.zeros((HIDDEN, HIDDEN))
        unit[range(HIDDEN), order] = signs
        matrix = np.eye(P)
        matrix[0:4, 0:4] = np.kron(unit, np.eye(2))  # weights into the units
        matrix[4:6, 4:6] = unit  # their biases
        matrix[6:10, 6:10] = np.kron(np.eye(2), unit)  # weights out of the units
        yield matrix


class Xor:
    """The problem, its minima [M, P], one of each kind, and their wells."""

    def __init__(self) -> None:
        self.problem = Problem(dataset="xor", standardise=False, hidden=[HIDDEN], l2=1e-2)
        known = next(one for one in json.loads(TRUTH.read_text())["landscapes"] if one["l2"] == 1e-2)
        self.minima = np.array([point["theta"] for point in known["minima"]])
        self.hessians = self.problem.hessian(torch.tensor(self.minima)).numpy()
        self.copies = np.array(list(copies()))
        self.wells = Wells(
            energy=self.energy(self.minima),
            log_determinant=np.linalg.slogdet(self.hessians)[1],
            log_orbit_size=self.problem.symmetry.log_orbit_size(self.minima),
        )

    def energy(self, theta: np.ndarray) -> np.ndarray:
        return self.problem.energy(torch.tensor(theta)).numpy()

    def samples(self, temperature: float, random: np.random.Generator) -> np.ndarray:
        """The last points [CHAINS, P] of independent chains."""
        theta = np.repeat(self.minima[[np.argmax(self.wells.energy)]], CHAINS, axis=0)
        for move in range(MOVES):
            if move % 2:
                proposed = theta + np.sqrt(temperature) * random.choice([0.3, 1.0], (CHAINS, 1)) * random.normal(
                    size=theta.shape
                )
                bias = 0.0
            else:
                proposed = self._drawn(temperature, random)
                bias = self._log_density(theta, temperature) - self._log_density(proposed, temperature)
            gain = (self.energy(theta) - self.energy(proposed)) / temperature + bias
            accepted = np.log(random.random(CHAINS)) < gain
            theta[accepted] = proposed[accepted]
        return theta

    def _drawn(self, temperature: float, random: np.random.Generator) -> np.ndarray:
        roots = np.linalg.cholesky(np.linalg.inv(self.hessians) * temperature)
        wells = random.choice(len(roots), CHAINS, p=occupations(*self.wells.columns, temperature))
        theta = self.minima[wells] + np.einsum("wij,wj->wi", roots[wells], random.normal(size=(CHAINS, P)))
        copied = np.einsum("wij,wj->wi", self.copies[random.integers(len(self.copies), size=CHAINS)], theta)
        return np.asarray(copied)

    def _log_density(self, theta: np.ndarray, temperature: float) -> np.ndarray:
        """Logarithm [W] of the density of draws, up to a constant."""
        moved = np.einsum("gji,wj->gwi", self.copies, theta)
        weight = np.log(occupations(*self.wells.columns, temperature)) + np.linalg.slogdet(self.hessians)[1] / 2.0
        terms = []
        for place, hessian, own in zip(self.minima, self.hessians, weight, strict=True):
            away = moved - place
            terms.append(own - np.sum(away @ hessian * away, axis=-1) / (2.0 * temperature))
        return np.asarray(logsumexp(terms, axis=(0, 1)))

    def minimum_of(self, theta: np.ndarray) -> np.ndarray:
        """The row int64[W] of the minimum whose energy the quench of each point has; mirror images count as one."""
        ends = quench(self.problem, torch.tensor(theta), method=LBFGS(), batch=500)
        away = np.abs(self.energy(ends.theta.numpy())[:, None] - self.wells.energy)
        assert (away.min(axis=1) < 1e-7).all()
        return np.asarray(np.argmin(away, axis=1))


@pytest.fixture(scope="module")
def xor() -> Xor:
    return Xor()


def test_symmetries_change_no_energy(xor: Xor) -> None:
    theta = np.random.default_rng(0).normal(size=(1, P))
    np.testing.assert_allclose(xor.energy((xor.copies @ theta.T)[:, :, 0]), np.repeat(xor.energy(theta), 8), rtol=1e-14)
    assert len(np.unique((xor.copies @ theta.T)[:, :, 0].round(9), axis=0)) == 8


@pytest.mark.parametrize("temperature", [0.012, 0.015])
def test_occupations_are_those_of_samples(xor: Xor, temperature: float) -> None:
    counts = np.bincount(xor.minimum_of(xor.samples(temperature, np.random.default_rng(1))), minlength=5)
    lowest, second = np.argsort(xor.wells.energy)[:2]
    others = np.delete(np.arange(5), [lowest, second])
    expected = occupations(*xor.wells.columns, temperature)
    without_volume = occupations(xor.wells.energy, np.zeros(5), np.zeros(5), temperature)
    assert within(counts[lowest], expected[lowest])
    assert within(counts[second], expected[second])
    assert within(counts[others].sum(), expected[others].sum())
    away, away_without = np.abs(counts / CHAINS - np.stack([expected, without_volume]))[:, second]
    assert away < away_without  # the samples can tell


def within(count: int, share: float) -> bool:
    """True if a count of `CHAINS` samples is within 3 standard errors of its share."""
    return bool(abs(count - CHAINS * share) <= 3.0 * np.sqrt(CHAINS * share * (1.0 - share)))
