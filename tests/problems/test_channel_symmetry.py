"""Channels of a convolution are units: permutations and flips of sign, carried through later layers, give copies."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from landscape.problems.networks.symmetry import UnitSymmetry, hidden_units
from landscape.problems.problem import Problem
from tests.problems.convolutions import PARTS, image_problem
from tests.problems.reference import points

SEEDS = st.integers(0, 2**32 - 1)
QUICK = settings(max_examples=15, deadline=None)


def moved(problem: Problem, theta: np.ndarray, seed: int) -> np.ndarray:
    """A copy of theta [P], its channels and units changed in torch's own module."""
    rng = np.random.default_rng(seed)
    module = problem.module(theta)
    layers = [piece for piece in module.children() if isinstance(piece, nn.Conv2d | nn.Linear)]
    odd = problem.network.activation.odd  # type: ignore[union-attr] # these are networks of known layers
    with torch.no_grad():
        for layer, following in itertools.pairwise(layers):
            order = torch.tensor(rng.permutation(len(layer.weight)))
            signs = torch.tensor(rng.choice([-1.0, 1.0] if odd else [1.0], len(order)))
            for parameter in (layer.weight, layer.bias):
                assert parameter is not None
                shape = [-1] + [1] * (parameter.ndim - 1)
                parameter.copy_((parameter * signs.view(shape))[order])
            blocks = following.weight.view(len(following.weight), len(order), -1)
            blocks.copy_((blocks * signs[:, None])[:, order])
    vector: np.ndarray = nn.utils.parameters_to_vector(module.parameters()).detach().numpy()
    return vector


def symmetry(problem: Problem) -> UnitSymmetry:
    assert isinstance(problem.symmetry, UnitSymmetry)
    return problem.symmetry


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@pytest.mark.parametrize("name", PARTS)
@given(seed=SEEDS)
@QUICK
def test_copies_have_one_energy_one_canonical_form_and_no_distance(name: str, activation: str, seed: int) -> None:
    problem = image_problem(name, activation)
    theta = points(problem, 1, seed).numpy()
    copy = moved(problem, theta[0], seed)[None]
    canonical = symmetry(problem).canonical(theta)
    np.testing.assert_array_equal(symmetry(problem).canonical(copy), canonical)
    np.testing.assert_array_equal(symmetry(problem).canonical(canonical), canonical)
    np.testing.assert_allclose(symmetry(problem).align(copy, theta), theta, rtol=0, atol=0)
    assert symmetry(problem).distance(copy, theta)[0] == 0.0
    energies = problem.energy(torch.tensor(np.concatenate([theta, copy, canonical])))
    assert float(energies.max() - energies.min()) < 1e-12 * float(energies.max())


@pytest.mark.parametrize("name", PARTS)
@given(seed=SEEDS)
@QUICK
def test_canonical_forms_are_stable_under_noise(name: str, seed: int) -> None:
    problem = image_problem(name)
    theta = points(problem, 1, seed).numpy()
    noise = np.random.default_rng(seed).uniform(-1e-9, 1e-9, size=theta.shape)
    copy = moved(problem, (theta + noise)[0], seed)[None]
    assert np.abs(symmetry(problem).canonical(copy) - symmetry(problem).canonical(theta)).max() < 2e-9


def test_a_flip_is_no_symmetry_of_the_sigmoid() -> None:
    odd, other = image_problem("pooled", "tanh"), image_problem("pooled", "sigmoid")
    theta = points(odd, 1)
    flipped = torch.tensor(moved(odd, theta[0].numpy(), 1)[None])
    assert float((odd.energy(flipped) - odd.energy(theta)).abs()) < 1e-12
    assert float((other.energy(flipped) - other.energy(theta)).abs()) > 1e-3


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_orbits_are_as_large_as_the_number_of_copies(name: str, activation: str) -> None:
    problem = image_problem(name, activation)
    theta = points(problem, 1)[0].numpy()
    layers = symmetry(problem).layers[:-1]
    group = math.prod(math.factorial(layer.n_out) * (2**layer.n_out if activation == "tanh" else 1) for layer in layers)
    assert symmetry(problem).log_orbit_size(theta[None])[0] == pytest.approx(math.log(group), abs=1e-12)
    if group <= 48:  # small enough for 600 draws to meet all copies
        assert len({tuple(moved(problem, theta, seed)) for seed in range(600)}) == group


def test_dead_and_equal_channels_have_fewer_copies() -> None:
    problem = image_problem("pooled")
    theta = points(problem, 1)[0].numpy()
    first, second, third = hidden_units(symmetry(problem).layers)[0]
    theta[second] = -theta[first]
    assert symmetry(problem).log_orbit_size(theta[None])[0] == pytest.approx(math.log(24), abs=1e-12)
    theta[second] = 0.0
    assert symmetry(problem).log_orbit_size(theta[None])[0] == pytest.approx(math.log(24), abs=1e-12)
    assert len(first) == len(third) == 2 * 9 + 1 + 3 * 2


@pytest.mark.parametrize("name", PARTS)
def test_units_that_change_places_leave_the_energy_as_it_is(name: str) -> None:
    problem = image_problem(name)
    theta = points(problem, 1)
    groups = hidden_units(symmetry(problem).layers)
    for group in groups:
        changed = theta.clone()
        changed[0, group] = theta[0, group[::-1].copy()]
        torch.testing.assert_close(problem.energy(changed), problem.energy(theta), rtol=1e-13, atol=0)
    places = np.unique(np.concatenate([group.ravel() for group in groups]))
    assert places.tolist() == list(range(problem.n_parameters - problem.network.n_outputs))
