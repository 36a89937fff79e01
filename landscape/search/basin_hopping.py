"""Basin-hopping with many walkers (Wales and Doye 1997), aimed at enumeration.

A walker at a minimum is displaced by a Gaussian of its own step length, quenched, and moved to the new minimum by the
Metropolis rule at its own temperature. Every minimum that a quench reaches is reported, accepted or not. A walker
without a minimum begins with a fresh start. Walkers do not wait for each other: a walker whose quench has ended starts
the next one at once.

Walks soon find only minima with large basins. So if minima are known whose units can be exchanged, most quenches start
from an exchange: their minima are reported too, and the walker stays at its minimum. The moves are in `moves.py`.

Shapes: W walkers, S steps, P parameters, F minima that were reached.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics.streams import stream
from landscape.objective import Objective
from landscape.optimize.driver import join, take_rows
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.newton import StationaryPoints
from landscape.optimize.quench import quench_stream
from landscape.search.moves import NOTHING_KNOWN, KnownMinima, Site, chosen_move
from landscape.search.starts import Starts


@dataclass(frozen=True, kw_only=True)
class Hoppers:
    """Walkers of basin-hopping. A row of nan in `theta` is a walker that needs a fresh start."""

    theta: Float[np.ndarray, "W P"]
    energy: Float[np.ndarray, " W"]
    step: Float[np.ndarray, " W"]
    temperature: Float[np.ndarray, " W"]  # in units of energy
    seeds: tuple[tuple[int, ...], ...]  # keys of W random streams


@dataclass(frozen=True, kw_only=True)
class Hops:
    """Results of W walkers after S steps each."""

    minima: StationaryPoints  # [F], in order of walker and step
    reached: Int[np.ndarray, "W S"]  # row of minima, or -1 where a quench reached no minimum or the walker did not walk
    accepted: Bool[np.ndarray, "W S"]
    walked: Bool[np.ndarray, "W S"]  # true for steps by moves that walk
    left: int  # quenches that left the box of the energy; outside of it the energy is minus infinity


def hop(
    objective: Objective,
    hoppers: Hoppers,
    steps: int,
    *,
    starts: Starts,
    known: KnownMinima = NOTHING_KNOWN,
    method: LBFGS,
    batch: int,
) -> Hops:
    """Advances every walker by `steps` >= 1 basin-hopping steps, each walker from its own random stream.

    Walkers without a minimum begin at `starts`; `known` are minima whose units may be exchanged.
    """
    walk = _Walk(objective, hoppers, steps, starts, known)
    quench_stream(objective, walk.first_trials(), walk.proceed, method=method, batch=batch)
    return walk.hops()


class _Walk:
    """The walkers between quenches; `quench_stream` calls `proceed` when quenches end."""

    def __init__(self, objective: Objective, hoppers: Hoppers, steps: int, starts: Starts, known: KnownMinima) -> None:
        self.objective = objective
        self.steps = steps
        self.starts, self.known = starts, known
        self.step, self.temperature = hoppers.step, hoppers.temperature
        self.random = [stream(*key) for key in hoppers.seeds]
        self.theta, self.energy = hoppers.theta.copy(), hoppers.energy.copy()
        walkers = len(self.theta)
        self.done = np.zeros(walkers, dtype=np.int64)
        self.walked = np.zeros((walkers, steps), dtype=bool)
        self.accepted = np.zeros((walkers, steps), dtype=bool)
        self.places: list[tuple[int, int]] = []
        self.parts: list[StationaryPoints] = []
        self.left = 0

    def first_trials(self) -> Float[Tensor, "W P"]:
        return self._trials(range(len(self.theta)))

    def proceed(self, walkers: list[int], points: StationaryPoints) -> tuple[list[int], Float[Tensor, "n P"]]:
        minimum = points.is_minimum
        self.parts.append(take_rows(points, minimum.nonzero()[:, 0]))
        self.left += int(points.energy.isneginf().sum())
        theta, energy, reached = points.theta.cpu().numpy(), points.energy.cpu().numpy(), minimum.tolist()
        for row, walker in enumerate(walkers):
            if reached[row]:
                self.places.append((walker, int(self.done[walker])))
                if self.walked[walker, self.done[walker]]:
                    self._decide(walker, theta[row], float(energy[row]))
            self.done[walker] += 1
        following = [walker for walker in walkers if self.done[walker] < self.steps]
        return following, self._trials(following)

    def hops(self) -> Hops:
        order = sorted(range(len(self.places)), key=self.places.__getitem__)
        reached = np.full(self.accepted.shape, -1, dtype=np.int64)
        for row, place in enumerate(order):
            reached[self.places[place]] = row
        minima = take_rows(join(self.parts), torch.tensor(order, dtype=torch.int64))
        reached[~self.walked] = -1
        return Hops(minima=minima, reached=reached, accepted=self.accepted, walked=self.walked, left=self.left)

    def _decide(self, walker: int, theta: Float[np.ndarray, " P"], energy: float) -> None:
        """Metropolis rule: a rise below temperature times an exponential random number is accepted.

        A walker without a minimum accepts the first minimum.
        """
        rise = energy - self.energy[walker]
        first = np.isnan(self.theta[walker, 0])
        if first or rise <= 0 or rise < self.temperature[walker] * self.random[walker].standard_exponential():
            self.theta[walker], self.energy[walker] = theta, energy
            self.accepted[walker, self.done[walker]] = True

    def _trials(self, walkers: range | list[int]) -> Float[Tensor, "n P"]:
        trials = np.empty((len(walkers), self.theta.shape[1]))
        for row, walker in enumerate(walkers):
            site = Site(self.theta[walker], float(self.step[walker]), self.starts, self.known)
            move = chosen_move(site, self.random[walker])
            self.walked[walker, self.done[walker]] = move.walks
            trials[row] = move.propose(site, self.random[walker])
        return torch.tensor(trials, device=self.objective.device)
