"""The minima that a transition state joins: the minima that steepest descent reaches on its two sides.

If a flow ends on a saddle, as within a symmetric subspace, its side is ambiguous: rounding decides. The flow then goes
on along the lowest eigenvector of the saddle. A side is also ambiguous if the smallest errors decide on which side the
flow leaves a ridge. Shapes: T transition states, W walkers, P parameters.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.objective import Objective
from landscape.optimize.driver import put_rows, run_all, take_rows
from landscape.optimize.newton import StationaryPoints, newton_finish
from landscape.optimize.status import Status
from landscape.search.descent.gradient_flow import GradientFlow
from landscape.search.descent.unstable_manifold import departures

STEP_OFFS = 3


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The minima [T] that steepest descent reaches along a direction and against it."""

    ends: tuple[StationaryPoints, StationaryPoints]
    ambiguous: Bool[Tensor, " T"]  # true if rounding or small errors decide on the end of a side
    on_saddle: Bool[Tensor, " T"]  # true if this is because a flow ends on a saddle


def sides(
    objective: Objective,
    theta: Float[Tensor, "T P"],
    direction: Float[Tensor, "T P"],
    flow: GradientFlow,
    batch: int,
) -> Sides:
    """Both sides of transition states theta [T, P] whose lowest eigenvectors are the unit vectors direction [T, P].

    A flow that passes too near a saddle to decide on a side, or is doubtful, is followed again from a nearer start and
    with smaller errors. If a flow reaches no minimum, its end is not a minimum: test `.is_minimum`.
    """
    saddles, along = torch.cat([theta, theta]), torch.cat([direction, -direction])
    ambiguous = torch.zeros(len(saddles), dtype=torch.bool, device=theta.device)
    on_saddle = ambiguous.clone()
    ends, doubtful = _ends(objective, saddles, along, flow, batch)
    followed = torch.arange(len(saddles), device=theta.device)
    for _ in range(STEP_OFFS):
        rows = followed[(~ends.is_minimum | doubtful)[followed]]
        again, still = _ends(objective, saddles[rows], along[rows], flow.finer, batch)
        reached = again.status == Status.CONVERGED
        ends = put_rows(ends, rows[reached], take_rows(again, reached.nonzero()[:, 0]))
        ambiguous[rows] |= still | (doubtful[rows] & ~reached)
        rows = followed = _on_saddles(ends)
        if not len(rows):
            break
        ambiguous[rows] = on_saddle[rows] = True
        saddles[rows], along[rows] = ends.theta[rows], oriented(ends.direction[rows])
        after, doubtful[rows] = _ends(objective, saddles[rows], along[rows], flow, batch)
        ends = put_rows(ends, rows, after)
    half = torch.arange(len(theta), device=theta.device)
    return Sides(
        ends=(take_rows(ends, half), take_rows(ends, half + len(theta))),
        ambiguous=ambiguous.view(2, -1).any(0),
        on_saddle=on_saddle.view(2, -1).any(0),
    )


def _ends(
    objective: Objective, saddles: Float[Tensor, "W P"], along: Float[Tensor, "W P"], flow: GradientFlow, batch: int
) -> tuple[StationaryPoints, Bool[Tensor, " W"]]:
    """The stationary points [W] that flows reach, and true [W] where a flow is doubtful. If a flow reaches none, the
    status is that of the flow, and the energy is minus infinity if the flow left the bounds.
    """
    state = run_all(flow, objective, departures(objective, saddles, along, flow.distance), batch)
    ends = newton_finish(objective, state.theta)
    ended = (state.status == Status.CONVERGED) | (state.status == Status.STALLED)
    ends = replace(
        ends,
        energy=torch.where(state.energy.isneginf(), state.energy, ends.energy),
        status=torch.where(ended, ends.status, state.status),
    )
    return ends, state.doubtful


def _on_saddles(ends: StationaryPoints) -> Int[Tensor, " R"]:
    """Rows of the ends that are saddles."""
    return ((ends.status == Status.CONVERGED) & (ends.index > 0)).nonzero()[:, 0]


def oriented(vectors: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
    """Vectors [W, P] with the sign that makes their largest component positive."""
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return vectors * largest.sign()
