"""Points on unstable manifolds against an integrator that starts far nearer to the saddle."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from landscape.problems.surfaces.analytic import Surface
from landscape.search.descent.unstable_manifold import LARGEST, PRECISION, departures

SADDLE = torch.zeros(1, 3, dtype=torch.float64)
ALONG = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)


class Bent(Surface):
    """A saddle at the origin; the path down along x bends into a soft and a stiff direction."""

    n_parameters = 3

    def __init__(self, bend: float) -> None:
        self.bend = bend

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        x, y, z = theta.T
        energy = -0.5 * x**2 + 0.05 * y**2 + 25.0 * z**2 + self.bend * (x**2 * y + x**3 * z)
        along = -x + self.bend * (2.0 * x * y + 3.0 * x**2 * z)
        across = 0.1 * y + self.bend * x**2, 50.0 * z + self.bend * x**3
        return energy, torch.stack([along, *across], 1)

    def hessian(self, theta: Tensor) -> Tensor:
        x, y, z = theta.T
        one, mixed = torch.ones_like(x), 2.0 * self.bend * x
        curved = -1.0 + self.bend * (2.0 * y + 6.0 * x * z)
        rows = [curved, mixed, 1.5 * x * mixed, mixed, 0.1 * one, 0.0 * x, 1.5 * x * mixed, 0.0 * x, 50.0 * one]
        return torch.stack(rows, 1).view(-1, 3, 3)


def manifold(surface: Surface, x: float) -> np.ndarray:
    """The point of the unstable manifold at x, by the flow from a point at x / 1000."""

    def flow(_: float, point: np.ndarray) -> np.ndarray:
        return -surface.energy_and_gradient(torch.tensor(point[None]))[1][0].numpy()

    def arrived(_: float, point: np.ndarray) -> float:
        return float(point[0] - x)

    arrived.terminal = True  # type: ignore[attr-defined]
    start = departures(surface, SADDLE, ALONG, 1e-3 * x)[0, 1].numpy()
    found = solve_ivp(flow, (0.0, 100.0), start, method="LSODA", rtol=1e-12, atol=1e-15, events=arrived)
    return np.asarray(found.y_events[0][0])


def test_the_points_lie_on_the_manifold_to_third_order() -> None:
    surface, misses = Bent(1.0), []
    for distance in (0.04, 0.02):
        saddle, point, error = departures(surface, SADDLE, ALONG, distance)[0].numpy()
        assert not saddle.any()
        np.testing.assert_allclose(point[0], distance, rtol=1e-4)
        misses.append(np.linalg.norm(point - manifold(surface, point[0])))
        assert misses[-1] <= np.linalg.norm(error) <= PRECISION * distance
    assert misses[0] / misses[1] > 7.0


def test_the_bend_is_that_of_the_expansion() -> None:
    """For -x^2/2 + b y^2/2 + k x^2 y the manifold is y = -k x^2 / (2 + b) + O(x^4)."""
    point = departures(Bent(0.5), SADDLE, ALONG, 1e-3)[0, 1]
    np.testing.assert_allclose(point[1], -0.5e-6 / 2.1, rtol=1e-5)


def test_where_the_way_bends_more_the_flow_is_taken_up_nearer() -> None:
    surface = Bent(30.0)
    point, error = departures(surface, SADDLE, ALONG, 0.1)[0, 1:].numpy()
    assert point[0] < 0.05
    assert np.linalg.norm(point - manifold(surface, point[0])) <= np.linalg.norm(error) <= PRECISION * point[0]


@pytest.mark.parametrize("bend", [3e2, 3e3, 1e5, 1e9])
def test_a_point_and_its_error_belong_together_however_much_the_way_bends(bend: float) -> None:
    surface = Bent(bend)
    point, error = departures(surface, SADDLE, ALONG, 0.1)[0, 1:].numpy()
    assert np.linalg.norm(point) <= 0.1 * (1.0 + LARGEST)
    assert np.isnan(error).all() or np.linalg.norm(point - manifold(surface, point[0])) <= np.linalg.norm(error)


@pytest.mark.parametrize("tilt", [1e-3, 1e-2])
def test_the_error_of_the_direction_is_told(tilt: float) -> None:
    """The direction has a component along a soft direction, which the flow damps slowly."""
    direction = torch.tensor([[1.0, tilt, 0.0]], dtype=torch.float64)
    point, error = departures(Bent(1.0), SADDLE, direction / direction.norm(), 0.01)[0, 1:].numpy()
    missed = np.linalg.norm(point - manifold(Bent(1.0), point[0]))
    assert 0.5 * missed <= np.linalg.norm(error) <= 2.0 * missed


def test_no_error_is_told_where_the_direction_is_not_that_of_the_lowest_curvature() -> None:
    across = ALONG.roll(1, 1)
    found = departures(Bent(1.0), torch.cat([SADDLE, SADDLE]), torch.cat([ALONG, across]), 0.01)
    assert found[0].isfinite().all()
    assert found[1, 2].isnan().all()
    torch.testing.assert_close(found[1, 1], 0.01 * across[0])


def test_the_hessian_of_the_objective_is_left_alone() -> None:
    class Kept(Bent):
        kept = torch.diag(torch.tensor([-1.0, 0.1, 50.0], dtype=torch.float64))[None]

        def hessian(self, theta: Tensor) -> Tensor:
            return self.kept.expand(len(theta), -1, -1)

    departures(Kept(1.0), SADDLE, ALONG, 0.01)
    assert Kept.kept.diagonal(dim1=1, dim2=2).tolist() == [[-1.0, 0.1, 50.0]]


def test_points_stay_within_bounds() -> None:
    class Box(Bent):
        def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
            energy, gradient = super().energy_and_gradient(theta)
            outside = theta[:, 0] > 0.02
            return torch.where(outside, -torch.inf, energy), torch.where(outside[:, None], 0.0, gradient)

    point, error = departures(Box(1.0), SADDLE, ALONG, 0.05)[0, 1:].numpy()
    assert 0.0 < point[0] <= 0.02
    assert np.linalg.norm(point - manifold(Bent(1.0), point[0])) <= np.linalg.norm(error)
