"""Energies of users' own: all stationary points, known from other methods, and energies that cannot be searched."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import landscape
from landscape.errors import ConfigError, DatabaseError, LandscapeError, PropertyError, SearchError
from landscape.problems.surfaces.analytic import LennardJones
from landscape.studies.overview import overview
from tests.campaign.energies import (
    Energy,
    Himmelblau,
    Separable,
    planar_points,
    rastrigin,
    schwefel,
    separable_truth,
    styblinski_tang,
)
from tests.campaign.xor import xor

SEARCH: dict[str, Any] = {"walkers": 16, "steps": 20, "explore": {"searches": 20}}
SHORT: dict[str, Any] = {"walkers": 8, "steps": 5, "connect": {"rounds": 0, "single_ended": 0}}
QUICK: dict[str, Any] = {"walkers": 16, "steps": 5, "explore": {"searches": 5}}


def rows_of(found: np.ndarray, expected: np.ndarray, atol: float) -> np.ndarray:
    """The row in `expected` [K, P] of each of `found` [K, P]; asserts that the points are the same."""
    distance = np.linalg.norm(found[:, None] - expected, axis=2)
    assert found.shape == expected.shape
    assert (np.sort(distance.argmin(1)) == np.arange(len(expected))).all()
    assert distance.min(1).max() < atol
    return np.asarray(distance.argmin(1))


@pytest.mark.parametrize(
    ("energy", "box", "keyword", "counts"),
    [
        (schwefel(), (-220.0, 220.0), "bounds", (25, 40)),
        (rastrigin(), (-1.6, 1.6), "bounds", (9, 12)),
        (styblinski_tang(), (-5.0, 5.0), "start", (8, 12)),
    ],
    ids=["schwefel", "rastrigin", "styblinski_tang"],
)
def test_all_stationary_points_of_separable_energies(
    energy: Separable, box: tuple[float, float], keyword: str, counts: tuple[int, int]
) -> None:
    truth = separable_truth(energy, *box)
    assert (len(truth.minima), len(truth.states)) == counts
    boxes: dict[str, Any] = {keyword: box}
    db = landscape.explore(energy, **boxes, **SEARCH)
    width = box[1] - box[0]
    minima = truth.minima[rows_of(db.minima.parameters, truth.minima, 1e-8 * width)]
    states = rows_of(db.transition_states.parameters, truth.states, 1e-8 * width)
    np.testing.assert_allclose(db.minima.energy, energy.energy_and_gradient(minima)[0], rtol=1e-9, atol=1e-9)
    for sides, row in zip(db.transition_states.minima, states, strict=True):
        rows_of(minima[sides], truth.sides[row], 1e-6)
    assert landscape.verify(db, energy) == []


def test_the_landscape_of_seven_atoms() -> None:
    """States are those of 4000 searches by plain eigenvector-following in numpy, from random points near minima.

    They missed the highest one, as most runs here do: runs with more searches found it.
    """
    cluster = LennardJones(7)
    states = [
        -15.44473,
        -15.31986,
        -15.28342,
        -15.09785,
        -15.03338,
        -15.02644,
        -14.81640,
        -14.81113,
        -14.59695,
        -14.56806,
        -14.54857,
        -12.54894,
    ]
    explore, connect = {"searches": 240}, {"single_ended": 240}
    db = landscape.explore(cluster, start=(-1.5, 1.5), walkers=16, steps=10, explore=explore, connect=connect)
    np.testing.assert_allclose(np.sort(db.minima.energy), cluster.known_energies(0), atol=1e-6)
    count = len(db.transition_states)
    assert count >= 11
    np.testing.assert_allclose(np.sort(db.transition_states.energy), states[:count], atol=1e-5)
    assert landscape.verify(db, cluster) == []


@pytest.mark.parametrize("factor", [1e-7, 1.0, 1e6])
def test_the_scale_of_an_energy_does_not_matter(factor: float) -> None:
    energy = Himmelblau(factor)
    truth = planar_points(Himmelblau(), -6.0, 6.0)
    db = landscape.explore(energy, start=(-5.0, 5.0), **QUICK)
    rows_of(db.minima.parameters, truth[0], 1e-7)
    rows_of(db.transition_states.parameters, truth[1], 1e-7)
    assert (len(truth[0]), len(truth[1])) == (4, 4)
    assert landscape.verify(db, energy) == []
    unit = float(re.findall(r"energy_unit = (\S+)", db.problem_record.run_toml)[0])
    assert 10.0 < unit / factor < 1000.0
    assert db.problem_record.energy_tolerance == pytest.approx(1e-9 * unit)
    assert db.walkers.temperature.min() > 1e-3 * unit


def test_a_large_constant_does_not_matter() -> None:
    plain = Himmelblau()

    def lifted(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energy, gradient = plain.energy_and_gradient(theta)
        return energy + 1e7, gradient

    db = landscape.explore(Energy(lifted), start=(-5.0, 5.0), **QUICK)
    assert (len(db.minima), len(db.transition_states)) == (4, 4)


def test_what_leaves_the_box_is_counted_and_no_find(tmp_path: Path) -> None:
    with landscape.explore(rastrigin(), bounds=(-1.6, 1.6), path=tmp_path / "a.h5", **QUICK) as db:
        assert len(db.minima) == 9
        for points in (db.minima.parameters, db.transition_states.parameters):
            assert np.abs(points).max() < 1.0  # one side of the states at 1.51 is outside
        left = int(db.rounds.left.sum())
        searches = int((db.attempts.outcome == "left_box").sum())
        assert left > 0
        assert searches > 0
        assert f"left the box  {left + searches} quenches and searches" in overview(db, 3)
    free = landscape.explore(Himmelblau(), start=(-5.0, 5.0), **SHORT)
    assert free.rounds.left.sum() == 0
    assert "left the box" not in overview(free, 3)


def test_a_file_keeps_the_users_units(tmp_path: Path) -> None:
    energy, path = rastrigin(1e4), tmp_path / "a.h5"
    landscape.explore(energy, bounds=(-1.6, 1.6), path=path, **QUICK).close()
    with landscape.open(path) as db:
        x = db.minima.parameters
        curvature = 1e4 * (2.0 + 40.0 * np.pi**2 * np.cos(2.0 * np.pi * x))
        np.testing.assert_allclose(db.minima.lowest_eigenvalue, curvature.min(1), rtol=1e-7)
        np.testing.assert_allclose(db.minima.log_determinant, np.log(curvature).sum(1), rtol=1e-9)
        y = db.transition_states.parameters
        curvature = 1e4 * (2.0 + 40.0 * np.pi**2 * np.cos(2.0 * np.pi * y))
        np.testing.assert_allclose(db.transition_states.eigenvalue, curvature.min(1), rtol=1e-7)
        np.testing.assert_allclose(db.transition_states.log_determinant, np.log(curvature.max(1)), rtol=1e-9)
        np.testing.assert_allclose(db.transition_states.lowest_positive_eigenvalue, curvature.max(1), rtol=1e-7)
    assert landscape.verify(path, energy) == []
    assert "energy" in landscape.verify(path, rastrigin(1.00001e4))[0]


def test_a_file_is_continued_in_its_own_units_and_box(tmp_path: Path) -> None:
    path, longer = tmp_path / "a.h5", QUICK | {"steps": 10}
    box: dict[str, Any] = {"bounds": (np.array([-1.6, -1.5]), 1.6)}
    landscape.explore(rastrigin(), path=path, **box, **QUICK).close()
    with landscape.explore(rastrigin(), path=path, resume=True, **box, **longer) as db:
        assert db.rounds.kind.tolist().count("basin_hopping") == 1
        assert "low = [-1.6, -1.5]" in db.problem_record.run_toml
    with pytest.raises(DatabaseError, match=r"frame.low is \[-1.6, -1.5\] in it and -1.6 in"):
        landscape.explore(rastrigin(), bounds=(-1.6, 1.6), path=path, resume=True, **longer)
    with pytest.raises(DatabaseError, match="energy"):
        landscape.explore(rastrigin(1.001), path=path, resume=True, **box, **longer)


def linear(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return theta.sum(1), np.ones_like(theta)


def parabola(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return -(theta**2).sum(1), -2.0 * theta


def cubic(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (theta**3 - 3.0 * theta).sum(1), 3.0 * theta**2 - 3.0


def exponential(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return -np.exp(theta).sum(1), -np.exp(theta)


def one_of_two(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = theta[:, 0]
    return x**4 - x**2, np.stack([4.0 * x**3 - 2.0 * x, 0.0 * x], axis=1)


def ring(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    square = (theta**2).sum(1)
    return (square - 1.0) ** 2, 4.0 * (square - 1.0)[:, None] * theta


def doubled(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    energy, gradient = Himmelblau().energy_and_gradient(theta)
    return energy, 2.0 * gradient


def absolute(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.abs(theta).sum(1), np.sign(theta)


def nowhere(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.nan * theta[:, 0], np.nan * theta


def bare_cluster(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Energy and gradient of four Lennard-Jones atoms, without declared symmetry."""
    atoms = theta.reshape(len(theta), -1, 3)
    offset = atoms[:, :, None] - atoms[:, None]
    sixth = ((offset**2).sum(-1) + 1e30 * np.eye(atoms.shape[1])) ** -3
    square = (offset**2).sum(-1) + np.eye(atoms.shape[1])
    force = (-24.0 * (2.0 * sixth**2 - sixth) / square)[..., None] * offset
    return 2.0 * (sixth**2 - sixth).sum((1, 2)), force.sum(2).reshape(theta.shape)


@pytest.mark.parametrize(
    ("energy", "words"),
    [
        (Energy(linear), "lower bound, found that it falls without end"),
        (Energy(parabola), "lower bound, found that it falls without end"),
        (Energy(cubic), "lower bound, found that it falls without end"),
        (Energy(exponential), "lower bound, found energies of -inf"),
        (Energy(one_of_two), r"1 flat direction of 2 .*leave out theta\[1\], on which it does not depend"),
        (Energy(ring), "1 flat direction of 2 .*declare its symmetry"),
        (Energy(bare_cluster, 12), "6 flat directions of 12 .*declare its symmetry"),
        (Energy(doubled), "gradient of the energy, found that differences .* 16 of 16 points"),
        (Energy(lambda theta: (0.0 * theta[:, 0], 0.0 * theta)), "no curvature where quenches end"),
        (Energy(absolute), "or has kinks and should say so"),
        (Energy(absolute, smooth=False), "no quench reached one: they end on kinks"),
        (Energy(nowhere), "finite energies and gradients where walkers start"),
    ],
    ids=lambda value: getattr(getattr(value, "energy_and_gradient", None), "__name__", None),
)
@pytest.mark.filterwarnings("error")
def test_what_cannot_be_searched_is_told_in_one_line(energy: Energy, words: str) -> None:
    with pytest.raises(SearchError, match=words) as caught:
        landscape.explore(energy, start=(-1.5, 1.5), **QUICK)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("expected")


def test_an_unbounded_energy_has_a_landscape_in_a_box() -> None:
    db = landscape.explore(Energy(cubic), bounds=(-1.9, 1.9), **QUICK)
    np.testing.assert_allclose(db.minima.parameters, [[1.0, 1.0]], atol=1e-8)
    assert db.rounds.left.sum() > 0
    with pytest.raises(SearchError, match="quenches leave them: give wider bounds"):
        landscape.explore(Energy(linear), bounds=(-1.0, 1.0), **QUICK)


def test_too_few_iterations_are_the_reason_why_no_quench_ends() -> None:
    def rosenbrock(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = theta.T
        a, b = 1.0 - x, y - x**2
        return a**2 + 100.0 * b**2, np.stack([-2.0 * a - 400.0 * x * b, 200.0 * b], axis=1)

    far: dict[str, Any] = {"start": ([-9.0, 40.0], [-8.0, 50.0]), **QUICK}
    with pytest.raises(SearchError, match=r"run out of iterations: raise quench\.max_iterations"):
        landscape.explore(Energy(rosenbrock), quench={"max_iterations": 2}, **far)
    assert len(landscape.explore(Energy(rosenbrock), **far).minima) == 1


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: landscape.explore(Himmelblau(), bounds=(1.0, -1.0)),
            ConfigError,
            "bounds: expected low < high",
        ),
        (lambda: landscape.explore(Himmelblau(), bounds=(3.0,)), ConfigError, r"bounds: expected \(low, high\)"),  # type: ignore[arg-type]
        (lambda: landscape.explore(Himmelblau(), bounds=([0.0] * 3, 1.0)), ConfigError, "each of 2 parameters"),
        (lambda: landscape.explore(xor(), bounds=(-1.0, 1.0)), ConfigError, "expected none for a network"),
    ],
)
def test_boxes_that_do_not_fit(call: Callable[[], object], error: type[LandscapeError], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_verify_and_measure_need_the_energy_that_was_explored() -> None:
    db = landscape.explore(Himmelblau(), start=(-5.0, 5.0), **QUICK)
    with pytest.raises(DatabaseError, match=r"landscape.verify\(FILE, ENERGY\)"):
        landscape.verify(db)
    with pytest.raises(DatabaseError, match="expected an energy of 2 parameters, found one of 3"):
        landscape.verify(db, styblinski_tang())
    with pytest.raises(PropertyError, match="no inputs and so no robustness"):
        landscape.measure(db, problem=Himmelblau())  # type: ignore[arg-type] # what a user may try
