"""Ends of walkers on quadratic surfaces, where the result of Newton's method is known."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from landscape.optimize.status import Status
from landscape.problems.surfaces.analytic import Surface
from landscape.search.descent.basins import end_where_certain
from landscape.search.descent.gradient_flow import GradientFlow
from landscape.search.descent.state import FlowState


class Quadratic(Surface):
    """Energy with curvatures along rotated axes, so that factors have blocks of two, and with a cubic term."""

    def __init__(self, *curvatures: float, cubic: float = 0.0) -> None:
        self.n_parameters, self.cubic = len(curvatures), cubic
        random = torch.tensor(np.random.default_rng(1).normal(size=(self.n_parameters, self.n_parameters)))
        turned = torch.linalg.qr(random)[0]
        self.axes = turned
        self.matrix = turned @ torch.diag(torch.tensor(curvatures, dtype=torch.float64)) @ turned.T

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        linear = theta @ self.matrix
        energy = 0.5 * (theta * linear).sum(1) + self.cubic * theta.pow(3).sum(1)
        return energy, linear + 3.0 * self.cubic * theta.square()

    def hessian(self, theta: Tensor) -> Tensor:
        hessian: Tensor = self.matrix + torch.diag_embed(6.0 * self.cubic * theta)
        return hessian


def walker(surface: Surface, theta: Tensor) -> FlowState:
    """Walkers at theta [W, P] on a path that began at a distance of one."""
    begin = torch.stack([theta + 1.0, theta, torch.zeros_like(theta)], 1)
    return GradientFlow().init(surface, begin)


def ended(surface: Surface, theta: Tensor, hessian: Tensor | None = None) -> FlowState:
    state = walker(surface, theta)
    rows = torch.arange(len(theta))
    end_where_certain(surface, state, rows, surface.hessian(theta) if hessian is None else hessian, 0.05, 0.02)
    return state


def test_a_walker_in_a_quadratic_basin_ends_in_its_minimum() -> None:
    state = ended(Quadratic(0.5, 1.0, 40.0), torch.full((2, 3), 0.3, dtype=torch.float64))
    assert state.status.tolist() == [Status.CONVERGED] * 2
    torch.testing.assert_close(state.theta, torch.zeros(2, 3, dtype=torch.float64), rtol=0.0, atol=1e-10)


def test_a_walker_where_newton_steps_do_not_contract_goes_on() -> None:
    state = ended(Quadratic(0.5, 1.0, 4.0, cubic=0.3), torch.full((1, 3), 0.5, dtype=torch.float64))
    assert state.status.tolist() == [Status.RUNNING]


@pytest.mark.parametrize("curvatures", [(-1.0, 1.0, 40.0), (-1.0, -2.0, 40.0), (-0.5, -1.0, -2.0)])
def test_a_walker_beside_a_saddle_ends_there_only_if_its_side_is_in_doubt(curvatures: tuple[float, ...]) -> None:
    surface = Quadratic(*curvatures)
    unstable, stable = surface.axes[:, 0], surface.axes[:, 2]
    along, across = 1e-2 * stable + 1e-6 * unstable, 1e-6 * stable + 1e-2 * unstable
    state = ended(surface, torch.stack([along, across]))
    in_doubt = Status.STALLED if curvatures[2] > 0.0 else Status.RUNNING
    assert state.status.tolist() == [in_doubt, Status.RUNNING]
    if in_doubt == Status.STALLED:
        torch.testing.assert_close(state.theta[0], torch.zeros(3, dtype=torch.float64), rtol=0.0, atol=1e-10)


class TwoWells(Surface):
    """Wells at x = -1/2 and 1/2; along y the first is a minimum, the second a saddle. The line y = 0 is symmetric."""

    n_parameters = 2

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        x, y = theta.unbind(1)
        well = x.square() - 0.25
        energy = well.square() - 0.5 * x * y.square() + 0.25 * y.pow(4)
        return energy, torch.stack([4.0 * x * well - 0.5 * y.square(), y.pow(3) - x * y], 1)

    def hessian(self, theta: Tensor) -> Tensor:
        x, y = theta.unbind(1)
        rows = [[12.0 * x.square() - 1.0, -y], [-y, 3.0 * y.square() - x]]
        return torch.stack([torch.stack(row, 1) for row in rows], 1)


def test_a_walker_that_passes_a_saddle_of_its_subspace_goes_on() -> None:
    """From x = -0.2455 Newton's method leads to the saddle, the flow to the minimum at x = -1/2."""
    surface, x = TwoWells(), torch.tensor([-0.2455, 0.499], dtype=torch.float64)
    theta = torch.stack([x, torch.zeros_like(x)], 1)
    begin = torch.stack([theta + 20.0, theta, torch.zeros_like(theta)], 1)
    state = GradientFlow().init(surface, begin)
    end_where_certain(surface, state, torch.arange(2), surface.hessian(theta), 0.05, 0.02)
    assert state.status.tolist() == [Status.RUNNING, Status.STALLED]


@pytest.mark.parametrize("curvatures", [(-1.0, 1.0, 40.0), (-1.0, -2.0, 40.0)])
def test_a_walker_whose_error_hides_its_side_of_a_saddle_ends_there(curvatures: tuple[float, ...]) -> None:
    surface = Quadratic(*curvatures)
    unstable, stable = surface.axes[:, 0], surface.axes[:, 2]
    state = walker(surface, (1e-2 * stable + 1e-3 * unstable).expand(3, -1))
    state.error[:] = torch.stack([1e-3 * unstable, 1e-4 * unstable, 1e-3 * stable])
    end_where_certain(surface, state, torch.arange(3), surface.hessian(state.theta), 0.05, 0.02)
    assert state.status.tolist() == [Status.STALLED, Status.RUNNING, Status.RUNNING]


def test_hessians_that_tell_nothing_end_nobody() -> None:
    surface, theta = Quadratic(0.5, 1.0, 40.0), torch.full((2, 3), 0.3, dtype=torch.float64)
    unknown = torch.stack([torch.full((3, 3), math.nan), torch.full((3, 3), math.inf)]).double()
    assert ended(surface, theta, unknown).status.tolist() == [Status.RUNNING] * 2
    none = ended(surface, theta[:0])
    assert len(none.status) == 0
