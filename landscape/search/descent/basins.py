"""Ends of walkers on their way down: in a basin that is certain, or on a saddle.

A basin is certain once Newton's method contracts: |s'| <= q |s| for the Newton step s with a positive definite Hessian
H at x, and the next step s' with the same Hessian. By the theorem of Newton and Kantorovich (in the affine covariant
form of Deuflhard and Heindl 1979, doi 10.1137/0716001) a q of at most 3/16 means that H stays positive definite in a
ball around x that contains the minimum m, and in the ball around m with x on its surface. There the energy is convex,
so the flow comes ever nearer to m. Since q is an estimate from two steps, a smaller contraction is required.

A flow within a symmetric subspace may also pass by a saddle on its way to a minimum. Therefore contraction is required
at saddles too, with one limit on q, `SADDLE_CONTRACTION`, for flows of all tolerances. With a smaller limit the flow
would come so near to the saddle that rounding would drive it off.

Shapes: W walkers, P parameters, R of the walkers.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape.numerics.spectra import without_nan
from landscape.objective import Objective
from landscape.optimize.driver import take_rows
from landscape.optimize.newton import StationaryPoints, newton_finish
from landscape.optimize.status import Status
from landscape.search.descent.state import FlowState

FALL = 0.25  # factor on the length of the gradient from one test to the next
SADDLE_CONTRACTION = 0.15
ERRORS = 2.0  # a walker nearer to the ridge than this number of estimated errors may be on either side of it
NEAR_SADDLE = 0.1  # distance from a saddle, over that from the origin, below which the side of the flow is tested


def end_where_certain(
    objective: Objective,
    state: FlowState,
    rows: Int[Tensor, " R"],
    hessian: Float[Tensor, "R P P"],
    contraction: float,
    tolerance: float,
) -> None:
    """Ends those of the walkers `rows`, with these Hessians, for which Newton's method contracts: CONVERGED at minima,
    STALLED at saddles if an error of `tolerance` or the propagated error leaves open on which side the flow passes.
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
    energy, slope = objective.energy_and_gradient(state.theta[rows] - step)
    second = torch.linalg.ldl_solve(factors, pivots, slope[:, :, None])[:, :, 0]
    required = torch.where(convex, contraction, SADDLE_CONTRACTION)
    contracts = finite & (second.norm(dim=1) <= required * step.norm(dim=1)) & energy.isfinite()
    own = rows[contracts & convex]
    state.theta[own] -= (step + second)[contracts & convex]
    state.status[own] = Status.CONVERGED
    bent = contracts & ~convex
    _end_on_saddles(objective, state, rows[bent], step[bent], tolerance)


def _end_on_saddles(
    objective: Objective, state: FlowState, rows: Int[Tensor, " R"], step: Float[Tensor, "R P"], tolerance: float
) -> None:
    """Ends walkers of `rows` that are near a saddle and may pass it on either side: STALLED, at the saddle.

    `step` [R, P] are their Newton steps.
    """
    nearby = NEAR_SADDLE * (state.theta[rows] - state.origin[rows]).norm(dim=1)
    likely = step.norm(dim=1) <= 2.0 * nearby
    if not likely.any():
        return
    rows, nearby = rows[likely], nearby[likely]
    saddles = newton_finish(objective, state.theta[rows] - step[likely])
    distance = (state.theta[rows] - saddles.theta).norm(dim=1)
    near = (saddles.status == Status.CONVERGED) & (saddles.index > 0) & (distance <= nearby)
    rows, saddles = rows[near], take_rows(saddles, near.nonzero()[:, 0])
    vectors = torch.stack([state.theta[rows] - saddles.theta, state.error[rows]], 1)
    beside, error = _unstable_parts(objective, saddles, vectors).unbind(1)
    undecided = beside <= torch.fmax(tolerance * distance[near], ERRORS * error)
    state.theta[rows[undecided]] = saddles.theta[undecided]
    state.status[rows[undecided]] = Status.STALLED


def _unstable_parts(
    objective: Objective, saddles: StationaryPoints, vectors: Float[Tensor, "R K P"]
) -> Float[Tensor, "R K"]:
    """Lengths [R, K] of the parts of vectors [R, K, P] along eigenvectors of negative eigenvalues at saddles [R]."""
    length = torch.bmm(vectors, saddles.direction[:, :, None])[:, :, 0].abs()
    several = (saddles.index > 1).nonzero()[:, 0]
    values, axes = torch.linalg.eigh(objective.hessian(saddles.theta[several]))
    parts = torch.bmm(vectors[several], axes)
    length[several] = torch.where((values < -objective.curvature_threshold)[:, None], parts, 0.0).norm(dim=2)
    return length
