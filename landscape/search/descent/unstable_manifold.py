"""Points beside saddles, on the unstable manifolds along which the gradient flow leaves the saddles.

Along the lowest eigenvector v, with eigenvalue lambda < 0, the manifold is x(s) = saddle + s v + y(s), where y is
normal to v and of second order in s. The flow stays on it where the gradient has no part normal to the tangent
v + 2 y / s. To lowest order this requires (H - 2 lambda) y = -g, with H the Hessian of the saddle and g the part normal
to v of the gradient at saddle + s v. A second correction of this kind is of third order, like the error of y, and at
least as long: it is the estimate of this error. The deviation of v from an eigenvector is added to the estimate.

Shapes: W walkers, P parameters.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.numerics.batching import rows_per_chunk
from landscape.objective import Objective
from landscape.search.descent.steps import across, solve_factored

PRECISION = 5e-3  # error of a point relative to its distance from the saddle
TRIES = 4  # number of distances that are tried
SHORTEST = 0.1  # least ratio of a distance to the one tried before
LARGEST = 0.1  # error of a point relative to its distance, above which the expansion is meaningless


def departures(
    objective: Objective, saddles: Float[Tensor, "W P"], direction: Float[Tensor, "W P"], distance: float
) -> Float[Tensor, "W 3 P"]:
    """Saddles [W, P], points on their unstable manifolds along the lowest eigenvectors (unit vectors `direction`
    [W, P]), and estimates of the errors of these points.

    A point is about `distance` away, or nearer if its error would be above `PRECISION`. If the curvature along the
    direction is not negative, if another curvature is far lower, or if the manifold bends too much, the point lies on
    the straight line and its error is nan.
    """
    rows = torch.arange(len(saddles), device=saddles.device)
    chunks = torch.split(rows, rows_per_chunk(3 * saddles.shape[1] ** 2, saddles.device))
    found = [_departures(objective, saddles[chunk], direction[chunk], distance) for chunk in chunks]
    return torch.cat(found)


def _departures(
    objective: Objective, saddles: Float[Tensor, "W P"], direction: Float[Tensor, "W P"], distance: float
) -> Float[Tensor, "W 3 P"]:
    hessian = objective.hessian(saddles).clone()
    image = torch.bmm(hessian, direction[:, :, None])[:, :, 0]
    eigenvalue = (image * direction).sum(1, keepdim=True)
    hessian.diagonal(dim1=1, dim2=2).sub_(2.0 * eigenvalue)
    lower, failed = torch.linalg.cholesky_ex(hessian)
    valid = (failed == 0)[:, None] & (eigenvalue < 0.0)
    tilt = solve_factored(lower, image - eigenvalue * direction)
    step = torch.full_like(eigenvalue, distance)

    def corrected(bend: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
        energy, gradient = objective.energy_and_gradient(saddles + step * direction + bend)
        correction = solve_factored(lower, across(gradient, direction + 2.0 * bend / step))
        return torch.where(valid & energy.isfinite()[:, None], bend - correction, torch.nan)

    for attempt in range(TRIES):
        first = corrected(torch.zeros_like(saddles))
        bend = corrected(first)
        error = bend - first + step * tilt
        ratio = error.norm(dim=1, keepdim=True) / step
        long = valid & ~(ratio <= PRECISION)
        if attempt + 1 == TRIES or not long.any():
            break
        shorter = 0.9 * (PRECISION / ratio).sqrt().nan_to_num(nan=0.0)
        step = torch.where(long, step * shorter.clamp(SHORTEST, 1.0), step)
    known = ratio <= LARGEST
    points = saddles + step * direction + torch.where(known, bend, 0.0)
    return torch.stack([saddles, points, torch.where(known, error, torch.nan)], 1)
