"""A round of a campaign on any number of ranks, event by event, for `coordinator.py`.

One coordinator plans, broadcasts the new points to all ranks, hands out tasks one after the other, receives results as
they arrive, and assimilates and commits them once all are there. The other ranks work on one task at a time. A message
travels for a while, is received at the next poll, and waits while the coordinator is busy. The coordinating rank works
too, but its task stops while it coordinates. All times are in seconds.
"""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The costs of the parts of a round."""

    plan: float  # for a task
    hand_out: float  # for a task to another rank
    receive: float  # for a result from another rank
    assimilate: float  # for a result
    commit: float  # for a round, without the share of its tasks
    commit_task: float
    broadcast: float  # the coordinator's share for a round
    latency: float  # for a message; neither end is busy meanwhile
    poll: Callable[[float], float]  # delay of a message to a rank that has waited for the given time


@dataclass(frozen=True, kw_only=True)
class Round:
    """The result of a simulated round."""

    seconds: float
    busy: float  # seconds in which the coordinator did not work on its own task
    work: float  # seconds of all tasks

    @property
    def speed_up(self) -> float:
        """Speed-up over running the tasks one after the other without coordination."""
        return self.work / self.seconds

    @property
    def busy_fraction(self) -> float:
        """Share of the round in which the coordinator was coordinating."""
        return self.busy / self.seconds


def simulate(ranks: int, tasks: Sequence[float], costs: Costs) -> Round:
    """A round of tasks of these durations on `ranks` ranks, the coordinating one included."""
    return _Simulation(ranks, tasks, costs).run()


class _Simulation:
    def __init__(self, ranks: int, tasks: Sequence[float], costs: Costs) -> None:
        self.ranks, self.tasks, self.costs = ranks, tasks, costs
        self.waiting = deque(tasks)
        self.arrivals: list[tuple[float, int]] = []  # time and rank of each result that arrives
        self.now = self.busy = 0.0
        self.interrupted = 0.0  # time lost by the coordinating rank's own task since its start
        self.end = len(tasks) * (costs.assimilate + costs.commit_task) + costs.commit
        self.idle = [-self.end] * ranks  # start of each rank's wait: at first the end of the previous round's results
        self.heard = 0.0  # time at which the coordinator last received a result

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
        """Take in the next result; that of the coordinating rank is delayed by its interruptions."""
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
