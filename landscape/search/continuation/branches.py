"""All branches of stationary points that leave a singular point.

Let the Hessian there have m eigenvalues zero, with eigenvectors N. Near the point every branch crosses a small sphere
in the m + 1 coordinates y along N and s, where it is found by Newton's method from starts all over the sphere: folds
have two branches, pitchforks and transcritical points four, points of more symmetry more (with several units that leave
zero together, for instance). Branches are distinct modulo the symmetry of the energy. Two branches that are one smooth
curve leave in opposite directions; where they lie on different sides of the point in s, one continues the other.

For m > `MOST_REGULAR` the starts cannot cover the sphere, so that branches may be missed; the sums of (-1)^index over
the branches of both sides then differ.

Shapes: P parameters of the energy, Q = P + 1 coordinates, m null vectors, B = m + 1, D starts.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from landscape.search.continuation.curve import Curve, Points, Sphere, unit

NULL = 1e-6  # largest eigenvalue that is zero, relative to the largest of all
SAME = 1e-2  # of the radius, the largest distance of two points that are one
FAR = 10.0  # radii within which a branch crosses the sphere
OPPOSITE = -0.9  # cosine of the directions of two branches that are one smooth curve
MOST_REGULAR = 3
RANDOM_STARTS = 24  # for each coordinate


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A branch where it crosses the sphere: its point z [Q], tangent [Q] away from the singular point, and data.

    `side` is 1 where s is larger than at the singular point, else -1. `copies` is the number of symmetric copies.
    """

    z: Float[Tensor, " Q"]
    tangent: Float[Tensor, " Q"]
    energy: float
    index: int
    copies: float
    side: int


class Surroundings:
    """A singular point z [Q] with its null vectors [P, m], and the sphere around it."""

    def __init__(self, curve: Curve, centre: Float[Tensor, " Q"]) -> None:
        self.curve = curve
        self.centre = centre
        self.jacobian = curve.jacobian(centre[None])[0]
        values, vectors = torch.linalg.eigh(self.jacobian[:, :-1])
        zero = values.abs() <= NULL * values.abs().amax()
        zero[values.abs().argmin()] = True
        self.null = vectors[:, zero]
        self.index = int((values[~zero] < 0.0).sum())
        kept = vectors[:, ~zero]
        with_s = -kept @ ((kept.T @ self.slope) / values[~zero])
        across = torch.zeros(len(centre), self.null.shape[1] + 1, dtype=centre.dtype, device=centre.device)
        across[:-1, :-1], across[-1, -1] = self.null, 1.0
        self.basis = across
        self._lift = across.clone()
        self._lift[:-1, -1] = with_s

    @property
    def slope(self) -> Float[Tensor, " P"]:
        """The derivative [P] of the gradient by s."""
        return self.jacobian[:, -1]

    def starts(self, towards: Float[Tensor, "T Q"]) -> Float[Tensor, "D B"]:
        """Directions all over the sphere, those of the vectors `towards` first."""
        known = towards @ self.basis
        size = self.basis.shape[1]
        grid = product((-1.0, 0.0, 1.0), repeat=size) if size <= MOST_REGULAR + 1 else ()
        draws = np.random.default_rng(0).normal(size=(RANDOM_STARTS * size, size))
        everywhere = torch.tensor([*filter(any, grid), *draws.tolist()], dtype=known.dtype, device=known.device)
        return unit(torch.cat([known, everywhere]))

    def crossings(
        self, directions: Float[Tensor, "D B"], radius: float
    ) -> tuple[Points, Float[Tensor, "D B"], Bool[Tensor, " D"]]:
        """Points in which branches cross the sphere, with outward tangents; their directions; true if one was found."""
        start = self.centre + radius * directions @ self._lift.T
        sphere = Sphere(self.centre, self.basis, radius)
        z, good = self.curve.corrected(start, sphere, 2 * len(self.basis[0]) + 20)
        away = z - self.centre
        reach = FAR * radius * max(1.0, float(self._lift.norm(dim=0).amax()))
        good = good & (away.norm(dim=1) <= reach)
        z = torch.where(good[:, None], z, start)
        points = self.curve.points(z, unit(away))
        return points, away @ self.basis / radius, good

    def branches(
        self, towards: Float[Tensor, "T Q"], radius: float
    ) -> tuple[list[Branch], list[tuple[int, int]], list[int]]:
        """Branches, pairs of them that continue one another, and the branch in each direction `towards`, -1 if none."""
        points, directions, good = self.crossings(self.starts(towards), radius)
        numbers, found = [-1] * len(good), list[Branch]()
        for row in good.nonzero()[:, 0].tolist():
            one = self.branch(points, row)
            numbers[row] = next((n for n, known in enumerate(found) if self.same(one, known, radius)), len(found))
            found += [one] if numbers[row] == len(found) else []
        return found, _through(found, numbers, directions), numbers[: len(towards)]

    def branch(self, points: Points, row: int) -> Branch:
        """The branch at a point of a batch."""
        z = points.z[row]
        log_orbit = self.curve.family.symmetry.log_orbit_size(z[None, :-1].cpu().numpy())
        return Branch(
            z=z,
            tangent=points.tangent[row],
            energy=float(points.energy[row]),
            index=int(points.index[row]),
            copies=float(np.rint(np.exp(log_orbit[0]))),
            side=1 if z[-1] > self.centre[-1] else -1,
        )

    def same(self, one: Branch, other: Branch, radius: float) -> bool:
        """True if two branches are one, modulo the symmetry."""
        if one.side != other.side or abs(float(one.z[-1] - other.z[-1])) > SAME * radius:
            return False
        return self.distance(one.z, other.z) <= SAME * radius

    def distance(self, one: Float[Tensor, " Q"], other: Float[Tensor, " Q"]) -> float:
        """The distance in theta, modulo the symmetry."""
        first, second = one[None, :-1].cpu().numpy(), other[None, :-1].cpu().numpy()
        return float(self.curve.family.symmetry.distance(first, second)[0])


def _through(found: list[Branch], numbers: list[int], directions: Float[Tensor, "D B"]) -> list[tuple[int, int]]:
    """Pairs of branches in opposite directions, the first below the singular point in s and the second above it.

    `numbers` are the branches in these directions, -1 for none.
    """
    cosines = (directions @ directions.T).tolist()
    pairs = {
        (one, other)
        for row, one in enumerate(numbers)
        for column, other in enumerate(numbers)
        if min(one, other) >= 0 and cosines[row][column] < OPPOSITE and found[one].side < found[other].side
    }
    return sorted(pairs)
