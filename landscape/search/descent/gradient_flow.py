"""The minima that the gradient flow dx/dt = -g reaches from a transition state: the minima that the state joins.

A walker starts beside the saddle on its unstable manifold (`unstable_manifold.py`) and follows the flow by steps with
error control (`steps.py`). Only the path of the flow matters, not the time: an error along the gradient does not count,
and the error across it is bounded relative to the distance from the saddle.

A walker ends at a minimum whose basin is certain or, as STALLED, on a saddle if the error of its steps could hide on
which side of the saddle it passes (`basins.py`). Along a ridge, where paths separate without a saddle, small errors
grow: the error of each step is propagated along the flow, and a walker whose error has become large is doubtful.

Shapes: W walkers, P parameters.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics.batching import rows_per_chunk
from landscape.objective import Objective
from landscape.optimize.driver import take_rows
from landscape.optimize.status import Status, fresh_status
from landscape.search.descent.basins import end_where_certain
from landscape.search.descent.state import FlowState
from landscape.search.descent.steps import (
    CURVATURE_MARGIN,
    GAMMA,
    ShiftedFactors,
    Steps,
    across,
    carried_by_differences,
    carried_by_factors,
    chebyshev_steps,
    largest_curvatures,
    rosenbrock_steps,
    shifted_factors,
    stages_needed,
)

STATIONARY_RMS = 1e-10  # times the unit of energy
MOST_STAGES = 120  # beyond, a step with a Hessian is cheaper in most networks
BEYOND = 0.01  # a step out of bounds that is not longer than this means that the flow leaves the bounds
REACH = 3.0  # largest length of a step over the distance from the origin of the path
TIME_FACTORS = 0.2, 4.0
IMPLICIT_ORDER, EXPLICIT_ORDER = 4.0, 3.0  # of the error of a step
SAFETY = 0.9
TRIES = 4  # attempts at a step, with shorter and shorter times and the same Hessian
FIRST_ITERATIONS, ITERATIONS = 8, 2
UNEVEN = 0.3  # largest difference between the falls of the energy and a quadratic energy in a step, over the former
FINER = 0.1  # factor on the error of a step when a walker is followed again
DOUBTFUL = 0.01  # error of a point, over its distance from the saddle, above which the flow is doubtful


@dataclass(frozen=True)
class GradientFlow:
    """Settings: `tolerance` of the error of a step relative to the distance from the saddle, largest `distance` from
    the saddle at which the flow starts, `contraction` that makes a basin certain, and number of steps allowed.
    """

    tolerance: float = 0.005
    distance: float = 0.05
    contraction: float = 0.05
    max_steps: int = 200
    recordable: ClassVar[bool] = False  # shapes depend on values

    @property
    def finer(self) -> "GradientFlow":
        """A flow with smaller errors, which starts nearer to the saddle and ends in basins that are more certain."""
        return replace(
            self,
            tolerance=FINER * self.tolerance,
            distance=0.3 * self.distance,
            contraction=0.3 * self.contraction,
            max_steps=5 * self.max_steps,
        )

    def doubles_per_walker(self, objective: Objective) -> int:
        """Number of float64 values of a Hessian and its factor."""
        return 3 * objective.n_parameters**2

    def init(self, objective: Objective, points: Float[Tensor, "W 3 P"]) -> FlowState:
        """Fresh walkers; points [W, 3, P] are saddles, points beside them on the path, and errors of these points."""
        origin, theta, error = points.unbind(1)
        energy, gradient = objective.energy_and_gradient(theta)
        rate = gradient.norm(dim=1) / (theta - origin).norm(dim=1)
        status = fresh_status(energy, gradient)
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
            doubtful=torch.zeros_like(status, dtype=torch.bool),
            falling=torch.zeros_like(status, dtype=torch.bool),
            tested=torch.full_like(energy, torch.inf),
            calls=torch.zeros_like(energy, dtype=torch.int64),
            status=status,
        )

    def step(self, objective: Objective, state: FlowState) -> FlowState:
        """One step of every running walker: explicit steps all together, steps with a Hessian in chunks."""
        running = state.status == Status.RUNNING
        implicit = stages_needed(state.time, state.curvature) > (0 if objective.cheap_hessian else MOST_STAGES)
        due = state.falling & (state.gradient.norm(dim=1) <= state.tested)
        rows = (running & (implicit | due)).nonzero()[:, 0]
        for part in torch.split(rows, rows_per_chunk(3 * state.theta.shape[1] ** 2, state.theta.device)):
            hessian = objective.hessian(state.theta[part])
            end_where_certain(objective, state, part[due[part]], hessian[due[part]], self.contraction, self.tolerance)
            kept = implicit[part] & (state.status[part] == Status.RUNNING)
            self._advance(objective, state, part[kept], hessian[kept])
        explicit = running & ~implicit & (state.status == Status.RUNNING)
        self._advance(objective, state, explicit.nonzero()[:, 0], None)
        return state

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
        """True if the energy falls by about as much as a quadratic energy with the gradients at both ends of a step.

        This detects a step that jumps over a minimum and the barrier behind it but has no error across the gradient.
        """
        fall, slopes = state.energy - found.energy, state.gradient + found.gradient
        expected = -0.5 * ((found.theta - state.theta) * slopes).sum(1)
        return (fall - expected).abs() <= UNEVEN * fall.abs() + rise

    def _tried(
        self, objective: Objective, state: FlowState, hessian: Float[Tensor, "W P P"] | None
    ) -> tuple[Steps, ShiftedFactors | None]:
        """Steps of these walkers, and the factors of implicit steps; nan where a step is too long or has no factor."""
        if hessian is None:
            stages = stages_needed(state.time, state.curvature).clamp(max=MOST_STAGES)
            return chebyshev_steps(objective, state.theta, state.gradient, state.time, stages), None
        factors = shifted_factors(hessian, state.gradient, state.time)
        possible = factors.exists & (factors.first.norm(dim=1) <= GAMMA * _longest(state))
        rows = possible.nonzero()[:, 0]
        found = rosenbrock_steps(objective, state.theta[rows], factors.take(rows), state.time[rows])
        # A step is not tried if its first stage is too long, which then stands for the whole step, or if there is no
        # factor: then the step is nan.
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
        """Moves the walkers `rows` to the ends of their steps; `carried` are their earlier errors, propagated there."""
        step, rise = found.theta - state.theta[rows], found.gradient - state.gradient[rows]
        shorter = found.gradient.norm(dim=1) < state.gradient[rows].norm(dim=1)
        state.falling[rows] = shorter & ((step * rise).sum(1) > 0.0)
        state.tested[rows] = torch.where(state.falling[rows], state.tested[rows], torch.inf)
        state.theta[rows], state.energy[rows], state.gradient[rows] = found.theta, found.energy, found.gradient
        state.error[rows] = error = across(carried + found.error, found.gradient)
        sure = error.norm(dim=1) <= DOUBTFUL * (found.theta - state.origin[rows]).norm(dim=1)
        state.doubtful[rows] |= ~sure
        rms = found.gradient.square().mean(1).sqrt()
        stationary = (rms <= STATIONARY_RMS * objective.energy_unit) & shorter  # else it may still be beside the saddle
        state.status[rows[stationary]] = Status.CONVERGED
        if not objective.cheap_hessian and len(rows):
            state.curvature[rows], state.steepest[rows] = largest_curvatures(
                objective, found.theta, found.gradient, state.steepest[rows], ITERATIONS
            )


def _carried(objective: Objective, state: FlowState, factors: ShiftedFactors | None) -> Float[Tensor, "W P"]:
    """The errors of these walkers, propagated to the ends of their steps: implicit with these factors, or explicit."""
    if factors is None:
        return carried_by_differences(objective, state.theta, state.gradient, state.error, state.time)
    return carried_by_factors(factors, state.error, state.time)


def _longest(state: FlowState) -> Float[Tensor, " W"]:
    """Lengths [W] of the longest steps that are tried."""
    longest: Tensor = (state.theta - state.origin).norm(dim=1).mul(REACH)
    return longest
