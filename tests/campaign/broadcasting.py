"""An MPI job that broadcasts numbers between rounds of tasks: `broadcasting.py FAN_OUT`.

The result of a task is the list of numbers that its rank has received; some updates are too long to be sent before a
receive is posted.
"""

import sys
import time

import numpy as np

from landscape.campaign.pools import mpi
from landscape.campaign.pools.launch import Communicator, world

ROUNDS = 4
LONG = 100_000


class Listener:
    """A worker that keeps the updates it receives."""

    def __init__(self) -> None:
        self.received: list[int] = []

    def execute(self, task: int) -> tuple[int, list[int]]:
        """The task, and the updates received so far."""
        time.sleep(0.001 * (task % 3))
        return task, list(self.received)

    def receive(self, update: np.ndarray) -> None:
        """Keep an update."""
        self.received.append(int(update[0]))


def coordinate(comm: Communicator) -> None:
    """Run rounds of tasks, some after two updates, some after none."""
    pool, sent = mpi.MpiPool(comm, lambda task: (task, None)), list[int]()
    for number in range(ROUNDS):
        for update in range(number % 3):
            sent.append(10 * number + update)
            pool.broadcast(np.full(LONG if update else 1, sent[-1]))
        results = pool.run(range(20), lambda: None, lambda: False)
        assert [task for task, _ in results] == list(range(20))
        assert all(received in (None, sent) for _, received in results)
        assert any(received == sent for _, received in results)
    pool.broadcast(np.full(LONG, -1))
    pool.end(0)


if __name__ == "__main__":
    mpi.FAN_OUT = int(sys.argv[1])
    comm = world()
    assert comm is not None
    if comm.rank:
        sys.exit(mpi.serve(comm, Listener()))
    coordinate(comm)
    print("every task received everything")  # noqa: T201 - read by the test
