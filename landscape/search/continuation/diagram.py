"""The bifurcation diagram of a family: all arcs that can be reached from known stationary points at the ends.

Arcs are followed from the points at the first end of the interval, then from the branches of the events met, and, where
they are given, from the points at the last end that no arc has reached. Every branch of an event belongs to one arc: it
is claimed by the arc that begins or ends there, so that an arc that is followed from both sides is kept once. Arcs of
index up to `MOST_INDEX` are followed, and any that continues one of them.

Branches that are born and die within the interval without meeting any of these cannot be found.

Shapes: M points at an end, P parameters, Q = P + 1 coordinates.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape.search.continuation.arcs import Arc, End, Seed, Traced, trace
from landscape.search.continuation.curve import Curve
from landscape.search.continuation.events import Event, arrival, event_at, is_at
from landscape.search.continuation.locating import first_event

FIRST, LAST, EVENT, LOST = "first", "last", "event", "lost"
MOST_INDEX = 2
SAME_ENERGY, SAME_THETA = 1e-9, 1e-4  # of points at the ends; the energy in its unit


@dataclass(kw_only=True)
class Diagram:
    """Arcs, events, and the points at both ends of the interval in the order of their numbers, those given first."""

    arcs: list[Arc] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    points: dict[str, list[Tensor]] = field(default_factory=lambda: {FIRST: [], LAST: []})
    energies: dict[str, list[float]] = field(default_factory=lambda: {FIRST: [], LAST: []})
    claims: dict[End, Arc] = field(default_factory=dict)


class Follower:
    """The state of a diagram that grows; `follow` is its use."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self.diagram = Diagram()

    def add_end(self, place: str, theta: Float[Tensor, "M P"]) -> None:
        """The known points at an end of the interval."""
        for one in theta:
            z = self._at_end(place, one)
            self.diagram.points[place].append(z)
            self.diagram.energies[place].append(float(self.curve.energy_and_gradient(z[None])[0]))

    def grow(self, seeds: list[Seed], stop: Callable[[], bool]) -> None:
        """Follow arcs from seeds, and from all that is met, until nothing is left."""
        while seeds and not stop():
            traced = trace(self.curve, seeds, stop)
            for one in traced:
                self.diagram.claims[one.arc.begin] = one.arc
            for one in traced:
                self._finish(one)
            seeds = self._branches()

    def seeds_at(self, place: str) -> list[Seed]:
        """Seeds from the points at an end of the interval that no arc has reached."""
        sign = self.curve.interval.direction * (1.0 if place == FIRST else -1.0)
        along = self.curve.along_s(1, sign)
        return [
            Seed(z=z, tangent=self.curve.points(z[None], along).tangent[0], begin=End(place, number))
            for number, z in enumerate(self.diagram.points[place])
            if End(place, number) not in self.diagram.claims
        ]

    def _finish(self, traced: Traced) -> None:
        """Give an arc its last end, and keep it unless it was followed from the other side already.

        An arc that ends where another one ended is lost: one of the two has left its curve.
        """
        arc, claims = traced.arc, self.diagram.claims
        arc.end = self._end_of(traced)
        other = claims.get(arc.end)
        if other is not None and other is not arc:
            if other.begin == arc.end and other.end.place != LOST:
                claims[arc.begin] = other
                return
            if other.begin == arc.end and other in self.diagram.arcs:
                self.diagram.arcs.remove(other)
            if other.end == arc.end:
                arc.end = End(LOST)
        if arc.end.place != LOST:
            claims[arc.end] = arc
        self.diagram.arcs.append(arc)

    def _end_of(self, traced: Traced) -> End:
        if traced.landed:
            z, energy = traced.arc.points[-1]
            first = abs(float(z[-1]) - self.curve.interval.ends[0]) < abs(float(z[-1]) - self.curve.interval.ends[1])
            place = FIRST if first else LAST
            return End(place, self._number(place, z, energy))
        singular = traced.crossing and first_event(self.curve, *traced.crossing)
        if not singular:
            return End(LOST)
        for number, event in enumerate(self.diagram.events):
            if is_at(self.curve, event, singular.z):
                return End(EVENT, number, arrival(self.curve, event, singular))
        event, branch = event_at(self.curve, singular)
        self.diagram.events.append(event)
        return End(EVENT, len(self.diagram.events) - 1, branch)

    def _branches(self) -> list[Seed]:
        """Seeds of the branches of events that no arc has claimed and that are to be followed."""
        return [
            Seed(z=branch.z, tangent=branch.tangent, begin=End(EVENT, number, place))
            for number, event in enumerate(self.diagram.events)
            for place, branch in enumerate(event.branches)
            if End(EVENT, number, place) not in self.diagram.claims
            and (branch.index <= MOST_INDEX or self._continues(number, event, place))
        ]

    def _continues(self, number: int, event: Event, place: int) -> bool:
        """True if the branch continues an arc that was followed."""
        others = [sum(pair) - place for pair in event.through if place in pair]
        return any(End(EVENT, number, other) in self.diagram.claims for other in others)

    def _number(self, place: str, z: Float[Tensor, " Q"], energy: float) -> int:
        """The number of a point at an end of the interval; a new point gets the next one."""
        points, energies = self.diagram.points[place], self.diagram.energies[place]
        near = np.abs(np.array(energies) - energy) <= SAME_ENERGY * self.curve.family.energy_unit
        for number in np.flatnonzero(near).tolist():
            one, other = (part[None, :-1].cpu().numpy() for part in (z, points[number]))
            if self.curve.family.symmetry.distance(one, other)[0] <= SAME_THETA:
                return int(number)
        points.append(z)
        energies.append(energy)
        return len(points) - 1

    def _at_end(self, place: str, theta: Float[Tensor, " P"]) -> Float[Tensor, " Q"]:
        s = self.curve.interval.ends[0 if place == FIRST else 1]
        return torch.cat([theta, torch.tensor([s], dtype=theta.dtype, device=theta.device)])


def follow(
    curve: Curve,
    first: Float[Tensor, "M P"],
    last: Float[Tensor, "L P"] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Diagram:
    """The diagram reached from stationary points theta at the first end of the interval, and at the last if given.

    Arcs that were not finished when `stop` became true are lost.
    """
    follower = Follower(curve)
    follower.add_end(FIRST, first)
    if last is not None:
        follower.add_end(LAST, last)
    follower.grow(follower.seeds_at(FIRST), stop)
    if last is not None:
        follower.grow(follower.seeds_at(LAST), stop)
    return follower.diagram
