"""Points beside saddles from which the gradient flow leaves them, on the unstable manifolds.

Along the lowest eigenvector v, of the eigenvalue lambda < 0, the manifold is x(s) = saddle + s v + y(s), where y is
across v and of second order in s. The flow keeps to it where the gradient has no part across the tangent, v + 2 y / s.
To lowest order that asks for (H - 2 lambda) y = -g, with H the Hessian of the saddle and g the part across v of the
gradient at saddle + s v. The second of two such corrections is of third order, as the error of y is, and not smaller.
Shapes: W walkers, P parameters.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.numerics.batching import rows_per_chunk
from landscape.objective import Objective
from landscape.search.descent.steps import solve_factored

PRECISION = 5e-3  # of a point relative to its distance from the saddle
TRIES = 4  # of shorter distances
SHORTEST = 0.1  # of a distance to the one tried before


def departures(
    objective: Objective, saddles: Float[Tensor, "W P"], direction: Float[Tensor, "W P"], distance: float
) -> Float[Tensor, "W 3 P"]:
    """Saddles [W, P], points on their unstable manifolds along the lowest eigenvectors, unit vectors direction [W, P],
    and the errors of these points.

    They are at most `distance` away, and nearer where the error would be too large. The error is nan where `direction`
    is no lowest eigenvector of a negative eigenvalue.
    """
    rows = torch.arange(len(saddles), device=saddles.device)
    chunks = torch.split(rows, rows_per_chunk(3 * saddles.shape[1] ** 2, saddles.device))
    found = [_departures(objective, saddles[chunk], direction[chunk], distance) for chunk in chunks]
    return torch.cat(found)


def _departures(
    objective: Objective, saddles: Float[Tensor, "W P"], direction: Float[Tensor, "W P"], distance: float
) -> Float[Tensor, "W 3 P"]:
    hessian = objective.hessian(saddles)
    eigenvalue = (torch.bmm(hessian, direction[:, :, None])[:, :, 0] * direction).sum(1, keepdim=True)
    hessian.diagonal(dim1=1, dim2=2).sub_(2.0 * eigenvalue)
    lower, failed = torch.linalg.cholesky_ex(hessian)
    step = torch.full_like(eigenvalue, distance)

    def corrected(bend: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
        gradient = objective.energy_and_gradient(saddles + step * direction + bend)[1]
        return bend - solve_factored(lower, across(gradient, direction + 2.0 * bend / step))

    for _ in range(TRIES):
        first = corrected(torch.zeros_like(saddles))
        bend = corrected(first)
        error = bend - first
        ratio = error.norm(dim=1, keepdim=True) / step
        if (ratio <= PRECISION).all():
            break
        shorter = 0.9 * (PRECISION / ratio).sqrt().nan_to_num(nan=0.0)
        step = step * torch.where(ratio <= PRECISION, 1.0, shorter.clamp(SHORTEST, 1.0))
    valid = (failed == 0)[:, None] & (eigenvalue < 0.0)
    points = saddles + step * direction + bend
    return torch.stack([saddles, points, torch.where(valid, error, torch.nan)], 1)


def across(vectors: Float[Tensor, "W P"], along: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
    """The parts of vectors [W, P] normal to others [W, P]."""
    unit = along / along.norm(dim=1, keepdim=True).clamp_min(1e-300)
    normal: Tensor = vectors - (vectors * unit).sum(1, keepdim=True) * unit
    return normal
