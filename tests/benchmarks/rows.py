"""Rows of measurements: each asks a worker for one kind of work, has it judged, and makes a figure to compare."""

from dataclasses import dataclass
from functools import cached_property
from math import comb
from statistics import median
from typing import Protocol

import numpy as np

from landscape.statistics.coverage import coverage
from tests.benchmarks.judge import FINISHED, Judge
from tests.benchmarks.landscapes import RMS
from tests.benchmarks.worker import Worker

SADDLE_RMS = 1e-6  # of the peer's tuned search of transition states; Newton steps finish all workers' points
RANDOM_STARTS = 2048  # starts whose lowest minima are to be connected


@dataclass(frozen=True)
class Figure:
    """The result of a worker in one round: the figure that is compared, and its details."""

    value: float
    details: str

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.details})"


class Row(Protocol):
    """One kind of work on one landscape."""

    title: str

    def measure(self, worker: Worker, number: int) -> Figure:
        """The worker's figure in round `number`."""


class _OnLandscape:
    """A row's landscape and judge."""

    def __init__(self, landscape: str, l2: float) -> None:
        self.where = {"landscape": landscape, "l2": l2}
        self.place = f"{landscape}, l2 = {l2:g}"
        self.judge = Judge(landscape, l2)


class Quenches(_OnLandscape):
    """Verified minima a second, from starts N(0, 1)."""

    def __init__(self, landscape: str, l2: float, starts: int) -> None:
        super().__init__(landscape, l2)
        self.starts = starts
        self.title = f"quenches per second, {self.place}, {starts} starts"

    def measure(self, worker: Worker, number: int) -> Figure:
        """Minima a second; quenches that stop on saddles do not count. Every round has the same starts."""
        del number
        answer = worker.ask("quench", **self.where, starts=self.starts)
        converged = [point for point in np.array(answer["theta"]) if self.judge.rms(point) <= RMS]
        minima = sum(self.judge.index(point) == 0 for point in converged)
        details = f"{np.mean(answer['counts']):.0f} calls"
        if minima < self.starts:
            details += f", {len(converged) - minima} saddles, {self.starts - len(converged)} failures"
        return Figure(minima / answer["seconds"], details)


class Hopping(_OnLandscape):
    """Distinct minima in a given CPU time."""

    def __init__(self, landscape: str, l2: float, seconds: float) -> None:
        super().__init__(landscape, l2)
        self.seconds = seconds
        self.title = f"distinct minima in {seconds:g} s, {self.place}"

    def measure(self, worker: Worker, number: int) -> Figure:
        """Distinct minima; the number of the round is the seed."""
        answer = worker.ask("hop", **self.where, seconds=self.seconds, seed=number)
        _, hits = self.judge.minima(np.array(answer["theta"]), answer["counts"])
        share = len(hits) / coverage(np.array(hits)).chao1
        rate = sum(answer["counts"]) / answer["seconds"]
        return Figure(len(hits), f"{share:.0%} of Chao1, {rate:.0f} quenches/s, {answer['seconds']:.0f} s")


class Lowest(_OnLandscape):
    """The lowest minima, to be connected."""

    def __init__(self, landscape: str, l2: float, count: int, finder: Worker) -> None:
        super().__init__(landscape, l2)
        self.count, self.finder, self.pairs = count, finder, comb(count, 2)

    @cached_property
    def minima(self) -> list[list[float]]:
        """The lowest of the distinct minima from many random starts; one list for all rows and workers."""
        answer = self.finder.ask("quench", **self.where, starts=RANDOM_STARTS)
        found: list[list[float]] = self.judge.minima(np.array(answer["theta"]), answer["counts"])[0].tolist()
        return found[: self.count]


class Saddles:
    """Verified transition states a minute, between the nearest pairs of the lowest minima."""

    def __init__(self, lowest: Lowest, pairs: int, remark: str = "") -> None:
        self.lowest, self.pairs = lowest, pairs
        chosen = "all" if pairs == lowest.pairs else f"the {pairs} nearest"
        ends = f"{chosen} pairs of the {lowest.count} lowest minima"
        self.title = f"valid transition states per minute, {ends}, {lowest.place}{remark}"

    def measure(self, worker: Worker, number: int) -> Figure:
        """Transition states a minute, from the same pairs in every round; one found twice counts twice."""
        del number
        answer = worker.ask("connect", **self.lowest.where, minima=self.lowest.minima, pairs=self.pairs)
        valid = self.lowest.judge.finished(np.array(answer["theta"]), 1, SADDLE_RMS)
        distinct = len(self.lowest.judge.distinct(np.array(valid), [1] * len(valid), FINISHED)[1])
        details = f"{len(valid)} of {len(answer['theta'])} valid, {distinct} distinct, {answer['seconds']:.0f} s"
        return Figure(60.0 * len(valid) / answer["seconds"], details)


def table_line(title: str, rounds: list[list[Figure]]) -> str:
    """Line of the table: bests (medians) of all workers, and the ratios of the first worker to each other one."""
    ours, *others = ([figure.value for figure in column] for column in zip(*rounds, strict=True))
    cells = [_best(column, figure) for column, figure in zip([ours, *others], rounds[0], strict=True)]
    for place, theirs in enumerate(others, 1):
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        cells[place] += f"; **{max(ours) / max(theirs):.2f}** ({median(ratios):.2f})"
    return f"| {' | '.join([title, *cells])} |"


def _best(values: list[float], figure: Figure) -> str:
    return f"{max(values):.4g} ({median(values):.4g}); {figure.details}"
