"""Rounds that sample a landscape: independent quenches, and chains between random pairs of their minima.

A sample answers questions about landscapes with too many minima to be listed. Its quenches start from one law. They are
no hits of the search's minima; minima and transition states along chains are not added to those of the search either.
Each quench has its own random stream, so a larger sample begins with the quenches of a smaller one. Pairs are drawn
among the present quenches: further quenches leave the pairs drawn before unchanged.

Shapes: Q quenches, S pairs, P parameters.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.identity import PointIndex
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.phase import Plan, rounds_done, task_starts
from landscape.database.records import Commit
from landscape.database.sampled import QUENCHES, TRAINING, Sampled, SampledPairs, SampledQuenches
from landscape.database.tables import Tables
from landscape.errors import PropertyError
from landscape.numerics.streams import stream
from landscape.optimize.quench import quench
from landscape.search.chain_graph import Effort
from landscape.search.chains import BAND, FOLLOWING, ChainSettings, chains
from landscape.search.starts import GaussianStarts
from landscape.studies.locations import minimum_rows

STARTS, PAIRS = 1, 2  # purposes of random streams; their keys are longer than those of the search
TASK_QUENCHES, TASK_PAIRS, ROUND_TASKS = 8, 1, 8
ROUND_PAIRS = ROUND_TASKS * TASK_PAIRS


@dataclass(frozen=True, kw_only=True)
class QuenchResult:
    """Minima that quenches reached, in canonical form; NaN for a quench that reached none."""

    parameters: np.ndarray  # [Q, P]
    energy: np.ndarray  # [Q]
    evaluations: int


@dataclass(frozen=True, kw_only=True)
class SampleTask:
    """Quench from independent starts."""

    seeds: tuple[tuple[int, ...], ...]  # keys of Q random streams

    def run(self, context: Context) -> QuenchResult:
        """The minimum below each start."""
        counted, counter = context.counted()
        law, size = GaussianStarts((context.settings.sample.scale,)), context.objective.n_parameters
        starts = torch.tensor(np.array([law.draw(stream(*seed), size) for seed in self.seeds]))
        points = quench(
            counted.objective, starts.to(context.objective.device), method=context.quench, batch=len(starts)
        )
        reached = points.is_minimum.cpu().numpy()
        theta, energy = points.theta.cpu().numpy(), points.energy.cpu().numpy()
        parameters = np.full(theta.shape, np.nan)
        parameters[reached] = context.objective.symmetry.canonical(theta[reached])
        return QuenchResult(
            parameters=parameters, energy=np.where(reached, energy, np.nan), evaluations=counter.evaluations
        )


class SampleQuenches:
    """Rounds of the quenches that the sample still lacks."""

    kind = "sample_quenches"

    def __init__(self, context: Context, index: LandscapeIndex) -> None:
        self.context, self.index = context, index

    def planned_rounds(self, tables: Tables) -> int:
        """Number of rounds: those done, and those that the sample still needs."""
        left = max(0, self.context.settings.sample.quenches - len(tables.sampled_quenches))
        return rounds_done(tables, self.kind) + -(-left // (TASK_QUENCHES * ROUND_TASKS))

    def plan(self, tables: Tables) -> Plan[SampleTask] | None:
        """The next quenches; None if the sample has all that the run file asks for."""
        start, seed = len(tables.sampled_quenches), self.context.settings.run.seed
        end = min(self.context.settings.sample.quenches, start + TASK_QUENCHES * ROUND_TASKS)
        seeds = [(seed, STARTS, 0, 0, number) for number in range(start, end)]
        parts = [tuple(seeds[first : first + TASK_QUENCHES]) for first in task_starts(len(seeds), TASK_QUENCHES)]
        return Plan(tasks=[SampleTask(seeds=part) for part in parts]) if parts else None

    def assimilate(
        self, tables: Tables, plan: Plan[SampleTask], results: Sequence[QuenchResult], seconds: float
    ) -> Commit:
        """The commit of the quenches, each with its basin."""
        parameters = np.concatenate([result.parameters for result in results])
        energy = np.concatenate([result.energy for result in results])
        basin = self._basins(tables.sampled_quenches, energy, parameters)
        commit = Assimilation(self.index, tables).commit(
            kind=self.kind,
            tasks=len(plan.tasks),
            evaluations=sum(result.evaluations for result in results),
            seconds=seconds,
        )
        quenches = SampledQuenches(parameters=parameters, energy=energy, basin=basin)
        return replace(commit, sampled=Sampled(quenches=quenches))

    def _basins(self, known: SampledQuenches, energy: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """The basins int64[Q] of new quenches of energy [Q] and parameters [Q, P] that follow the known ones."""
        first = np.flatnonzero(known.basin == np.arange(len(known))).tolist()  # the first quench of each basin
        index = PointIndex(self.index.symmetry, self.context.identity)
        index.fill(known.energy[first], known.parameters[first])
        basin = np.full(len(energy), -1)
        for place in np.flatnonzero(np.isfinite(energy)).tolist():
            number = index.find_or_add(float(energy[place]), parameters[place])
            if number == len(first):
                first.append(len(known) + place)
            basin[place] = first[number]
        return basin


@dataclass(frozen=True, kw_only=True)
class PairsResult:
    """Results of chains between pairs, and their cost."""

    pairs: SampledPairs  # [S]
    evaluations: int


@dataclass(frozen=True, kw_only=True)
class PairsTask:
    """Chains between pairs of minima."""

    ends_of: str
    rows: np.ndarray  # int64[S, 2]
    first: np.ndarray  # [S, P]
    last: np.ndarray  # [S, P]

    def run(self, context: Context) -> PairsResult:
        """Bounds of the barriers between the pairs."""
        counted, counter = context.counted()
        objective = counted.objective
        first, last = (torch.tensor(theta, device=objective.device) for theta in (self.first, self.last))
        found = chains(objective, first, last, _chain_settings(context))
        highest, states = [graph.highest for graph in found.graphs], np.full(self.first.shape, np.nan)
        for pair, (_, row) in enumerate(highest):
            if row >= 0:
                states[pair] = found.graphs[pair].states.theta[row]
        energies = np.stack([objective.energy(theta).cpu().numpy() for theta in (first, last)], axis=1)
        pairs = SampledPairs(
            ends_of=np.full(len(first), self.ends_of),
            rows=self.rows,
            energies=energies,
            straight=found.straight,
            band=found.band,
            certified=np.array([energy for energy, _ in highest]),
            joined=np.array([graph.joined for graph in found.graphs]),
            attempts=np.array([graph.attempts for graph in found.graphs]),
            parameters=objective.symmetry.canonical(states),
        )
        return PairsResult(pairs=pairs, evaluations=counter.evaluations)


def _chain_settings(context: Context) -> ChainSettings:
    """Settings of chains by the tables [sample], [connect] and [identity]."""
    connect, identity = context.settings.connect, context.identity
    return ChainSettings(
        search=replace(context.search, band=BAND, following=FOLLOWING, known=None),  # takes no states from the search
        effort=Effort(
            attempts=context.settings.sample.attempts,
            image_density=connect.image_density,
            min_images=connect.min_images,
            max_images=connect.max_images,
            energy_tolerance=identity.energy_tolerance,
            distance_tolerance=identity.distance_tolerance,
        ),
    )


class _Pairs(ABC):
    """Rounds of chains between random pairs of rows of a table, equally many in each group of rows."""

    kind: str
    ends_of: str

    def __init__(self, context: Context, index: LandscapeIndex) -> None:
        self.context, self.index = context, index

    def planned_rounds(self, tables: Tables) -> int:
        """Number of rounds: those done, and those that the present rows still need."""
        left = sum(lacking for _, _, lacking in self._groups(tables))
        return rounds_done(tables, self.kind) + -(-left // ROUND_PAIRS)

    def plan(self, tables: Tables) -> Plan[PairsTask] | None:
        """The next pairs to be connected; None if there are none left, or if the energy is not smooth."""
        if not self.context.objective.smooth:
            return None
        rows = self._next(tables)
        parts = [rows[first : first + TASK_PAIRS] for first in task_starts(len(rows), TASK_PAIRS)]
        tasks = [
            PairsTask(
                ends_of=self.ends_of,
                rows=part,
                first=self.parameters(tables, part[:, 0]),
                last=self.parameters(tables, part[:, 1]),
            )
            for part in parts
        ]
        return Plan(tasks=tasks) if tasks else None

    def assimilate(
        self, tables: Tables, plan: Plan[PairsTask], results: Sequence[PairsResult], seconds: float
    ) -> Commit:
        """The commit of the pairs."""
        commit = Assimilation(self.index, tables).commit(
            kind=self.kind,
            tasks=len(plan.tasks),
            evaluations=sum(result.evaluations for result in results),
            seconds=seconds,
        )
        return replace(commit, sampled=Sampled(pairs=SampledPairs.concatenated([result.pairs for result in results])))

    def _next(self, tables: Tables) -> np.ndarray:
        """The pairs int64[S, 2] of rows that are tried in the next round."""
        key = (self.context.settings.run.seed, PAIRS, 0)
        due = [
            further_pairs(rows, stored, len(stored) + min(lacking, ROUND_PAIRS), (*key, number))
            for number, (rows, stored, lacking) in enumerate(self._groups(tables))
        ]
        return np.concatenate([*due, np.empty((0, 2), dtype=np.int64)])[:ROUND_PAIRS]

    def _groups(self, tables: Tables) -> list[tuple[np.ndarray, np.ndarray, int]]:
        """Rows int64[n] of each group, their stored pairs int64[s, 2], and the number of pairs that it lacks."""
        stored = tables.sampled_pairs.rows[tables.sampled_pairs.ends_of == self.ends_of]
        own = [(rows, stored[np.isin(stored[:, 0], rows)]) for rows in self.groups(tables)]
        most = self.context.settings.sample.pairs
        return [(rows, pairs, max(0, min(most, math.comb(len(rows), 2)) - len(pairs))) for rows, pairs in own]

    @abstractmethod
    def groups(self, tables: Tables) -> list[np.ndarray]:
        """The rows int64[n] with a minimum in each group."""

    @abstractmethod
    def parameters(self, tables: Tables, rows: np.ndarray) -> np.ndarray:
        """The parameters [n, P] of the minima of rows int64[n]."""


def further_pairs(rows: np.ndarray, stored: np.ndarray, count: int, key: tuple[int, ...]) -> np.ndarray:
    """Random distinct pairs int64[S, 2] of rows int64[n], which bring the stored pairs [s, 2] up to `count`.

    All pairs are taken if there are no more than `count`. Pair number k has the random stream (*key, k).
    """
    taken = {(int(i), int(j)) for i, j in stored}
    further = []
    for number in range(len(taken), min(count, math.comb(len(rows), 2))):
        random = stream(*key, number)
        while (pair := tuple(sorted(random.choice(rows, 2, replace=False).tolist()))) in taken:
            pass
        taken.add(pair)
        further.append(pair)
    return np.array(further, dtype=np.int64).reshape(-1, 2)


class SamplePairs(_Pairs):
    """Chains between random pairs of quenches."""

    kind, ends_of = "sample_pairs", QUENCHES

    def groups(self, tables: Tables) -> list[np.ndarray]:
        """The quenches that ended in a minimum, in one group."""
        return [np.flatnonzero(tables.sampled_quenches.basin >= 0)]

    def parameters(self, tables: Tables, rows: np.ndarray) -> np.ndarray:
        """The minima that the quenches ended in."""
        return np.asarray(tables.sampled_quenches.parameters[rows])


class TrainingPairs(_Pairs):
    """Chains between random pairs of located end points of training, equally many in each regime."""

    kind, ends_of = "training_pairs", TRAINING

    def groups(self, tables: Tables) -> list[np.ndarray]:
        """The located end points of each regime. Raises PropertyError if a regime has none."""
        minimum = self._minimum(tables)
        regime = tables.training.regime[: len(minimum)]
        return [np.flatnonzero((regime == code) & (minimum >= 0)) for code in range(len(tables.regimes))]

    def parameters(self, tables: Tables, rows: np.ndarray) -> np.ndarray:
        """The minima below the end points."""
        return np.asarray(tables.minima.parameters[self._minimum(tables)[rows]])

    def _minimum(self, tables: Tables) -> np.ndarray:
        """The rows of minima below the end points, -1 for none."""
        stored = tables.properties["training"].get("minimum")
        if stored is None:
            raise PropertyError(
                "expected located end points of training, found none: run 'landscape locate FILE.h5' first"
            )
        return minimum_rows(stored)
