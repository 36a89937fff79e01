"""Basin-hopping with many walkers (Wales and Doye 1997), aimed at enumeration.

A walker stands on a minimum, is displaced by a Gaussian of its own step length, quenched, and moves to the
new minimum by the Metropolis rule at its own temperature. Every quench that reaches a minimum is a find,
accepted or not. A walker without a minimum begins with a fresh start. Walkers do not wait for each other:
one that has finished its quench starts the next at once.

Walks soon see the minima with large basins only. So where minima are known and made of units that can be exchanged,
most steps are lent to that: the quench starts from an exchange, its minimum is a find, the walker stays where it is.

Shapes: W walkers, S steps, P parameters, F finds.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from landscape.numerics.streams import stream
from landscape.objective import Objective
from landscape.optimize.driver import join, take_rows
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.newton import StationaryPoints
from landscape.optimize.quench import quench_stream
from landscape.search.starts import Starts

EXCHANGES = 0.8  # of the steps


@dataclass(frozen=True, kw_only=True)
class Hoppers:
    """Walkers of basin-hopping. A row of nan in `theta` is a walker that needs a fresh start."""

    theta: np.ndarray  # [W, P]
    energy: np.ndarray  # [W]
    step: np.ndarray  # [W]
    temperature: np.ndarray  # [W], in units of energy
    seeds: tuple[tuple[int, ...], ...]  # keys of W random streams


@dataclass(frozen=True, kw_only=True)
class Hops:
    """What W walkers found in S steps each."""

    finds: StationaryPoints  # the minima [F], in order of walker and step
    find: np.ndarray  # int64[W, S]: row of finds, or -1 for an exchange or a quench that reached no minimum
    accepted: np.ndarray  # bool[W, S]
    exchanged: np.ndarray  # bool[W, S]: exchanges, which are no steps of the walk


def hop(
    objective: Objective,
    hoppers: Hoppers,
    steps: int,
    *,
    starts: Starts,
    exchanges: Starts | None = None,
    method: LBFGS,
    batch: int,
) -> Hops:
    """Advances every walker by `steps` >= 1 basin-hopping steps, each walker from its own random stream.

    With `exchanges`, a share `EXCHANGES` of the steps are quenches from there instead.
    """
    walk = _Walk(objective, hoppers, steps, starts, exchanges)
    quench_stream(objective, walk.first_trials(), walk.proceed, method=method, batch=batch)
    return walk.hops()


class _Walk:
    """The walkers between quenches; `proceed` is what `quench_stream` calls when quenches end."""

    def __init__(
        self, objective: Objective, hoppers: Hoppers, steps: int, starts: Starts, exchanges: Starts | None
    ) -> None:
        self.objective = objective
        self.steps = steps
        self.starts, self.exchanges = starts, exchanges
        self.step, self.temperature = hoppers.step, hoppers.temperature
        self.random = [stream(*key) for key in hoppers.seeds]
        self.theta, self.energy = hoppers.theta.copy(), hoppers.energy.copy()
        walkers = len(self.theta)
        self.done = np.zeros(walkers, dtype=np.int64)
        self.exchanged = np.zeros((walkers, steps), dtype=bool)
        self.accepted = np.zeros((walkers, steps), dtype=bool)
        self.places: list[tuple[int, int]] = []
        self.parts: list[StationaryPoints] = []

    def first_trials(self) -> Tensor:
        return self._trials(range(len(self.theta)))

    def proceed(self, walkers: list[int], points: StationaryPoints) -> tuple[list[int], Tensor]:
        minimum = points.is_minimum
        self.parts.append(take_rows(points, minimum.nonzero()[:, 0]))
        theta, energy, reached = points.theta.cpu().numpy(), points.energy.cpu().numpy(), minimum.tolist()
        for row, walker in enumerate(walkers):
            if reached[row]:
                self.places.append((walker, int(self.done[walker])))
                if not self.exchanged[walker, self.done[walker]]:
                    self._decide(walker, theta[row], float(energy[row]))
            self.done[walker] += 1
        following = [walker for walker in walkers if self.done[walker] < self.steps]
        return following, self._trials(following)

    def hops(self) -> Hops:
        order = sorted(range(len(self.places)), key=self.places.__getitem__)
        find = np.full(self.accepted.shape, -1, dtype=np.int64)
        for row, place in enumerate(order):
            find[self.places[place]] = row
        finds = take_rows(join(self.parts), torch.tensor(order, dtype=torch.int64))
        find[self.exchanged] = -1
        return Hops(finds=finds, find=find, accepted=self.accepted, exchanged=self.exchanged)

    def _decide(self, walker: int, theta: np.ndarray, energy: float) -> None:
        """Metropolis: a rise below temperature * an exponential random number is accepted.

        A walker without a minimum takes the first it gets.
        """
        rise = energy - self.energy[walker]
        first = np.isnan(self.theta[walker, 0])
        if first or rise <= 0 or rise < self.temperature[walker] * self.random[walker].standard_exponential():
            self.theta[walker], self.energy[walker] = theta, energy
            self.accepted[walker, self.done[walker]] = True

    def _trials(self, walkers: range | list[int]) -> Tensor:
        trials = np.empty((len(walkers), self.theta.shape[1]))
        for row, walker in enumerate(walkers):
            random, current = self.random[walker], self.theta[walker]
            if self.exchanges is not None and random.random() < EXCHANGES:
                self.exchanged[walker, self.done[walker]] = True
                trials[row] = self.exchanges.draw(random, len(current))
            elif np.isnan(current[0]):
                trials[row] = self.starts.draw(random, len(current))
            else:
                trials[row] = current + self.step[walker] * random.standard_normal(len(current))
        return torch.tensor(trials, device=self.objective.device)
