"""Sides of transition states against a separate integrator, and errors of steps against the orders of the methods."""

import itertools
import threading

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from landscape.campaign.counted import Counted
from landscape.objective import Objective
from landscape.optimize.driver import run_all, take_rows
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.newton import newton_finish
from landscape.optimize.quench import quench
from landscape.problems.problem import Problem
from landscape.problems.surfaces.analytic import MuellerBrown, SixHumpCamel, Surface
from landscape.search.descent.gradient_flow import GradientFlow
from landscape.search.descent.sides import Sides, sides
from landscape.search.descent.steps import (
    carried_by_differences,
    carried_by_factors,
    chebyshev_steps,
    rosenbrock_steps,
    shifted_factors,
    stages_needed,
)
from landscape.search.descent.unstable_manifold import departures
from landscape.search.transition_states import SearchSettings, climb
from tests.search.integrator import descended, lowest_direction

SURFACES = [MuellerBrown(), SixHumpCamel()]


def transition_states(surface: Surface) -> Tensor:
    return torch.tensor([point.theta for point in surface.known if point.index == 1], dtype=torch.float64)


def found_sides(objective: Objective, theta: Tensor) -> Sides:
    return sides(objective, theta, lowest_direction(objective, theta), GradientFlow(), 64)


def agree(objective: Objective, theta: Tensor, found: Sides) -> None:
    """Assert that sides agree with the integrator, or are marked if the integrator ends on a saddle."""
    direction = lowest_direction(objective, theta)
    for row, side in itertools.product(range(len(theta)), (0, 1)):
        truth = descended(objective, theta[row], direction[row] * (1, -1)[side])
        if truth.negative:
            assert found.ambiguous[row]
        elif not found.ambiguous[row]:
            end = take_rows(found.ends[side], slice(row, row + 1))
            assert end.is_minimum.all()
            assert abs(float(end.energy) - truth.energy) <= 1e-9
            assert objective.symmetry.distance(end.theta.numpy(), truth.theta[None])[0] <= 1e-3


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: type(surface).__name__)
def test_sides_of_surfaces_in_the_plane(surface: Surface) -> None:
    theta = transition_states(surface)
    found = found_sides(surface, theta)
    assert not found.ambiguous.any()
    agree(surface, theta, found)


def test_connections_of_mueller_brown() -> None:
    """One state joins the deepest minimum and the shallow middle one, the other the middle and the third."""
    surface = MuellerBrown()
    found = found_sides(surface, transition_states(surface))
    joined = [sorted(round(float(end.energy[row]), 3) for end in found.ends) for row in range(2)]
    assert sorted(joined) == [[-146.7, -80.768], [-108.167, -80.768]]


def states(problem: Problem, starts: int, searches: int, seed: int) -> Tensor:
    """Transition states [T, P] of a network, by single-ended searches from quenches of random starts."""
    random = np.random.default_rng(seed)
    begin = torch.tensor(random.normal(size=(starts, problem.n_parameters)))
    minima = quench(problem, begin, method=LBFGS(max_calls=5000), batch=64)
    origins = take_rows(minima, minima.is_minimum.nonzero()[:, 0]).theta.repeat_interleave(searches, 0)
    found = climb(problem, origins, [(seed, row) for row in range(len(origins))], SearchSettings())
    return found.points.theta


@pytest.mark.parametrize(("hidden", "l2"), [(2, 1e-2), (2, 1e-3), (2, 1e-4), (3, 1e-3)])
def test_sides_of_xor_networks(hidden: int, l2: float) -> None:
    problem = Problem(dataset="xor", standardise=False, hidden=[hidden], l2=l2)
    theta = states(problem, 6, 6, 1)[:8]
    assert len(theta) >= 4
    agree(problem, theta, found_sides(problem, theta))


@pytest.mark.parametrize(
    ("hidden", "l2", "energy", "ends"),
    [(2, 1e-4, 0.6931473234, (0.0134758, 0.6931471806)), (3, 1e-3, 0.6931617476, (0.0759783, 0.6931471806))],
)
def test_sides_near_the_zero_minimum(hidden: int, l2: float, energy: float, ends: tuple[float, float]) -> None:
    """States for which a quench by short steps finds wrong sides."""
    problem = Problem(dataset="xor", standardise=False, hidden=[hidden], l2=l2)
    zero = torch.zeros(20, problem.n_parameters, dtype=torch.float64)
    points = climb(problem, zero, [(4, row) for row in range(20)], SearchSettings()).points
    row = int((points.energy - energy).abs().argmin())
    assert abs(float(points.energy[row]) - energy) <= 1e-9
    theta = points.theta[row : row + 1]
    found = found_sides(problem, theta)
    np.testing.assert_allclose(sorted(float(end.energy) for end in found.ends), ends, atol=1e-7)
    agree(problem, theta, found)


def test_sides_of_iris() -> None:
    problem = Problem(dataset="iris", hidden=[10], l2=1e-4)
    theta = states(problem, 3, 3, 2)[:5]
    assert len(theta) >= 4
    agree(problem, theta, found_sides(problem, theta))


def test_explicit_steps_find_the_same_sides() -> None:
    """The flow is followed by explicit steps if a Hessian is expensive."""
    problem = Problem(dataset="xor", standardise=False, hidden=[2], l2=1e-2)
    theta = states(problem, 6, 3, 3)[:6]
    problem.cheap_hessian = False
    agree(problem, theta, found_sides(problem, theta))


def test_walkers_do_not_depend_on_their_neighbours() -> None:
    surface = SixHumpCamel()
    theta = transition_states(surface)
    together = found_sides(surface, theta)
    for row in range(len(theta)):
        alone = found_sides(surface, theta[row : row + 1])
        for side in (0, 1):
            torch.testing.assert_close(alone.ends[side].theta[0], together.ends[side].theta[row], rtol=0, atol=1e-9)


class Fork(Surface):
    """A minimum at (1, 0), a transition state at (1/2, 0), a saddle at the origin, and minima below it at (0, 1) and
    (0, -1). The line y = 0 is a symmetric subspace.
    """

    n_parameters = 2

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        x, y = theta.T
        energy = 4.0 * x**2 * (1 - x) ** 2 + 0.25 * (y**2 - 1) ** 2 + 4.0 * x**2 * y**2
        along = 8.0 * x * (1 - x) * (1 - 2.0 * x) + 8.0 * x * y**2
        return energy, torch.stack([along, (y**2 - 1) * y + 8.0 * x**2 * y], 1)

    def hessian(self, theta: Tensor) -> Tensor:
        x, y = theta.T
        mixed = 16.0 * x * y
        along, across = 8.0 * (1.0 - 6.0 * x + 6.0 * x**2) + 8.0 * y**2, 3.0 * y**2 - 1.0 + 8.0 * x**2
        return torch.stack([along, mixed, mixed, across], 1).view(-1, 2, 2)


def test_a_flow_within_a_symmetric_subspace_is_ambiguous_and_goes_on() -> None:
    surface = Fork()
    theta = torch.tensor([[0.5, 0.0]], dtype=torch.float64)
    assert surface.energy_and_gradient(theta)[1].tolist() == [[0.0, 0.0]]
    assert torch.linalg.eigvalsh(surface.hessian(theta)).tolist() == [[-4.0, 1.0]]
    found = sides(surface, theta, torch.tensor([[1.0, 0.0]], dtype=torch.float64), GradientFlow(), 1)
    assert found.ambiguous.tolist() == [True]
    assert all(end.is_minimum.all() for end in found.ends)
    torch.testing.assert_close(found.ends[0].theta, torch.tensor([[1.0, 0.0]], dtype=torch.float64))
    torch.testing.assert_close(found.ends[1].theta.abs(), torch.tensor([[0.0, 1.0]], dtype=torch.float64))


class TiltedFork(Fork):
    """The fork with a slope across it, which breaks the symmetry: the flow leaves the ridge on the lower side."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        energy, gradient = super().energy_and_gradient(theta)
        return energy + self.slope * theta[:, 1], gradient + torch.tensor([0.0, self.slope], dtype=torch.float64)


@pytest.mark.parametrize("slope", [1e-1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-8])
def test_a_flow_along_a_ridge_leaves_it_on_the_right_side_or_is_marked(slope: float) -> None:
    surface = TiltedFork(slope)
    theta = newton_finish(surface, torch.tensor([[0.5, 0.0]], dtype=torch.float64)).theta
    found = found_sides(surface, theta)
    agree(surface, theta, found)
    assert not (found.ambiguous.any() and slope > 1e-4)
    ends = torch.cat([end.theta for end in found.ends])
    assert (ends[:, 1] < 0.0).all() or found.ambiguous.all()


def test_a_start_near_a_soft_saddle_is_no_end() -> None:
    """At a distance of 1e-3 from a saddle of curvature -1e-8 the gradient is as small as at a minimum."""

    class Soft(Surface):
        n_parameters, curvature_threshold = 2, 1e-12

        def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
            x, y = theta.T
            return 0.5e-8 * (0.5 * x**4 - x**2) + 0.5 * y**2, torch.stack([1e-8 * (x**3 - x), y], 1)

        def hessian(self, theta: Tensor) -> Tensor:
            return torch.diag_embed(torch.stack([1e-8 * (3.0 * theta[:, 0] ** 2 - 1.0), torch.ones(len(theta))], 1))

    along = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    begin = departures(Soft(), 0.0 * along, along, 1e-3)
    found = run_all(GradientFlow(), Soft(), begin, 1)
    torch.testing.assert_close(found.theta, torch.tensor([[1.0, 0.0]], dtype=torch.float64), rtol=0.0, atol=1e-2)


def test_errors_grow_and_shrink_as_the_curvatures_say() -> None:
    """On a quadratic surface a displacement changes by the exponential of curvature and time. A whole Krylov space
    gives this exactly; four implicit steps give slightly more growth.
    """

    class Saddle(Surface):
        n_parameters = 4
        curvatures = torch.tensor([-1.0, -0.1, 0.5, 200.0], dtype=torch.float64)

        def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
            return 0.5 * (self.curvatures * theta**2).sum(1), self.curvatures * theta

    surface, times = Saddle(), torch.tensor([0.1, 1.0, 2.0], dtype=torch.float64)
    theta, displacement = torch.ones(3, 4, dtype=torch.float64), torch.full((3, 4), 0.01, dtype=torch.float64)
    gradient = surface.energy_and_gradient(theta)[1]
    truth = displacement * torch.exp(-times[:, None] * surface.curvatures)
    carried = carried_by_differences(surface, theta, gradient, displacement, times)
    torch.testing.assert_close(carried, truth, rtol=1e-6, atol=1e-9)
    hessian = torch.diag(surface.curvatures).expand(3, -1, -1)
    ratio = carried_by_factors(shifted_factors(hessian, gradient, times), displacement, times) / truth
    assert ((ratio[:, :2] >= 1.0) & (ratio[:, :2] < 2.2)).all()
    assert ((ratio[:, 2] >= 1.0) & (ratio[:, 2] < 1.2)).all()


def test_errors_that_are_not_of_a_few_curvatures_are_carried_nearly_right() -> None:
    """On a quadratic surface of many curvatures, with e-fold growth in a step, lengths agree within a fifth."""

    class Wide(Surface):
        n_parameters = 40
        curvatures = torch.cat([-torch.logspace(-3, -1, 8), torch.logspace(-4, 1, 32)]).double()

        def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
            return 0.5 * (self.curvatures * theta**2).sum(1), self.curvatures * theta

    surface, times = Wide(), torch.tensor([1.0, 3.0, 10.0], dtype=torch.float64)
    theta = torch.ones(3, 40, dtype=torch.float64)
    smooth = torch.exp(-surface.curvatures * 1.0).expand(3, -1)  # the flow has damped stiff components
    carried = carried_by_differences(surface, theta, surface.energy_and_gradient(theta)[1], smooth, times)
    truth = smooth * torch.exp(-times[:, None] * surface.curvatures)
    ratio = carried.norm(dim=1) / truth.norm(dim=1)
    assert ((ratio > 0.8) & (ratio < 1.25)).all(), ratio


def errors(step_times: list[float], implicit: bool) -> list[float]:
    """Errors of single steps on Mueller-Brown, against a high-order method with a tolerance near rounding."""
    surface, theta = MuellerBrown(), torch.tensor([[-0.3, 0.9]], dtype=torch.float64)
    gradient, found = surface.energy_and_gradient(theta)[1], []

    def flow(_: float, point: np.ndarray) -> np.ndarray:
        return -surface.energy_and_gradient(torch.tensor(point[None]))[1][0].numpy()

    for time in step_times:
        exact = solve_ivp(flow, (0.0, time), theta[0].numpy(), method="DOP853", rtol=1e-13, atol=1e-14).y[:, -1]
        times = torch.tensor([time], dtype=torch.float64)
        if implicit:
            step = rosenbrock_steps(surface, theta, shifted_factors(surface.hessian(theta), gradient, times), times)
        else:
            step = chebyshev_steps(surface, theta, gradient, times, torch.tensor([6]))
        assert torch.equal(step.gradient, surface.energy_and_gradient(step.theta)[1])
        found.append(float(np.abs(step.theta[0].numpy() - exact).max()))
    return found


@pytest.mark.parametrize(("implicit", "order"), [(False, 2), (True, 4)])
def test_orders_of_the_steps(implicit: bool, order: int) -> None:
    coarse, fine = errors([1e-4, 5e-5], implicit)
    assert 2.0 ** (order + 0.5) < coarse / fine < 2.0 ** (order + 1.8)


@pytest.mark.parametrize("samples", [150, 8])
def test_compiled_stages_are_those_of_tensors(samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem(dataset="iris", subset=samples, hidden=[3], l2=1e-3)
    theta = torch.tensor(np.random.default_rng(0).normal(size=(4, problem.n_parameters)))
    gradient, times = problem.energy_and_gradient(theta)[1], torch.tensor([0.1, 10.0, 1.0, 3.0], dtype=torch.float64)
    stages = torch.tensor([2, 9, 3, 5])
    assert problem.kernel() is not None
    counted = [Counted(problem, threading.Event()) for _ in range(2)]
    compiled = chebyshev_steps(counted[0], theta, gradient, times, stages)
    monkeypatch.setattr(problem, "kernel", lambda: None)
    for found, expected in zip(compiled, chebyshev_steps(counted[1], theta, gradient, times, stages), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    assert [one.evaluations for one in counted] == [int(stages.sum())] * 2


def test_chebyshev_steps_are_stable_as_far_as_they_say() -> None:
    """The steps of walkers with different numbers of stages on a stiff quadratic shrink every component."""

    class Stiff(Surface):
        n_parameters = 3
        curvatures = torch.tensor([1.0, 30.0, 1000.0], dtype=torch.float64)

        def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
            return 0.5 * (self.curvatures * theta**2).sum(1), self.curvatures * theta

    surface, times = Stiff(), torch.tensor([0.003, 0.1, 1.0], dtype=torch.float64)
    theta = torch.ones(3, 3, dtype=torch.float64)
    stages = stages_needed(times, torch.full_like(times, 1000.0))
    assert stages.tolist() == sorted(set(stages.tolist()))
    step = chebyshev_steps(surface, theta, surface.energy_and_gradient(theta)[1], times, stages)
    assert (step.theta.abs() < 1.0).all()
    np.testing.assert_allclose(step.theta[0, 0], np.exp(-0.003), rtol=1e-6)
