"""The minima that the gradient flow dx/dt = -g reaches from a transition state: those that it joins.

A walker starts beside the saddle on its unstable manifold (`unstable_manifold.py`) and follows the flow by steps with
error control (`flow_steps.py`). Only the place of the flow matters, not the time: an error along the gradient is none,
and the rest is bounded relative to the distance from the saddle.

The basin is certain once Newton's method contracts: with a positive definite Hessian H at x, the Newton step s and the
next one s' with the same Hessian, |s'| <= q |s|. By the theorem of Newton and Kantorovich (in the affine covariant form
of Deuflhard and Heindl 1979, doi 10.1137/0716001) a q of at most 3/16 means that H stays positive definite in a ball
around x with the minimum m in it, and in the ball around m with x on its surface; there the energy is convex, so the
flow comes ever nearer to m. Since q is an estimate from two steps, `contraction` is smaller.

A walker ends on a saddle, STALLED, if the error of its steps could hide on which side of the saddle it passes. Where
ways part without a saddle, along a ridge, small errors grow: the flow carries the error of each step on, and a walker
whose error has become large is doubtful.

Shapes: W walkers, P parameters.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics.batching import rows_per_chunk
from landscape.numerics.spectra import without_nan
from landscape.objective import Objective
from landscape.optimize.driver import take_rows
from landscape.optimize.newton import StationaryPoints, newton_finish
from landscape.optimize.status import Status
from landscape.search.flow_steps import (
    CURVATURE_MARGIN,
    GAMMA,
    ShiftedFactors,
    Steps,
    carried_by_differences,
    carried_by_factors,
    chebyshev_steps,
    largest_curvatures,
    rosenbrock_steps,
    shifted_factors,
    stages_needed,
)
from landscape.search.unstable_manifold import across

STATIONARY_RMS = 1e-10  # times the unit of energy
MOST_STAGES = 120  # beyond, a step with a Hessian is cheaper where that costs some 50 gradients
BEYOND = 0.01  # length of a step beyond bounds from which it is certain that the flow leaves them
REACH = 3.0  # most that a step may be longer than the distance from where the way began
TIME_FACTORS = 0.2, 4.0
IMPLICIT_ORDER, EXPLICIT_ORDER = 4.0, 3.0  # of the error of a step
SAFETY = 0.9
TRIES = 4  # of shorter times with one Hessian
FIRST_ITERATIONS, ITERATIONS = 8, 2
FALL = 0.25  # of the gradient, between two tests for contraction
UNEVEN = 0.3  # of the fall of the energy in a step: most that may differ from that of a quadratic energy
FINER = 0.1
DOUBTFUL = 0.03  # of the distance from the start: error of a point, which one state in ten exceeds
NEAR_SADDLE = 0.1  # of the way so far: distance from a saddle at which the flow's side of it is looked at


@dataclass(frozen=True, kw_only=True)
class FlowState:
    """Walkers on their way down."""

    # The point.
    origin: Float[Tensor, "W P"]  # where the way began
    theta: Float[Tensor, "W P"]
    energy: Float[Tensor, " W"]
    gradient: Float[Tensor, "W P"]
    # The next step.
    time: Float[Tensor, " W"]
    curvature: Float[Tensor, " W"]  # the largest, for explicit steps
    steepest: Float[Tensor, "W P"]  # unit vector of that curvature
    # The error.
    error: Float[Tensor, "W P"]  # of the point, as the flow has carried it on from step to step
    doubtful: Bool[Tensor, " W"]  # whether it has ever been so large that the flow may have left its way
    # The test for contraction.
    falling: Bool[Tensor, " W"]  # whether the last step came nearer to a minimum
    tested: Float[Tensor, " W"]  # length of the gradient below which the next test is due
    # The account.
    calls: Int[Tensor, " W"]  # steps, those that are given up too
    status: Int[Tensor, " W"]


@dataclass(frozen=True)
class GradientFlow:
    """Settings: error of a step relative to the distance from the saddle, distance from it at which the flow is taken
    up at most, contraction that makes a basin certain, and steps allowed.
    """

    tolerance: float = 0.02
    distance: float = 0.05
    contraction: float = 0.05
    max_steps: int = 200
    recordable: ClassVar[bool] = False  # shapes depend on values

    @property
    def finer(self) -> "GradientFlow":
        """A flow with less error, from nearer by, whose basins are more certain."""
        return replace(
            self,
            tolerance=FINER * self.tolerance,
            distance=0.3 * self.distance,
            contraction=0.3 * self.contraction,
            max_steps=5 * self.max_steps,
        )

    def doubles_per_walker(self, objective: Objective) -> int:
        """Float64 numbers of a Hessian and its factor."""
        return 3 * objective.n_parameters**2

    def init(self, objective: Objective, points: Float[Tensor, "W 3 P"]) -> FlowState:
        """Fresh walkers; points [W, 3, P] are saddles, points beside them on the way and the errors of these."""
        origin, theta, error = points.unbind(1)
        energy, gradient = objective.energy_and_gradient(theta)
        rate = gradient.norm(dim=1) / (theta - origin).norm(dim=1)
        finite = energy.isfinite() & gradient.isfinite().all(1)
        curvature, steepest = torch.zeros_like(energy), gradient / gradient.norm(dim=1, keepdim=True).clamp_min(1e-300)
        if not objective.cheap_hessian:
            curvature, steepest = largest_curvatures(objective, theta, gradient, steepest, FIRST_ITERATIONS)
        return FlowState(
            origin=origin,
            theta=theta.clone(),
            energy=energy,
            gradient=gradient,
            time=1.0 / rate.clamp_min(1e-300),
            curvature=curvature,
            steepest=steepest,
            error=error.clone(),
            doubtful=torch.zeros_like(finite),
            falling=torch.zeros_like(finite),
            tested=torch.full_like(energy, torch.inf),
            calls=torch.zeros_like(energy, dtype=torch.int64),
            status=torch.where(finite, Status.RUNNING, Status.NOT_FINITE),
        )

    def step(self, objective: Objective, state: FlowState) -> FlowState:
        """One step of every running walker: explicit ones together, those that need a Hessian by as many as fit."""
        running = state.status == Status.RUNNING
        implicit = stages_needed(state.time, state.curvature) > (0 if objective.cheap_hessian else MOST_STAGES)
        due = state.falling & (state.gradient.norm(dim=1) <= state.tested)
        rows = (running & (implicit | due)).nonzero()[:, 0]
        for part in torch.split(rows, rows_per_chunk(3 * state.theta.shape[1] ** 2, state.theta.device)):
            hessian = objective.hessian(state.theta[part])
            self._test(objective, state, part[due[part]], hessian[due[part]])
            kept = implicit[part] & (state.status[part] == Status.RUNNING)
            self._advance(objective, state, part[kept], hessian[kept])
        explicit = running & ~implicit & (state.status == Status.RUNNING)
        self._advance(objective, state, explicit.nonzero()[:, 0], None)
        return state

    def _test(
        self, objective: Objective, state: FlowState, rows: Int[Tensor, " R"], hessian: Float[Tensor, "R P P"]
    ) -> None:
        """Ends the walkers `rows`, with these Hessians, where Newton's method contracts: at a minimum CONVERGED, at a
        saddle STALLED if the error of the flow could hide on which side of it the flow passes.
        """
        if not len(rows):
            return
        gradient = state.gradient[rows]
        state.tested[rows] = FALL * gradient.norm(dim=1)
        finite, shifted = without_nan(hessian)
        shifted.diagonal(dim1=1, dim2=2).add_(objective.curvature_threshold)
        factors, pivots, _ = torch.linalg.ldl_factor_ex(shifted)
        convex = finite & ((pivots > 0) & (factors.diagonal(dim1=1, dim2=2) > 0.0)).all(1)  # by the law of inertia
        step = torch.linalg.ldl_solve(factors, pivots, gradient[:, :, None])[:, :, 0]
        own, first = rows[convex], step[convex]
        slope = objective.energy_and_gradient(state.theta[own] - first)[1]
        second = torch.linalg.ldl_solve(factors[convex], pivots[convex], slope[:, :, None])[:, :, 0]
        certain = second.norm(dim=1) <= self.contraction * first.norm(dim=1)
        state.theta[own[certain]] -= (first + second)[certain]
        state.status[own[certain]] = Status.CONVERGED
        bent = finite & ~convex
        self._test_saddles(objective, state, rows[bent], step[bent])

    def _test_saddles(
        self, objective: Objective, state: FlowState, rows: Int[Tensor, " R"], step: Float[Tensor, "R P"]
    ) -> None:
        """Ends the walkers `rows`, whose Newton steps are given, on the saddles that they undecidedly come near to."""
        nearby = NEAR_SADDLE * (state.theta[rows] - state.origin[rows]).norm(dim=1)
        likely = step.norm(dim=1) <= 2.0 * nearby
        if not likely.any():
            return
        rows, nearby = rows[likely], nearby[likely]
        saddles = newton_finish(objective, state.theta[rows] - step[likely])
        distance = (state.theta[rows] - saddles.theta).norm(dim=1)
        near = (saddles.status == Status.CONVERGED) & (saddles.index > 0) & (distance <= nearby)
        rows, saddles = rows[near], take_rows(saddles, near.nonzero()[:, 0])
        undecided = _unstable_part(objective, saddles, state.theta[rows]) <= self.tolerance * distance[near]
        state.theta[rows[undecided]] = saddles.theta[undecided]
        state.status[rows[undecided]] = Status.STALLED

    def _advance(
        self, objective: Objective, state: FlowState, rows: Int[Tensor, " R"], hessian: Float[Tensor, "R P P"] | None
    ) -> None:
        """One step of the walkers `rows`: implicit with these Hessians, explicit without."""
        if not len(rows):
            return
        state.calls[rows] += 1
        pending = torch.arange(len(rows), device=rows.device)
        for _ in range(TRIES):
            if not len(pending):
                break
            walkers = rows[pending]
            before = take_rows(state, walkers)
            found, factors = self._tried(objective, before, None if hessian is None else hessian[pending])
            length, longest = (found.theta - before.theta).norm(dim=1), _longest(before)
            allowed = self.tolerance * (found.theta - before.origin).norm(dim=1)
            error = across(found.error, found.gradient).norm(dim=1) / allowed
            rise = 1e-14 * (objective.energy_unit + before.energy.abs())
            good = (error <= 1.0) & (found.energy <= before.energy + rise) & (length > 0.0) & (length <= longest)
            good &= found.energy.isfinite() & self._passes_nothing(before, found, rise)
            beyond = walkers[found.energy.isneginf() & (length <= BEYOND)]
            state.energy[beyond], state.status[beyond] = -torch.inf, Status.NOT_FINITE
            by_error = error.clamp(1e-8, 1e8).nan_to_num(nan=1.0) ** (
                -1.0 / (EXPLICIT_ORDER if hessian is None else IMPLICIT_ORDER)
            )
            by_length = (longest / length).nan_to_num(nan=0.5)
            factor = (SAFETY * torch.minimum(by_error, by_length)).clamp(*TIME_FACTORS)
            state.time[walkers] *= torch.where(good, factor, factor.clamp(max=0.5))
            if hessian is None:
                state.curvature[walkers[~good]] *= CURVATURE_MARGIN
            moved = good.nonzero()[:, 0]
            carried = _carried(objective, take_rows(before, moved), None if factors is None else factors.take(moved))
            self._accept(objective, state, walkers[moved], Steps(*(part[moved] for part in found)), carried)
            pending = pending[~good & (state.status[walkers] == Status.RUNNING)]
        done = state.calls[rows] >= self.max_steps
        out = rows[done & (state.status[rows] == Status.RUNNING)]
        state.status[out] = Status.OUT_OF_STEPS

    @staticmethod
    def _passes_nothing(state: FlowState, found: Steps, rise: Float[Tensor, " W"]) -> Bool[Tensor, " W"]:
        """Whether the energy falls by about what the gradients at both ends of a step make, as where it is quadratic.

        A step that jumps over a minimum and the barrier behind it may be no error across the gradient, but is told so.
        """
        fall, slopes = state.energy - found.energy, state.gradient + found.gradient
        expected = -0.5 * ((found.theta - state.theta) * slopes).sum(1)
        return (fall - expected).abs() <= UNEVEN * fall.abs() + rise

    def _tried(
        self, objective: Objective, state: FlowState, hessian: Float[Tensor, "W P P"] | None
    ) -> tuple[Steps, ShiftedFactors | None]:
        """Steps of these walkers, with the factors of implicit ones; nan where one would be too long or has none."""
        if hessian is None:
            stages = stages_needed(state.time, state.curvature).clamp(max=MOST_STAGES)
            return chebyshev_steps(objective, state.theta, state.gradient, state.time, stages), None
        factors = shifted_factors(hessian, state.gradient, state.time)
        possible = factors.exists & (factors.first.norm(dim=1) <= GAMMA * _longest(state))
        rows = possible.nonzero()[:, 0]
        found = rosenbrock_steps(objective, state.theta[rows], factors.take(rows), state.time[rows])
        # What was not tried is reported as its first stage, which is too long, or nan.
        whole = Steps(
            state.theta + torch.where(factors.exists[:, None], factors.first / GAMMA, torch.nan),
            *(torch.full_like(part, torch.nan) for part in (state.energy, state.theta, state.theta)),
        )
        return Steps(*(part.index_copy(0, rows, values) for part, values in zip(whole, found, strict=True))), factors

    def _accept(
        self,
        objective: Objective,
        state: FlowState,
        rows: Int[Tensor, " R"],
        found: Steps,
        carried: Float[Tensor, "R P"],
    ) -> None:
        """Moves the walkers `rows` to the ends of their steps, to which their errors are `carried`."""
        step, rise = found.theta - state.theta[rows], found.gradient - state.gradient[rows]
        shorter = found.gradient.norm(dim=1) < state.gradient[rows].norm(dim=1)
        state.falling[rows] = shorter & ((step * rise).sum(1) > 0.0)
        state.tested[rows] = torch.where(state.falling[rows], state.tested[rows], torch.inf)
        state.theta[rows], state.energy[rows], state.gradient[rows] = found.theta, found.energy, found.gradient
        state.error[rows] = error = across(carried + found.error, found.gradient)
        sure = error.norm(dim=1) <= DOUBTFUL * (found.theta - state.origin[rows]).norm(dim=1)
        state.doubtful[rows] |= ~sure
        rms = found.gradient.square().mean(1).sqrt()
        state.status[rows[rms <= STATIONARY_RMS * objective.energy_unit]] = Status.CONVERGED
        if not objective.cheap_hessian and len(rows):
            state.curvature[rows], state.steepest[rows] = largest_curvatures(
                objective, found.theta, found.gradient, state.steepest[rows], ITERATIONS
            )


def _unstable_part(objective: Objective, saddles: StationaryPoints, theta: Float[Tensor, "R P"]) -> Float[Tensor, " R"]:
    """The lengths [R] of the parts of points theta [R, P] that lie along the negative eigenvectors of saddles [R]."""
    beside = theta - saddles.theta
    length = (beside * saddles.direction).sum(1).abs()
    several = (saddles.index > 1).nonzero()[:, 0]
    values, vectors = torch.linalg.eigh(objective.hessian(saddles.theta[several]))
    parts = torch.bmm(beside[several][:, None], vectors)[:, 0]
    length[several] = torch.where(values < -objective.curvature_threshold, parts, 0.0).norm(dim=1)
    return length


def _carried(objective: Objective, state: FlowState, factors: ShiftedFactors | None) -> Float[Tensor, "W P"]:
    """The errors of these walkers at the ends of their steps, implicit ones with these factors or explicit ones."""
    if factors is None:
        return carried_by_differences(objective, state.theta, state.gradient, state.error, state.time)
    return carried_by_factors(factors, state.error, state.time)


def _longest(state: FlowState) -> Float[Tensor, " W"]:
    """The longest steps [W] that are tried."""
    longest: Tensor = (state.theta - state.origin).norm(dim=1).mul(REACH)
    return longest
