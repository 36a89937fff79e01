"""Pathways: the steepest-descent paths from a transition state to the minima on its two sides.

The path dx/ds = -g / |g| is stiff where it follows the floor of a valley: steps along the gradient would zigzag. Each
step therefore follows the path of a local quadratic model exactly (Page and McIver 1988, doi 10.1063/1.454172): in
the eigenbasis of the Hessian, with eigenvalues lambda and gradient g, the flow dx/dt = -g leads in a time t to

    dx_i = -g_i (1 - exp(-lambda_i t)) / lambda_i.

The time is chosen so that the step has the walker's step length; it is infinite if the bottom of a convex model is
nearer. A step is kept if the energy falls and the true gradient differs from that of the model by at most TOLERANCE
times the gradient before the step; otherwise a shorter step is tried in the same model. The path leaves the transition
state along the eigenvector of its negative eigenvalue.

Shapes: W walkers, T transition states, P parameters, I points of a path, odd, the transition state in the middle.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics.batching import rows_per_chunk
from landscape.objective import Objective

FIRST_STEP = 0.01
LONGEST_STEP = 0.1
TOLERANCE = 0.05
RMS = 1e-11  # gradient of an end, whose distance from its minimum is |g| / lambda: flat directions need a g this small
MAX_STEPS = 3000
AIM = 0.8 * TOLERANCE
SHRINK, GROW = 0.2, 1.5
LOG_TIME = 35.0  # largest logarithm of a time
PARTS, SECTIONS = 16, 6  # a search divides the interval of logarithms into PARTS parts, SECTIONS times


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Points [T, I, P] at equal arc lengths on either side, and their signed arc lengths [T, I] from the transition
    state; `converged` [T] is true if the gradient vanishes at the ends of both sides.
    """

    points: Float[Tensor, "T I P"]
    arc_length: Float[Tensor, "T I"]
    converged: Bool[Tensor, " T"]


def pathways(
    objective: Objective, theta: Float[Tensor, "T P"], direction: Float[Tensor, "T P"], n_points: int
) -> Paths:
    """Paths of `n_points` through transition states theta [T, P]. Towards the last point a path leaves the transition
    state along its unit vector of direction [T, P], towards the first point against it.
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


def _descend(
    objective: Objective, starts: Float[Tensor, "W P"]
) -> tuple[list[Float[Tensor, "_steps P"]], Bool[Tensor, " W"]]:
    """Points [steps, P] of the descent from each of starts [W, P], start included; bool[W], true if it converged."""
    tracks = [[start] for start in starts]
    theta = starts.clone()
    energy, gradient = objective.energy_and_gradient(theta)
    model = Model.at(objective, theta, gradient)
    length = torch.full_like(energy, FIRST_STEP)
    for _ in range(MAX_STEPS):
        active = (gradient.square().mean(1).sqrt() > RMS).nonzero()[:, 0]
        if not len(active):
            break
        for rows in torch.split(active, rows_per_chunk(4 * theta.shape[1] ** 2, theta.device)):
            step, expected = model.take(rows).step(length[rows])
            trial = theta[rows] + step
            new_energy, new_gradient = objective.energy_and_gradient(trial)
            error = (new_gradient - expected).norm(dim=1) / gradient[rows].norm(dim=1)
            good = (error <= TOLERANCE) & (new_energy <= energy[rows] + 1e-14)
            length[rows] = _next_length(length[rows], error, good)
            kept = rows[good]
            theta[kept], energy[kept], gradient[kept] = trial[good], new_energy[good], new_gradient[good]
            model.put(kept, Model.at(objective, theta[kept], gradient[kept]))
            for row in kept.tolist():
                tracks[row].append(theta[row].clone())
    return [torch.stack(track) for track in tracks], gradient.square().mean(1).sqrt() <= RMS


def _next_length(
    length: Float[Tensor, " W"], error: Float[Tensor, " W"], good: Bool[Tensor, " W"]
) -> Float[Tensor, " W"]:
    """Lengths [W] of the next steps, at which the error, which grows with the square of the length, would be `AIM`;
    much shorter where the error is unknown.
    """
    wanted = length * (AIM / error).sqrt().nan_to_num(nan=SHRINK).clamp(SHRINK, GROW)
    return torch.where(good, wanted, torch.minimum(wanted, 0.5 * length)).clamp(max=LONGEST_STEP)


class Model(NamedTuple):
    """Quadratic models of the energy, in the eigenbases of their Hessians."""

    values: Float[Tensor, "W P"]  # eigenvalues
    vectors: Float[Tensor, "W P P"]
    slope: Float[Tensor, "W P"]  # gradients

    @classmethod
    def at(cls, objective: Objective, theta: Float[Tensor, "W P"], gradient: Float[Tensor, "W P"]) -> "Model":
        """The models at theta [W, P], with known gradients [W, P] of the energy."""
        values, vectors = torch.linalg.eigh(objective.hessian(theta))
        return cls(values, vectors, torch.bmm(vectors.mT, gradient[:, :, None])[:, :, 0])

    def take(self, rows: Int[Tensor, " R"]) -> "Model":
        """The models of some walkers."""
        return Model(*(part[rows] for part in self))

    def put(self, rows: Int[Tensor, " R"], models: "Model") -> None:
        """Replaces the models of some walkers, in place."""
        for part, other in zip(self, models, strict=True):
            part[rows] = other

    def step(self, length: Float[Tensor, " W"]) -> tuple[Float[Tensor, "W P"], Float[Tensor, "W P"]]:
        """Steps [W, P] down the models, at most as long as length [W], and model gradients [W, P] at their ends."""
        low, high = torch.full_like(length, -LOG_TIME), torch.full_like(length, LOG_TIME)
        for _ in range(SECTIONS):
            logs = torch.lerp(
                low[:, None], high[:, None], torch.linspace(0.0, 1.0, PARTS + 1).to(low)
            )  # [W, PARTS + 1]
            short = self._displacement(logs.exp()).norm(dim=2) <= length[:, None]
            last = short[:, 1:].sum(1, keepdim=True)
            low, high = logs.gather(1, last)[:, 0], logs.gather(1, (last + 1).clamp(max=PARTS))[:, 0]
        time = low.exp()
        step = self._displacement(time[:, None])[:, 0]
        remaining = self.slope * torch.exp((-self.values * time[:, None]).clamp(max=700.0))
        return torch.bmm(self.vectors, step[:, :, None])[:, :, 0], torch.bmm(self.vectors, remaining[:, :, None])[
            :, :, 0
        ]

    def _displacement(self, time: Float[Tensor, "W T"]) -> Float[Tensor, "W T P"]:
        """Displacements [W, T, P] in the eigenbasis after times [W, T]."""
        exponent = (-self.values[:, None] * time[:, :, None]).clamp(max=700.0)
        factor = torch.where(exponent.abs() > 1e-12, torch.expm1(exponent) / exponent, 1.0)
        return -self.slope[:, None] * factor * time[:, :, None]


def _resample(
    track: Float[Tensor, "steps P"], n_points: int
) -> tuple[Float[Tensor, "n_points P"], Float[Tensor, " n_points"]]:
    """Points [n_points, P] at equal arc lengths of a track [steps, P], with these arc lengths."""
    arc = torch.cat([torch.zeros(1, dtype=track.dtype), track.diff(dim=0).norm(dim=1).cumsum(0).cpu()])
    wanted = torch.linspace(0.0, float(arc[-1]), n_points, dtype=track.dtype)
    after = torch.searchsorted(arc, wanted).clamp(1, len(arc) - 1)
    weight = ((wanted - arc[after - 1]) / (arc[after] - arc[after - 1])).to(track.device)[:, None]
    return torch.lerp(track[after - 1], track[after], weight), wanted.to(track.device)
