"""Pathways: the steepest-descent paths from a transition state to the minima on its two sides.

The path dx/ds = -g / |g| is stiff where it follows the floor of a valley: steps along the gradient would zigzag. Each
step therefore follows the path of the quadratic model at hand exactly (Page and McIver 1988, doi 10.1063/1.454172): in
the eigenbasis of the Hessian, with eigenvalues lambda and gradient g, the flow dx/dt = -g leads in a time t to

    dx_i = -g_i (1 - exp(-lambda_i t)) / lambda_i.

The time is that at which the step is as long as the walker allows, or infinite where the bottom of a convex model is
nearer. A step is kept if the energy falls and the true gradient differs from that of the model by at most TOLERANCE of
the one before; else half the length is tried. The path leaves the transition state along its negative eigenvector.

Shapes: W walkers, T transition states, P parameters, I points of a path, odd, the transition state in the middle.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from landscape.numerics.batching import rows_per_chunk
from landscape.objective import Objective

FIRST_STEP = 0.01
LONGEST_STEP = 0.1
TOLERANCE = 0.05
RMS = 1e-11  # of an end, which is |g| / lambda from its minimum: flat directions need a g this small
MAX_STEPS = 3000
BISECTIONS = 70


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Points [T, I, P] at equal arc lengths on either side, and their signed arc lengths [T, I] from the transition
    state; `converged` [T] where both sides end where the gradient vanishes.
    """

    points: Tensor
    arc_length: Tensor
    converged: Tensor


def pathways(objective: Objective, theta: Tensor, direction: Tensor, n_points: int) -> Paths:
    """Paths of `n_points` through transition states theta [T, P]: to the last point they leave along the unit vectors
    direction [T, P], to the first against them.
    """
    starts = torch.cat([theta + FIRST_STEP * direction, theta - FIRST_STEP * direction])
    tracks, converged = _descend(objective, starts)
    n_side, count = n_points // 2 + 1, len(theta)
    sides = [_resample(torch.cat([theta[row % count][None], track]), n_side) for row, track in enumerate(tracks)]
    points = torch.stack([point for point, _ in sides]).view(2, count, n_side, -1)
    arcs = torch.stack([arc for _, arc in sides]).view(2, count, n_side)
    return Paths(
        points=torch.cat([points[1].flip(1), points[0][:, 1:]], 1),
        arc_length=torch.cat([-arcs[1].flip(1), arcs[0][:, 1:]], 1),
        converged=converged.view(2, -1).all(0),
    )


def _descend(objective: Objective, starts: Tensor) -> tuple[list[Tensor], Tensor]:
    """Points [steps, P] of the way down from each of starts [W, P], these included, and whether it ended: bool[W]."""
    tracks = [[start] for start in starts]
    theta = starts.clone()
    energy, gradient = objective.energy_and_gradient(theta)
    length = torch.full_like(energy, FIRST_STEP)
    for _ in range(MAX_STEPS):
        active = (gradient.square().mean(1).sqrt() > RMS).nonzero()[:, 0]
        if not len(active):
            break
        for rows in torch.split(active, rows_per_chunk(4 * theta.shape[1] ** 2, theta.device)):
            step, model = _quadratic_step(objective.hessian(theta[rows]), gradient[rows], length[rows])
            trial = theta[rows] + step
            new_energy, new_gradient = objective.energy_and_gradient(trial)
            near = (new_gradient - model).norm(dim=1) <= TOLERANCE * gradient[rows].norm(dim=1)
            good = near & (new_energy <= energy[rows] + 1e-14)
            length[rows] = torch.where(good, 1.5 * length[rows], 0.5 * length[rows]).clamp(max=LONGEST_STEP)
            kept = rows[good]
            theta[kept], energy[kept], gradient[kept] = trial[good], new_energy[good], new_gradient[good]
            for row in kept.tolist():
                tracks[row].append(theta[row].clone())
    return [torch.stack(track) for track in tracks], gradient.square().mean(1).sqrt() <= RMS


def _quadratic_step(hessian: Tensor, gradient: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
    """Steps [W, P] down quadratic models, at most as long as length [W], and the gradients [W, P] at their ends."""
    values, vectors = torch.linalg.eigh(hessian)
    slope = torch.bmm(vectors.mT, gradient[:, :, None])[:, :, 0]
    low, high = torch.full_like(length, -35.0), torch.full_like(length, 35.0)  # logarithms of the time
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        short = _displacement(values, slope, middle.exp()).norm(dim=1) <= length
        low, high = torch.where(short, middle, low), torch.where(short, high, middle)
    time = low.exp()
    step = _displacement(values, slope, time)
    remaining = slope * torch.exp((-values * time[:, None]).clamp(max=700.0))
    return torch.bmm(vectors, step[:, :, None])[:, :, 0], torch.bmm(vectors, remaining[:, :, None])[:, :, 0]


def _displacement(values: Tensor, slope: Tensor, time: Tensor) -> Tensor:
    """Displacements [W, P] in the eigenbasis after a time [W]."""
    exponent = (-values * time[:, None]).clamp(max=700.0)
    factor = torch.where(exponent.abs() > 1e-12, torch.expm1(exponent) / exponent, 1.0)
    return -slope * factor * time[:, None]


def _resample(track: Tensor, n_points: int) -> tuple[Tensor, Tensor]:
    """Points [n_points, P] at equal arc lengths of a track [steps, P], with these arc lengths."""
    arc = torch.cat([torch.zeros(1, dtype=track.dtype), track.diff(dim=0).norm(dim=1).cumsum(0).cpu()])
    wanted = torch.linspace(0.0, float(arc[-1]), n_points, dtype=track.dtype)
    after = torch.searchsorted(arc, wanted).clamp(1, len(arc) - 1)
    weight = ((wanted - arc[after - 1]) / (arc[after] - arc[after - 1])).to(track.device)[:, None]
    return torch.lerp(track[after - 1], track[after], weight), wanted.to(track.device)
