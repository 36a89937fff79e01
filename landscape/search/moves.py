"""The moves of basin-hopping, which propose the start of a walker's next quench.

A new move is a function and its declaration in `MOVES`. Shapes: P parameters, M minima, U units of a group, F
components of a unit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from landscape.search.starts import Starts

EXCHANGE_NOISE = 0.05  # standard deviation in each parameter


@dataclass(frozen=True)
class KnownMinima:
    """Known minima, and which of their parameters belong together."""

    minima: Float[np.ndarray, "M P"]
    # A group of like units is an array with a row for each unit: the places of its components in theta.
    units: tuple[Int[np.ndarray, "_U _F"], ...] = ()


NOTHING_KNOWN = KnownMinima(np.empty((0, 0)))


@dataclass(frozen=True)
class Site:
    """The place of a walker, and everything else that a move can use."""

    theta: Float[np.ndarray, " P"]  # the minimum of the walker; nan if it has none
    step: float
    starts: Starts
    known: KnownMinima


@dataclass(frozen=True)
class Move:
    """A move: `propose` gives the point [P] from which to quench, for a walker to which the move `applies`.

    A `share` of these walkers makes this move, the others make a later move of `MOVES`. After a move that `walks`, the
    walker may move to the minimum of the quench; after other moves it stays at its minimum.
    """

    propose: Callable[[Site, np.random.Generator], Float[np.ndarray, " P"]]
    applies: Callable[[Site], bool]
    share: float = 1.0
    walks: bool = True


def exchange(site: Site, random: np.random.Generator) -> Float[np.ndarray, " P"]:
    """A known minimum with one unit exchanged for a unit of another or the same minimum: the cut-and-splice of clusters
    (Deaven and Ho, Phys. Rev. Lett. 75, 288, 1995) for points made of several similar parts.

    All units of the point but one are those of the minimum. Units of a group are interchangeable, as the hidden units
    of a layer or the atoms of a cluster are. A little noise takes the point out of symmetric subspaces.
    """
    minima, units = site.known.minima, site.known.units
    receiver, donor = minima[random.integers(len(minima), size=2)]
    group = units[random.integers(len(units))]
    old, new = group[random.integers(len(group), size=2)]
    point: np.ndarray = receiver + EXCHANGE_NOISE * random.standard_normal(len(site.theta))
    point[old] += donor[new] - receiver[old]
    return point


def fresh_start(site: Site, random: np.random.Generator) -> Float[np.ndarray, " P"]:
    """A new starting point."""
    return site.starts.draw(random, len(site.theta))


def displacement(site: Site, random: np.random.Generator) -> Float[np.ndarray, " P"]:
    """The minimum of the walker, displaced by a Gaussian of its step length."""
    return site.theta + site.step * random.standard_normal(len(site.theta))


def _can_exchange(site: Site) -> bool:
    return len(site.known.minima) > 0 and len(site.known.units) > 0


def _stands_nowhere(site: Site) -> bool:
    return bool(np.isnan(site.theta[0]))


MOVES = {
    "exchange": Move(exchange, applies=_can_exchange, share=0.8, walks=False),
    "fresh start": Move(fresh_start, applies=_stands_nowhere),
    "displacement": Move(displacement, applies=lambda site: not _stands_nowhere(site)),
}
"""The moves by name, in the order in which they are tried; one of the last two applies to every walker."""


def chosen_move(site: Site, random: np.random.Generator) -> Move:
    """The first move that applies to a walker and is drawn with the probability `share`."""
    applicable = (move for move in MOVES.values() if move.applies(site))
    return next(move for move in applicable if move.share == 1.0 or random.random() < move.share)
