"""The group of signed permutations: invariance, canonical forms, alignment and orbits, against brute force.

Parameters of hypothesis are multiples of 1/2 up to 1, so that zeros, ties and duplicate units are common.
"""

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landscape.problems.networks.layers import Dense
from landscape.problems.networks.symmetry import NoSymmetry, UnitSymmetry
from landscape.problems.problem import Problem
from tests.problems.reference import points, small_problem

ONE, TWO, THREE = [2, 3, 2], [2, 3, 2, 2], [2, 3, 2, 3, 2]
SHAPES = [ONE, TWO, THREE]
SEEDS = st.integers(0, 2**32 - 1)
QUICK = settings(max_examples=60, deadline=None)

Element = list[tuple[np.ndarray, np.ndarray]]


def symmetry_of(sizes: list[int], odd: bool = True) -> UnitSymmetry:
    return UnitSymmetry(tuple(Dense(a, b) for a, b in itertools.pairwise(sizes)), odd)


def n_parameters(sizes: list[int]) -> int:
    return sum(b * (a + 1) for a, b in itertools.pairwise(sizes))


def lattice(sizes: list[int]) -> st.SearchStrategy[np.ndarray]:
    """Parameters [P] with many exact ties."""
    n = n_parameters(sizes)
    return st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.0, 0.5, 1.0]), min_size=n, max_size=n).map(np.array)


def continuous(sizes: list[int], seed: int, rows: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, n_parameters(sizes)))


def transformed(theta: np.ndarray, sizes: list[int], element: Element) -> np.ndarray:
    """theta [P] with the units of each hidden layer permuted and multiplied by signs, written out layer by layer."""
    parts, start, order, signs = [], 0, np.arange(sizes[0]), np.ones(sizes[0])
    for (n_in, n_out), (next_order, next_signs) in zip(
        itertools.pairwise(sizes), [*element, (np.arange(sizes[-1]), np.ones(sizes[-1]))], strict=True
    ):
        weight = theta[start : start + n_in * n_out].reshape(n_out, n_in)
        bias = theta[start + n_in * n_out : start + n_out * (n_in + 1)]
        weight = next_signs[:, None] * weight[next_order][:, order] * signs
        parts += [weight.ravel(), next_signs * bias[next_order]]
        start, order, signs = start + n_out * (n_in + 1), next_order, next_signs
    return np.concatenate(parts)


def random_element(sizes: list[int], seed: int, odd: bool = True) -> Element:
    rng = np.random.default_rng(seed)
    signs = [-1.0, 1.0] if odd else [1.0]
    return [(rng.permutation(h), rng.choice(signs, size=h)) for h in sizes[1:-1]]


def group(sizes: list[int], odd: bool = True) -> Iterator[Element]:
    choices = [
        [
            (np.array(order), np.array(signs))
            for order in itertools.permutations(range(h))
            for signs in itertools.product([-1.0, 1.0] if odd else [1.0], repeat=h)
        ]
        for h in sizes[1:-1]
    ]
    return (list(element) for element in itertools.product(*choices))


def copies(theta: np.ndarray, sizes: list[int], odd: bool = True) -> np.ndarray:
    """All copies of theta [P], one a row, with repetitions."""
    return np.array([transformed(theta, sizes, element) for element in group(sizes, odd)])


def alive(theta: np.ndarray, sizes: list[int]) -> np.ndarray:
    """theta [P] changed to share a property of stationary points: a unit of a deep network with the input of another
    unit, up to sign, also has its output; a unit without input has no output.
    """
    symmetry = symmetry_of(sizes)
    layers = symmetry._unpack(theta[None])
    for index in range(len(sizes) - 3):
        incoming, outgoing = layers[index][0], layers[index + 1][0]
        for unit, row in enumerate(incoming):
            twin = next(other for other, found in enumerate(incoming) if (np.abs(found) == np.abs(row)).all())
            sign = next((s for s in (1.0, -1.0) if (incoming[twin] == s * row).all()), None)
            if sign is not None:
                outgoing[:, unit] = sign * outgoing[:, twin] if row.any() else 0.0
    parts = [part for layer in layers for part in (layer[0, :, :-1].ravel(), layer[0, :, -1])]
    return np.concatenate(parts)


@pytest.mark.parametrize("sizes", SHAPES, ids=str)
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_the_energy_is_invariant(activation: str, sizes: list[int], seed: int) -> None:
    problem = small_problem(activation, sizes[1:-1])
    sizes = [3, *sizes[1:-1], 3]
    theta = points(problem, 1, seed)
    moved = transformed(theta[0].numpy(), sizes, random_element(sizes, seed, odd=activation == "tanh"))
    found = problem.energy(torch.tensor(np.array([theta[0].numpy(), moved])))
    assert float(found[0]) == pytest.approx(float(found[1]), rel=1e-13)
    aligned = problem.symmetry.align(moved[None], theta.numpy())
    canonical = problem.symmetry.canonical(moved[None])
    for copy in (aligned, canonical):
        assert float(problem.energy(torch.tensor(copy))) == pytest.approx(float(found[0]), rel=1e-13)


def test_a_flip_is_no_symmetry_of_the_sigmoid() -> None:
    problem = small_problem("sigmoid", [2])
    theta = points(problem, 1)
    flip = [(np.arange(2), np.array([-1.0, 1.0]))]
    moved = transformed(theta[0].numpy(), [3, 2, 3], flip)
    assert abs(float(problem.energy(theta) - problem.energy(torch.tensor(moved[None])))) > 1e-3
    assert float(problem.symmetry.distance(moved[None], theta.numpy())[0]) > 0.1


@pytest.mark.parametrize("odd", [True, False])
@given(theta=lattice(ONE), seed=SEEDS)
@QUICK
def test_copies_have_one_canonical_form(odd: bool, theta: np.ndarray, seed: int) -> None:
    symmetry = symmetry_of(ONE, odd)
    expected = symmetry.canonical(theta[None])
    copy = transformed(theta, ONE, random_element(ONE, seed, odd))
    assert np.array_equal(symmetry.canonical(copy[None]), expected)
    assert np.array_equal(symmetry.canonical(expected), expected)
    assert (np.abs(copies(theta, ONE, odd) - expected).max(axis=1) == 0).any()


@pytest.mark.parametrize("sizes", [TWO, THREE], ids=str)
@given(data=st.data(), seed=SEEDS)
@QUICK
def test_copies_of_deep_networks_have_one_canonical_form(sizes: list[int], data: st.DataObject, seed: int) -> None:
    symmetry = symmetry_of(sizes)
    theta = alive(data.draw(lattice(sizes)), sizes)
    expected = symmetry.canonical(theta[None])
    copy = transformed(theta, sizes, random_element(sizes, seed))
    assert np.array_equal(symmetry.canonical(copy[None]), expected)
    assert np.array_equal(symmetry.canonical(expected), expected)


@pytest.mark.parametrize("sizes", SHAPES, ids=str)
@given(data=st.data(), seed=SEEDS)
@QUICK
def test_canonical_forms_are_stable_under_noise(sizes: list[int], data: st.DataObject, seed: int) -> None:
    symmetry = symmetry_of(sizes)
    theta = alive(data.draw(lattice(sizes)), sizes)
    noise = np.random.default_rng(seed).uniform(-1e-9, 1e-9, size=theta.shape)
    copy = transformed(theta + noise, sizes, random_element(sizes, seed))
    assert np.abs(symmetry.canonical(copy[None]) - symmetry.canonical(theta[None])).max() < 2e-9


@pytest.mark.parametrize("sizes", SHAPES, ids=str)
def test_canonical_forms_of_a_batch_are_those_of_its_members(sizes: list[int]) -> None:
    symmetry = symmetry_of(sizes)
    theta, reference = continuous(sizes, 0, 7), continuous(sizes, 1, 7)
    canonical, aligned = symmetry.canonical(theta), symmetry.align(theta, reference)
    orbit = symmetry.log_orbit_size(theta)
    for row in range(7):
        one = slice(row, row + 1)
        assert np.array_equal(canonical[one], symmetry.canonical(theta[one]))
        assert np.array_equal(aligned[one], symmetry.align(theta[one], reference[one]))
        assert orbit[row] == symmetry.log_orbit_size(theta[one])[0]


@pytest.mark.parametrize("odd", [True, False])
@pytest.mark.parametrize("hidden", [1, 2, 3])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_alignment_of_one_hidden_layer_is_exact(hidden: int, odd: bool, data: st.DataObject) -> None:
    sizes = [2, hidden, 2]
    symmetry = symmetry_of(sizes, odd)
    theta, reference = data.draw(lattice(sizes)), data.draw(lattice(sizes))
    all_copies = copies(theta, sizes, odd)
    shortest = np.linalg.norm(all_copies - reference, axis=1).min()
    aligned = symmetry.align(theta[None], reference[None])
    assert (np.abs(all_copies - aligned).max(axis=1) == 0).any()
    assert np.linalg.norm(aligned - reference) == pytest.approx(shortest, abs=1e-12)
    assert symmetry.distance(theta[None], reference[None])[0] == pytest.approx(shortest, abs=1e-12)
    assert symmetry.distance(reference[None], theta[None])[0] == pytest.approx(shortest, abs=1e-12)


@pytest.mark.parametrize("sizes", SHAPES, ids=str)
@given(seed=SEEDS)
@QUICK
def test_the_distance_knows_no_copies_and_no_direction(sizes: list[int], seed: int) -> None:
    symmetry = symmetry_of(sizes)
    first, second = continuous(sizes, seed, 2)[:, None]
    copy = transformed(first[0], sizes, random_element(sizes, seed))[None]
    assert symmetry.distance(copy, first)[0] < 1e-14
    assert symmetry.distance(first, second)[0] == pytest.approx(symmetry.distance(second, first)[0], rel=1e-12)
    assert symmetry.distance(first, second)[0] <= np.linalg.norm(first - second) * (1.0 + 1e-14)


@pytest.mark.parametrize("sizes", [TWO, [2, 2, 2, 2]], ids=str)
def test_alignment_of_deep_networks_is_near_the_best(sizes: list[int]) -> None:
    symmetry = symmetry_of(sizes)
    theta, reference = continuous(sizes, 2, 20), continuous(sizes, 3, 20)
    best = np.array([np.linalg.norm(copies(t, sizes) - r, axis=1).min() for t, r in zip(theta, reference, strict=True)])
    found = symmetry.distance(theta, reference)
    assert (found >= best - 1e-12).all()
    assert np.median(found / best) < 1.05


@pytest.mark.parametrize("odd", [True, False])
@pytest.mark.parametrize("hidden", [1, 2, 3])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_orbit_sizes_count_distinct_copies(hidden: int, odd: bool, data: st.DataObject) -> None:
    sizes = [1, hidden, 1]
    theta = data.draw(lattice(sizes))
    count = len(np.unique(copies(theta, sizes, odd) + 0.0, axis=0))
    assert symmetry_of(sizes, odd).log_orbit_size(theta[None])[0] == pytest.approx(math.log(count), abs=1e-12)


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_orbit_sizes_of_deep_networks_count_distinct_copies(data: st.DataObject) -> None:
    sizes = [1, 2, 2, 1]
    theta = alive(data.draw(lattice(sizes)), sizes)
    count = len(np.unique(copies(theta, sizes) + 0.0, axis=0))
    assert symmetry_of(sizes).log_orbit_size(theta[None])[0] == pytest.approx(math.log(count), abs=1e-12)


@pytest.mark.parametrize(
    ("units", "odd", "count"),
    [
        ([[1, 2, 3], [3, 2, 1], [1, 1, 1]], True, 48),
        ([[1, 2, 3], [3, 2, 1], [0, 0, 0]], True, 24),
        ([[1, 2, 3], [1, 2, 3], [1, 1, 1]], True, 24),
        ([[1, 2, 3], [-1, -2, -3], [1, 1, 1]], True, 24),
        ([[1, 2, 3], [-1, -2, -3], [1, 1, 1]], False, 6),
        ([[1, 2, 3], [1, 2, 3], [0, 0, 0]], False, 3),
        ([[0, 0, 0], [0, 0, 0], [1, 1, 1]], True, 6),
        ([[0, 0, 0], [0, 0, 0], [0, 0, 0]], True, 1),
        ([[1, 2, 3], [1, 2, 3], [1, 2, 3]], True, 8),
    ],
)
def test_dead_and_duplicate_units(units: list[list[float]], odd: bool, count: int) -> None:
    """Each unit is given by weight, bias and outgoing weight; noise of 1e-9 makes no difference."""
    weight, bias, outgoing = np.array(units, dtype=np.float64).T
    theta = np.concatenate([weight, bias, outgoing, [0.7]])[None]
    noise = np.random.default_rng(0).uniform(-1e-9, 1e-9, size=theta.shape)
    for point in (theta, theta + noise):
        found = symmetry_of([1, 3, 1], odd).log_orbit_size(point)
        assert found[0] == pytest.approx(math.log(count), abs=1e-12)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("odd", [True, False])
def test_a_point_that_is_not_finite_has_no_number_of_copies(odd: bool, value: float) -> None:
    sizes = [1, 3, 1]
    theta = continuous(sizes, 0, 2)
    spoilt = theta.copy()
    spoilt[0, 4] = value
    found = symmetry_of(sizes, odd).log_orbit_size(spoilt)
    assert np.isnan(found[0])
    assert found[1] == symmetry_of(sizes, odd).log_orbit_size(theta)[1]


def test_many_units_are_sorted_by_their_first_difference() -> None:
    problem = Problem(dataset="xor", standardise=False, hidden=[20])
    theta = points(problem, 5).numpy()
    canonical = problem.symmetry.canonical(theta)
    first = canonical[:, 0:40:2]
    assert (first > 0).all()
    assert (np.diff(first, axis=1) >= 0).all()
    log_size = math.lgamma(21) + 20 * math.log(2.0)
    np.testing.assert_allclose(problem.symmetry.log_orbit_size(theta), log_size, rtol=1e-14)


@pytest.mark.parametrize("sizes", [[2, 2], *SHAPES], ids=str)
@pytest.mark.parametrize("make", [symmetry_of, lambda _: NoSymmetry()], ids=["units", "none"])
def test_an_empty_batch_stays_empty(make: Callable[[list[int]], UnitSymmetry | NoSymmetry], sizes: list[int]) -> None:
    symmetry = make(sizes)
    empty = np.zeros((0, n_parameters(sizes)))
    assert symmetry.canonical(empty).shape == empty.shape
    assert symmetry.align(empty, empty).shape == empty.shape
    assert symmetry.distance(empty, empty).shape == (0,)
    assert symmetry.log_orbit_size(empty).shape == (0,)


@pytest.mark.parametrize("symmetry", [symmetry_of([3, 2]), NoSymmetry()])
def test_without_hidden_units_every_point_is_alone(symmetry: UnitSymmetry | NoSymmetry) -> None:
    theta, reference = continuous([3, 2], 0, 3), continuous([3, 2], 1, 3)
    assert np.array_equal(symmetry.canonical(theta), theta)
    assert np.array_equal(symmetry.align(theta, reference), theta)
    np.testing.assert_allclose(symmetry.distance(theta, reference), np.linalg.norm(theta - reference, axis=1))
    assert not symmetry.log_orbit_size(theta).any()


def test_arguments_are_left_alone() -> None:
    symmetry = symmetry_of(TWO)
    theta, reference = continuous(TWO, 0, 4), continuous(TWO, 1, 4)
    before = theta.copy(), reference.copy()
    symmetry.canonical(theta)
    symmetry.align(theta, reference)
    symmetry.log_orbit_size(theta)
    assert np.array_equal(theta, before[0])
    assert np.array_equal(reference, before[1])
