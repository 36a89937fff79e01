"""Pathways against an integrator for stiff equations, and conditions on every pathway."""

import itertools

import numpy as np
import pytest
import scipy.integrate
import torch
from torch import Tensor

from landscape.objective import Objective
from landscape.problems.problem import Problem
from landscape.problems.surfaces.analytic import MuellerBrown, SixHumpCamel, Surface
from landscape.search.paths import pathways

SURFACES = [MuellerBrown(), SixHumpCamel()]


def transition_states(surface: Surface) -> tuple[Tensor, Tensor]:
    theta = torch.tensor([point.theta for point in surface.known if point.index == 1], dtype=torch.float64)
    return theta, torch.linalg.eigh(surface.hessian(theta))[1][:, :, 0]


def integrated(objective: Objective, start: Tensor) -> np.ndarray:
    """Points [steps, P] of the gradient flow from a start [P], by an implicit Runge-Kutta method."""

    def flow(_: float, theta: np.ndarray) -> np.ndarray:
        return -objective.energy_and_gradient(torch.tensor(theta[None]))[1][0].numpy()

    found = scipy.integrate.solve_ivp(flow, (0.0, 20.0), start.numpy(), method="Radau", rtol=1e-9, atol=1e-10)
    track: np.ndarray = found.y.T
    return track


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: type(surface).__name__)
def test_pathways_are_those_of_the_gradient_flow(surface: Surface) -> None:
    theta, direction = transition_states(surface)
    found = pathways(surface, theta, direction, 21)
    assert found.converged.all()
    for row, (state, along) in enumerate(zip(theta, direction, strict=True)):
        for side, points in ((1e-4, found.points[row, 11:]), (-1e-4, found.points[row, :10])):
            track = integrated(surface, state + side * along)
            dense = np.concatenate([np.linspace(a, b, 20) for a, b in itertools.pairwise(track)])
            gaps = np.linalg.norm(points.numpy()[:, None] - dense, axis=2).min(1)
            assert gaps.max() < 0.01


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: type(surface).__name__)
def test_pathways_go_down_on_both_sides_in_equal_steps_to_known_minima(surface: Surface) -> None:
    theta, direction = transition_states(surface)
    found = pathways(surface, theta, direction, 21)
    torch.testing.assert_close(found.points[:, 10], theta)
    energy = surface.energy(found.points.flatten(0, 1)).view(len(theta), 21)
    assert (energy.diff(dim=1)[:, :10] > 0).all()
    assert (energy.diff(dim=1)[:, 10:] < 0).all()
    known = surface.known_energies(0)
    assert (np.abs(energy[:, [0, -1]].numpy()[..., None] - known) < 6e-8).any(2).all()
    steps = found.arc_length.diff(dim=1)
    for half in (steps[:, :10], steps[:, 10:]):
        torch.testing.assert_close(half, half[:, :1].expand_as(half))


def test_a_pathway_does_not_depend_on_its_neighbours() -> None:
    problem = Problem(dataset="xor", standardise=False, hidden=[2], l2=1e-2)
    theta = torch.tensor(np.random.default_rng(0).normal(size=(3, 12)))
    direction = torch.linalg.eigh(problem.hessian(theta))[1][:, :, 0]
    together = pathways(problem, theta, direction, 11)
    alone = pathways(problem, theta[1:2], direction[1:2], 11)
    torch.testing.assert_close(together.points[1:2], alone.points, rtol=0, atol=1e-7)


class Trough(Surface):
    """Two minima at (1, 1) and (-1, -1), at the ends of troughs that are almost flat: lowest eigenvalue 1e-6."""

    n_parameters = 2

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        x, y = theta.T
        gap = y - x
        force = 1e-6 * gap + 1e-2 * gap**3
        energy = 0.25 * (x**2 - 1) ** 2 + 0.5e-6 * gap**2 + 0.25e-2 * gap**4
        return energy, torch.stack([x**3 - x - force, force], 1)

    def hessian(self, theta: Tensor) -> Tensor:
        x, y = theta.T
        along = 1e-6 + 3e-2 * (y - x) ** 2
        return torch.stack([3 * x**2 - 1 + along, -along, -along, along], 1).view(-1, 2, 2)


def test_a_path_does_not_stop_before_the_end_of_a_flat_trough() -> None:
    surface, theta = Trough(), torch.zeros(1, 2, dtype=torch.float64)
    found = pathways(surface, theta, torch.linalg.eigh(surface.hessian(theta))[1][:, :, 0], 21)
    assert found.converged.all()
    torch.testing.assert_close(found.points[0, [0, -1]].abs(), torch.ones(2, 2, dtype=torch.float64), atol=2e-5, rtol=0)
