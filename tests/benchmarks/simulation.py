"""A round of a campaign on any number of ranks, event by event, for `coordinator.py`.

One coordinator plans, tells all ranks what is new, hands out tasks one after the other, takes results in as they
arrive, and assimilates and commits them once all are there. The other ranks work, one task each at a time; a message
is on the way for a while, is heard of at the next poll, and waits while the coordinator is at something else. The
coordinating rank works too, but its task stands still while it coordinates. All times are in seconds.
"""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What the parts of a round cost."""

    plan: float  # of a task
    hand_out: float  # of a task to another rank
    receive: float  # of a result from another rank
    assimilate: float  # of a result
    commit: float  # of a round, before the share of its tasks
    commit_task: float
    broadcast: float  # of a round, the coordinator's share
    latency: float  # of a message, during which neither end is at work
    poll: Callable[[float], float]  # how much later a rank that has waited so long receives it


@dataclass(frozen=True, kw_only=True)
class Round:
    """What a round came to."""

    seconds: float
    busy: float  # seconds in which the coordinator was at something else than its own task
    work: float  # seconds of all tasks

    @property
    def speed_up(self) -> float:
        """Over the tasks one after the other, without any coordination."""
        return self.work / self.seconds

    @property
    def busy_fraction(self) -> float:
        """Share of the round in which the coordinator was at work as such."""
        return self.busy / self.seconds


def simulate(ranks: int, tasks: Sequence[float], costs: Costs) -> Round:
    """A round of tasks that take so long, on so many ranks, the coordinating one included."""
    return _Simulation(ranks, tasks, costs).run()


class _Simulation:
    def __init__(self, ranks: int, tasks: Sequence[float], costs: Costs) -> None:
        self.ranks, self.tasks, self.costs = ranks, tasks, costs
        self.waiting = deque(tasks)
        self.arrivals: list[tuple[float, int]] = []  # when which rank's result is there
        self.now = self.busy = 0.0
        self.interrupted = 0.0  # of the coordinating rank's own task, since it was begun
        self.end = len(tasks) * (costs.assimilate + costs.commit_task) + costs.commit
        self.idle = [-self.end] * ranks  # since when each rank waits: at first for what ended the round before
        self.heard = 0.0  # when the coordinator took in a result last

    def run(self) -> Round:
        self._coordinate(self.costs.plan * len(self.tasks) + self.costs.broadcast * (self.ranks > 1))
        for rank in range(min(self.ranks, len(self.tasks))):
            self._hand_out(rank)
        while self.arrivals:
            self._take_in()
        self._coordinate(self.end)
        return Round(seconds=self.now, busy=self.busy, work=sum(self.tasks))

    def _coordinate(self, seconds: float) -> None:
        self.now += seconds
        self.busy += seconds
        self.interrupted += seconds

    def _hand_out(self, rank: int) -> None:
        task = self.waiting.popleft()
        if rank:
            self._coordinate(self.costs.hand_out)
            begun = self.now + self.costs.latency + self.costs.poll(self.now - self.idle[rank])
            self.idle[rank] = begun + task
            heapq.heappush(self.arrivals, (begun + task + self.costs.latency, rank))
        else:
            self.interrupted = 0.0
            heapq.heappush(self.arrivals, (self.now + task, 0))

    def _take_in(self) -> None:
        """The next result that is there; the coordinating rank's own is late by what it was interrupted for."""
        when, rank = heapq.heappop(self.arrivals)
        if rank == 0 and self.interrupted:
            heapq.heappush(self.arrivals, (when + self.interrupted, 0))
            self.interrupted = 0.0
            return
        if when > self.now:
            self.now = when + self.costs.poll(when - self.heard)
        self.heard = self.now
        if rank:
            self._coordinate(self.costs.receive)
        if self.waiting:
            self._hand_out(rank)
