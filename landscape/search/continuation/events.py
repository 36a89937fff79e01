"""Events: the singular points where stationary points are born, die, split or change their index.

- **fold**: the null vector v has v . dg/ds != 0. The curve turns in s: two points, of indices k and k + 1, are born or
  die together.
- **pitchfork**: a symmetry of the singular point turns v into -v, so that v . dg/ds = 0. A symmetric point changes its
  index, and branches that are no longer symmetric leave it on one side. A pitchfork whose two arms are no copies of one
  another belongs to a symmetry of the energy that `Symmetry` does not know, as those of the data.
- **transcritical**: two curves cross and exchange their roles.
- **unresolved**: branches were not found.

Morse theory: the sum of (-1)^index over all branches, times their numbers of copies, is the same on both sides.

Shapes: P parameters, Q = P + 1 coordinates.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.search.continuation.branches import Branch, Surroundings
from landscape.search.continuation.curve import Curve
from landscape.search.continuation.locating import Singular

FOLD, PITCHFORK, TRANSCRITICAL, UNRESOLVED = "fold", "pitchfork", "transcritical", "unresolved"
KINDS = (FOLD, PITCHFORK, TRANSCRITICAL, UNRESOLVED)
RADII = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4)
ALONG = 1e-5  # least |v . dg/ds| of a fold, relative to |dg/ds|
LEAST_SLOPE = 1e-9  # relative to the largest curvature, below which dg/ds is zero
FLIPPED = 0.1  # of the radius, the largest distance of copies
ROUNDING = 1e-9  # of index sums, relative to the largest number of copies
MOST_EXACT = 1e12  # copies that are counted one by one
SAME_S, SAME_THETA = 1e-6, 1e-3  # distances within which two events are one


@dataclass(frozen=True, kw_only=True)
class Event:
    """A singular point z [Q] with its branches, the pairs of them that continue one another, and the sphere's radius.

    `multiplicity` is the number of eigenvalues that vanish; `mirrored` is true if a symmetry of the energy that is
    known turns the null vector round.
    """

    z: Float[Tensor, " Q"]
    energy: float
    kind: str
    multiplicity: int
    mirrored: bool
    branches: tuple[Branch, ...]
    through: tuple[tuple[int, int], ...]
    radius: float

    def sum_on(self, side: int) -> float:
        """The sum of (-1)^index over the branches of a side, -1 or 1 in s, times their numbers of copies."""
        return math.fsum((-1.0) ** one.index * one.copies for one in self.branches if one.side == side)

    @property
    def conserved(self) -> bool:
        """True if the sum is the same on both sides, up to the rounding of large numbers of copies.

        False without branches, of which nothing is known.
        """
        most = max((one.copies for one in self.branches), default=-1.0)
        return abs(self.sum_on(-1) - self.sum_on(1)) <= (0.5 if most <= MOST_EXACT else ROUNDING * most)


def event_at(curve: Curve, singular: Singular, radius: float = RADII[0]) -> tuple[Event, int]:
    """The event at a singular point, and the number of the branch on which the curve arrives there; -1 for none.

    The sphere shrinks from `radius` until the branches are complete: those of the curve itself are among them, and the
    index sum is conserved.
    """
    around = Surroundings(curve, singular.z)
    towards = torch.stack([-singular.tangent, singular.tangent])
    low, high = sorted(curve.interval.ends)
    room = 0.3 * min(float(singular.z[-1]) - low, high - float(singular.z[-1]))
    found: list[tuple[Event, int]] = []
    for size in RADII:
        if size <= radius:
            branches, through, own = around.branches(towards, min(size, max(room, RADII[-1])))
            event = _event(around, branches, through, min(size, max(room, RADII[-1])))
            found.append((event, own[0]))
            if min(own) >= 0 and event.conserved and event.kind != UNRESOLVED:
                return found[-1]
    return max(found, key=lambda one: (one[1] >= 0, one[0].conserved))


def arrival(curve: Curve, event: Event, singular: Singular) -> int:
    """The number of the branch of a known event on which another curve arrives at a copy of it; -1 for none."""
    around = Surroundings(curve, singular.z)
    towards = -singular.tangent[None] @ around.basis
    points, _, good = around.crossings(towards / towards.norm(), event.radius)
    if not bool(good[0]):
        return -1
    own = around.branch(points, 0)
    return next((n for n, one in enumerate(event.branches) if around.same(own, one, event.radius)), -1)


def is_at(curve: Curve, event: Event, z: Float[Tensor, " Q"]) -> bool:
    """True if the singular point z is a copy of the event's."""
    if abs(float(event.z[-1] - z[-1])) > SAME_S:
        return False
    one, other = event.z[None, :-1].cpu().numpy(), z[None, :-1].cpu().numpy()
    return float(curve.family.symmetry.distance(one, other)[0]) <= SAME_THETA


def _event(around: Surroundings, branches: list[Branch], through: list[tuple[int, int]], radius: float) -> Event:
    mirrored = _mirrored(around, radius)
    return Event(
        z=around.centre,
        energy=float(around.curve.energy_and_gradient(around.centre[None])[0]),
        kind=_kind(around, branches, through, mirrored=mirrored),
        multiplicity=around.null.shape[1],
        mirrored=mirrored,
        branches=tuple(branches),
        through=tuple(through),
        radius=radius,
    )


def _kind(around: Surroundings, branches: list[Branch], through: list[tuple[int, int]], *, mirrored: bool) -> str:
    along = float((around.null.T @ around.slope).norm())
    scale = max(float(around.slope.norm()), LEAST_SLOPE * float(around.jacobian[:, :-1].abs().amax()) / ALONG)
    if along > ALONG * scale:
        return FOLD if len(branches) == 2 and not through else UNRESOLVED
    if len(branches) < 3 or not through:
        return UNRESOLVED
    if mirrored:
        return PITCHFORK
    arms = set(range(len(branches))) - {number for pair in through for number in pair}
    one_sided = len(arms) == 2 and len({branches[number].side for number in arms}) == 1
    return PITCHFORK if one_sided else TRANSCRITICAL


def _mirrored(around: Surroundings, radius: float) -> bool:
    """True if the points on both sides along a vector of the null space are copies of one another."""
    vector = around.null.sum(1) / around.null.sum(1).norm()
    one, other = around.centre.clone(), around.centre.clone()
    one[:-1] += radius * vector
    other[:-1] -= radius * vector
    return around.distance(one, other) <= FLIPPED * radius
