"""The data set ljat3: minima by one-dimensional searches, the gradient flow by an integrator, symmetry, draws."""

import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import approx_fprime, minimize, minimize_scalar

from landscape.config.clusters import Clusters
from landscape.config.tables import ProblemConfig
from landscape.problems.data.clusters import clusters, energy_and_gradient, outcome, quenched
from landscape.problems.data.datasets import load
from landscape.problems.problem import whole_size

STARTS = np.random.default_rng(8).uniform(0.0, 2.0, (40, 3, 3))
Z = 2.0


def energy_by_angles(place: np.ndarray, strength: float) -> float:
    """Energy of one cluster, pair by pair, with the cosines of the angles at the atoms."""
    place = place.reshape(3, 3)
    total, product, cosines = 0.0, 1.0, 1.0
    for i, j in itertools.combinations(range(3), 2):
        r = float(np.linalg.norm(place[i] - place[j]))
        total += 4.0 * (r**-12 - r**-6)
        product *= r
    for i in range(3):
        u, v = (place[j] - place[i] for j in range(3) if j != i)
        cosines *= float(u @ v / np.linalg.norm(u) / np.linalg.norm(v))
    return total + strength * (1.0 + 3.0 * cosines) / product**3


def best_size(shape: np.ndarray, strength: float) -> float:
    """The size at which a cluster of a given shape [3, 3] has its least energy."""

    def of_size(size: float) -> float:
        return energy_by_angles(size * shape, strength)

    return float(minimize_scalar(of_size, bounds=(0.9, 1.6), method="bounded", options={"xatol": 1e-9}).x)


def lowest(shape: np.ndarray, strength: float) -> float:
    return energy_by_angles(best_size(shape, strength) * shape, strength)


TRIANGLE = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.5, np.sqrt(0.75), 0.0]])
CHAIN = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])


def test_energy_and_gradient_are_those_of_the_angles() -> None:
    energy, gradient = energy_and_gradient(STARTS, Z)
    for place, own, slope in zip(STARTS, energy, gradient, strict=True):
        assert own == pytest.approx(energy_by_angles(place, Z), rel=1e-9)
        numerical = approx_fprime(place.ravel(), energy_by_angles, 1e-7, Z)
        np.testing.assert_allclose(slope.ravel(), numerical, rtol=1e-4, atol=1e-4 * np.abs(numerical).max())


@pytest.mark.parametrize("strength", [0.5, 2.0, 4.0])
def test_descents_end_in_the_minima_of_one_dimension(strength: float) -> None:
    start = STARTS[:10]
    end = quenched(start, strength)
    label = outcome(end)
    energies = np.where(label == 0, lowest(TRIANGLE, strength), lowest(CHAIN, strength))
    np.testing.assert_allclose(energy_and_gradient(end, strength)[0], energies, atol=1e-8)
    for place, own in zip(end, label, strict=True):
        found = minimize(energy_by_angles, place.ravel(), (strength,), "BFGS", options={"gtol": 1e-6})
        assert found.fun == pytest.approx(energy_by_angles(place, strength), abs=1e-8)
        assert outcome(found.x.reshape(1, 3, 3))[0] == own


@pytest.mark.parametrize("strength", [0.5, 2.0, 4.0])
def test_triangle_and_chain_are_minima_in_all_directions(strength: float) -> None:
    for shape in (TRIANGLE, CHAIN):
        place, step = best_size(shape, strength) * shape, 1e-4
        hessian = np.empty((9, 9))
        for k in range(9):
            shift = np.zeros(9)
            shift[k] = step
            sides = [energy_and_gradient((place + s * shift.reshape(3, 3))[None], strength)[1] for s in (1.0, -1.0)]
            hessian[k] = (sides[0] - sides[1]).ravel() / (2 * step)
        eigenvalues = np.linalg.eigvalsh((hessian + hessian.T) / 2)
        still = 6 if shape is TRIANGLE else 5  # translations and rotations
        assert np.sum(np.abs(eigenvalues) < 1e-3) == still
        assert np.sum(eigenvalues > 1e-2) == 9 - still


def test_classes_are_the_basins_of_the_gradient_flow() -> None:
    found = outcome(quenched(STARTS, Z))
    assert set(found) == {0, 1, 2, 3}

    def flow(_: float, place: np.ndarray) -> np.ndarray:
        return -energy_and_gradient(place.reshape(1, 3, 3), Z)[1].ravel()

    followed = [
        outcome(solve_ivp(flow, (0.0, 1e3), start.ravel(), "LSODA", rtol=1e-7, atol=1e-8).y[:, -1].reshape(1, 3, 3))[0]
        for start in STARTS[:10]
    ]
    assert np.sum(found[:10] == followed) >= 9  # one may lie at a border


def test_another_order_of_the_atoms_is_another_order_of_the_chains() -> None:
    label = outcome(quenched(STARTS, Z))
    for order in ((1, 0, 2), (1, 2, 0)):
        found = outcome(quenched(STARTS[:, order], Z))
        expected = np.array([0, *(1 + np.argsort(order))])[label]
        assert np.array_equal(found, expected)


def test_samples_are_distances_of_starts_in_a_cube() -> None:
    data = load("ljat3:samples=100,distances=3", standardise=False, seed=3)
    assert data.inputs.shape == (100, 3)
    assert data.n_outputs == 4
    longest = data.inputs.max(axis=1)
    assert (2.0 * longest <= data.inputs.sum(axis=1) + 1e-12).all()  # a triangle
    assert longest.max() <= 2.0 * np.sqrt(3.0)
    two = load("ljat3:samples=100", standardise=False, seed=3)
    assert np.array_equal(two.inputs, data.inputs[:, :2])
    assert np.array_equal(two.targets, data.targets)
    assert not np.array_equal(clusters(Clusters(samples=100), 4)["inputs"], two.inputs)
    assert whole_size(ProblemConfig(dataset="ljat3:samples=100")) == np.inf


def test_the_descent_of_a_cluster_is_the_same_bits_alone_and_among_others() -> None:
    together = quenched(STARTS[:7], Z)
    for row, start in enumerate(STARTS[:7]):
        assert np.array_equal(quenched(start[None], Z)[0], together[row])
