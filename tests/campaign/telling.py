"""An MPI job whose ranks are told numbers between rounds of tasks: `telling.py FAN_OUT`.

The result of a task is what its rank has heard by then; some news are too long to be sent before they are received.
"""

import sys
import time

import numpy as np

from landscape.campaign.pools import mpi

ROUNDS = 4
LONG = 100_000


class Listener:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def execute(self, task: int) -> tuple[int, list[int]]:
        """What was heard."""
        time.sleep(0.001 * (task % 3))
        return task, list(self.heard)

    def learn(self, news: np.ndarray) -> None:
        """Keeps it."""
        self.heard.append(int(news[0]))


def coordinate(comm: mpi.Communicator) -> None:
    """Rounds of tasks, some after two news, some after none."""
    pool, told = mpi.MpiPool(comm, lambda task: (task, None)), list[int]()
    for number in range(ROUNDS):
        for news in range(number % 3):
            told.append(10 * number + news)
            pool.tell(np.full(LONG if news else 1, told[-1]))
        results = pool.run(range(20), lambda: None, lambda: False)
        assert [task for task, _ in results] == list(range(20))
        assert all(heard in (None, told) for _, heard in results)
        assert any(heard == told for _, heard in results)
    pool.tell(np.full(LONG, -1))
    pool.end(0)


if __name__ == "__main__":
    mpi.FAN_OUT = int(sys.argv[1])
    world = mpi.world()
    assert world is not None
    if world.rank:
        sys.exit(mpi.serve(world, Listener()))
    coordinate(world)
    print("every task heard everything")  # noqa: T201 - read by the test
