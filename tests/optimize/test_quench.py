from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import Tensor

from landscape.numerics.batching import STATE_BYTES
from landscape.optimize.driver import run_all
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.newton import StationaryPoints, classify, newton_finish
from landscape.optimize.quench import quench, quench_stream
from landscape.optimize.status import Status
from landscape.problems.problem import Problem
from landscape.problems.surfaces.adapter import as_objective
from landscape.problems.surfaces.analytic import LennardJones, MuellerBrown, SixHumpCamel, Surface
from tests.optimize.objectives import OBJECTIVES, objective, starts

PLANE = [MuellerBrown(), SixHumpCamel()]


@pytest.mark.parametrize("surface", PLANE, ids=lambda surface: type(surface).__name__)
def test_newton_steps_find_every_known_point_to_rounding_and_its_index(surface: Surface) -> None:
    known = torch.tensor([point.theta for point in surface.known], dtype=torch.float64)
    points = newton_finish(surface, known + 1e-3)
    assert (points.status == Status.CONVERGED).all()
    assert points.index.tolist() == [point.index for point in surface.known]
    assert (points.theta - known).abs().max() < 6e-9
    np.testing.assert_allclose(points.energy, [point.energy for point in surface.known], rtol=0, atol=6e-9)
    # Rounding of the gradient is that of its largest terms: about the curvature times the length of theta.
    assert (points.rms_gradient <= 1e-12 * points.values.abs().amax(1).clamp_min(1.0)).all()
    assert points.is_minimum.tolist() == [point.index == 0 for point in surface.known]
    assert points.is_transition_state.tolist() == [point.index == 1 for point in surface.known]


def test_the_record_of_a_point_is_that_of_its_hessian() -> None:
    energy = objective("network")
    points = quench(energy, starts("network", 6), method=LBFGS(), batch=6)
    values, vectors = torch.linalg.eigh(energy.hessian(points.theta))
    torch.testing.assert_close(points.values, values[:, :2], rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(points.log_determinant, values.log().sum(1), rtol=1e-9, atol=0)
    overlap = (points.direction * vectors[:, :, 0]).sum(1).abs()
    torch.testing.assert_close(overlap, torch.ones_like(overlap), rtol=1e-6, atol=0)
    assert (points.rms_gradient <= 1e-12).all()
    torch.testing.assert_close(classify(energy, points.theta).values, values, rtol=1e-9, atol=1e-12)


def test_points_that_are_finished_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    energy = objective("network")
    theta = run_all(LBFGS(rms=1e-3), energy, starts("network", 7), 7).theta
    whole = newton_finish(energy, theta), classify(energy, theta)
    monkeypatch.setitem(STATE_BYTES, "cpu", 3 * 4 * 8 * energy.n_parameters**2)
    parts = newton_finish(energy, theta), classify(energy, theta)
    for field in fields(StationaryPoints):
        for one, other in zip(whole, parts, strict=True):
            torch.testing.assert_close(getattr(one, field.name), getattr(other, field.name), rtol=1e-12, atol=1e-13)


class BentValley(Surface):
    """E = (y - x^2)^2 / 2 + k x^2 / 2: one minimum, at zero, in a valley of curvature k along a parabola."""

    n_parameters = 2
    curvature_threshold = 1e-12

    def __init__(self, curvature: float) -> None:
        super().__init__()
        self.curvature = curvature

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        (x, y), k = theta.unbind(1), self.curvature
        across = y - x**2
        return 0.5 * (across**2 + k * x**2), torch.stack([-2.0 * x * across + k * x, across], 1)

    def hessian(self, theta: Tensor) -> Tensor:
        x, y = theta.unbind(1)
        mixed, one = -2.0 * x, torch.ones_like(x)
        return torch.stack([6.0 * x**2 - 2.0 * y + self.curvature, mixed, mixed, one], 1).view(-1, 2, 2)


def test_newton_steps_do_not_stop_in_a_flat_valley_where_the_gradient_is_small() -> None:
    x = torch.tensor([1e-5, 1e-4, 1e-3, 1e-2], dtype=torch.float64)
    points = newton_finish(BentValley(1e-6), torch.stack([x, x**2], 1))
    assert points.is_minimum.all()
    assert (points.theta.norm(dim=1) <= 2e-6).all()  # a gradient of 1e-12 along the valley


@pytest.mark.parametrize("curvature", [1e-10, 1e-9, 1e-8])
def test_a_point_whose_gradient_is_small_enough_stays_one(curvature: float) -> None:
    x = torch.tensor([1e-3, 1e-2, 3e-2, 1e-1], dtype=torch.float64)
    start = torch.stack([x, x**2], 1)
    enough = BentValley(curvature).energy_and_gradient(start)[1].square().mean(1).sqrt() <= 1e-10
    points = newton_finish(BentValley(curvature), start)
    assert enough.any()
    assert points.is_minimum[enough].all()
    assert (points.rms_gradient[enough] <= 1e-10).all()
    assert (points.theta.norm(dim=1) <= start.norm(dim=1))[enough].all()


def test_a_point_far_from_any_stationary_one_is_not_taken_for_it() -> None:
    camel = SixHumpCamel()
    points = newton_finish(camel, torch.tensor([[0.4, 0.3], [0.05, 0.0]], dtype=torch.float64), max_distance=0.1)
    assert points.status.tolist() == [Status.STALLED, Status.CONVERGED]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_quench_ends_in_a_verified_minimum(name: str) -> None:
    energy = objective(name)
    points = quench(energy, starts(name, 12), method=LBFGS(), batch=5)
    assert points.is_minimum.all()
    assert (points.rms_gradient <= 1e-9).all()
    assert (points.values[:, 0] > 0).all()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_quenches_come_back_in_order_and_do_not_depend_on_each_other(name: str) -> None:
    energy, points = objective(name), starts(name, 7)
    together = quench(energy, points, method=LBFGS(), batch=3)
    alone = [quench(energy, points[row : row + 1], method=LBFGS(), batch=1) for row in range(7)]
    torch.testing.assert_close(together.energy, torch.cat([point.energy for point in alone]), rtol=1e-12, atol=1e-12)
    distance = energy.symmetry.distance(together.theta.numpy(), torch.cat([point.theta for point in alone]).numpy())
    assert distance.max() < 1e-9


def test_a_start_in_the_symmetric_subspace_of_a_saddle_reaches_a_minimum() -> None:
    """E(-theta) = E(theta), so a quench cannot leave the origin, a saddle, by gradients alone."""
    camel = SixHumpCamel()
    points = quench(camel, torch.zeros(1, 2, dtype=torch.float64), method=LBFGS(), batch=1)
    assert points.is_minimum.all()
    assert abs(points.energy.item() + 1.03162845) < 6e-9


def test_equal_units_are_told_apart_on_the_way_down() -> None:
    """Equal hidden units of an XOR network have equal gradients: L-BFGS leaves them equal, on a saddle."""
    problem = Problem(dataset="xor", standardise=False, hidden=[3], l2=1e-3)
    theta = np.random.default_rng(4).normal(size=(8, problem.n_parameters))
    weight, bias, out = theta[:, :6].reshape(-1, 3, 2), theta[:, 6:9], theta[:, 9:15].reshape(-1, 2, 3)
    weight[:], bias[:], out[:] = weight[:, :1], bias[:, :1], out[:, :, :1]
    start = torch.tensor(theta)
    bare = quench_once(problem, start)
    points = quench(problem, start, method=LBFGS(), batch=8)
    assert (bare.index > 0).any()
    assert points.is_minimum.all()
    stuck = bare.index > 0
    assert (points.energy[stuck] < bare.energy[stuck]).all()


def quench_once(problem: Problem, start: Tensor) -> StationaryPoints:
    """Ends of L-BFGS and Newton steps alone, without steps off saddles."""
    method = LBFGS()
    state = method.init(problem, start)
    while (state.status == Status.RUNNING).any():
        state = method.step(problem, state)
    return newton_finish(problem, state.theta)


def test_what_follows_a_quench_takes_its_place() -> None:
    camel, seen = SixHumpCamel(), []

    def proceed(keys: list[int], points: StationaryPoints) -> tuple[list[int], Tensor]:
        seen.extend(keys)
        following = [key + 10 for key in keys if key < 20]
        return following, -points.theta[[row for row, key in enumerate(keys) if key < 20]]

    quench_stream(camel, starts("camel", 6), proceed, method=LBFGS(), batch=2)
    assert sorted(seen) == [*range(6), *range(10, 16), *range(20, 26)]


def test_a_point_that_is_no_number_fails_alone() -> None:
    for energy, name in ((objective("network"), "network"), (LennardJones(5), "cluster")):
        points = starts(name, 3)
        points[1] = torch.nan
        found = quench(energy, points, method=LBFGS(), batch=3)
        assert found.status.tolist() == [Status.CONVERGED, Status.NOT_FINITE, Status.CONVERGED]
        assert found.is_minimum.tolist() == [True, False, True]
        assert found.values[1].isnan().all()


def test_the_reason_of_a_failed_quench_is_kept() -> None:
    found = quench(MuellerBrown(), torch.tensor([[-1.5, 0.0]], dtype=torch.float64), method=LBFGS(max_calls=3), batch=1)
    assert found.status.tolist() == [Status.OUT_OF_STEPS]


def test_no_starts_are_no_points() -> None:
    found = quench(SixHumpCamel(), torch.zeros(0, 2, dtype=torch.float64), method=LBFGS(), batch=4)
    assert all(len(getattr(found, field.name)) == 0 for field in fields(found))


def test_without_a_hessian_a_point_is_judged_by_its_gradient_alone() -> None:
    class Kinked:
        n_parameters = 2
        smooth = False

        def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return (theta**2).sum(axis=1), 2.0 * theta

        def hessian(self, theta: np.ndarray) -> np.ndarray:
            raise AssertionError(f"no Hessian at {theta}")

    energy = as_objective(Kinked())
    found = quench(energy, torch.ones(2, 2, dtype=torch.float64), method=LBFGS(), batch=2)
    assert found.is_minimum.all()
    assert found.values.isnan().all()
    assert found.log_determinant.isnan().all()


def test_a_point_without_a_finite_hessian_is_no_minimum() -> None:
    class Torn:
        n_parameters = 83

        def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return (theta**2).sum(axis=1), 2.0 * theta

        def hessian(self, theta: np.ndarray) -> np.ndarray:
            hessian = np.tile(2.0 * np.eye(83), (len(theta), 1, 1))
            hessian[0, 0, 1] = hessian[0, 1, 0] = np.nan
            return hessian

    found = classify(as_objective(Torn()), torch.zeros(2, 83, dtype=torch.float64))
    assert found.status.tolist() == [Status.NOT_FINITE, Status.CONVERGED]
    assert found.is_minimum.tolist() == [False, True]
