"""GMIN and OPTIM on two cores, steered from outside: the other side of `whole.py`, which describes the recipe."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import combinations, combinations_with_replacement, count
from queue import SimpleQueue
from types import TracebackType
from typing import Self

import click
import numpy as np

from tests.benchmarks.atlas import Atlas
from tests.benchmarks.judge import Judge
from tests.benchmarks.worker import Worker, peer_command

LANDSCAPE, L2 = "iris-10", 1e-3
CORES = 2
STEPS = 100  # steps of a walk

Request = dict[str, object]
Pair = tuple[np.ndarray, np.ndarray]


class WholePeers:
    """The points that both codes have found together, the seconds by the wall clock, and the time of the latest find.

    Leaving the block ends the workers.
    """

    def __init__(self, judge: Judge, limit: float) -> None:
        self.found, self.limit, self.seconds, self.latest = Atlas(judge), limit, 0.0, 0.0
        self.workers = ExitStack()
        self.gmin, self.optim = self._team("gmin_peer"), self._team("optim_peer")

    def explore(self, goal: Atlas, seed: int) -> None:
        """Searches until as much is found as in `goal`, or the time is up."""
        self._walk(seed)
        units, random = self.found.judge.units, np.random.default_rng(seed)
        pairs = sorted(combinations(self.found.minima, 2), key=lambda pair: units.distance(pair[1], pair[0]))
        self._join([(first, units.nearest(last, first)) for first, last in pairs])
        while self.seconds < self.limit and not self.found.reaches(goal):
            pairs = list(combinations_with_replacement(self.found.minima, 2))
            self._join([(first, units.random_copy(last, random)) for first, last in pairs])

    def _walk(self, seed: int) -> None:
        """Walks of GMIN, one a core at a time, until a set of walks finds nothing new."""
        for number in count(step=CORES):
            before = len(self.found.minima)
            walks: list[Request] = [{"steps": STEPS, "seed": [seed, number + core]} for core in range(CORES)]
            self._round("walk", self.gmin, walks, self.found.add_minima)
            if len(self.found.minima) == before:
                return

    def _join(self, pairs: Sequence[Pair]) -> None:
        """Paths of OPTIM between pairs."""
        requests: list[Request] = [{"ends": [first.tolist(), last.tolist()]} for first, last in pairs]
        self._round("path", self.optim, requests, lambda points: self.found.add_steps(_steps(points)))

    def _round(
        self, task: str, team: SimpleQueue[Worker], requests: Sequence[Request], add: Callable[[np.ndarray], None]
    ) -> None:
        """Has requests answered and prints new finds with their times; judging stops the clock."""
        begin = time.perf_counter()

        def ask(request: Request) -> tuple[float, np.ndarray]:
            worker = team.get()
            answer = worker.ask(task, landscape=LANDSCAPE, l2=L2, **request)
            team.put(worker)
            return time.perf_counter() - begin, np.array(answer["theta"])

        with ThreadPoolExecutor(CORES) as threads:
            answers = sorted(threads.map(ask, requests), key=lambda answer: answer[0])
        for seconds, points in answers:
            before = str(self.found)
            add(points)
            if str(self.found) != before:
                self.latest = self.seconds + seconds
                click.echo(f"GMIN + OPTIM, {self.latest:.1f} s ({task}): {self.found}")
        self.seconds += answers[-1][0]

    def _team(self, module: str) -> SimpleQueue[Worker]:
        team: SimpleQueue[Worker] = SimpleQueue()
        for _ in range(CORES):
            team.put(self.workers.enter_context(Worker(peer_command(module))))
        return team

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.workers.__exit__(kind, error, at)


def _steps(points: np.ndarray) -> np.ndarray:
    """Steps [T, 3, P] of points [3 T, P]."""
    return points.reshape(-1, 3, points.shape[-1]) if len(points) else np.empty((0, 3, 0))
