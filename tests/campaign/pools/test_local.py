"""The pool of one process."""

import os
import signal
import threading
import time
from types import FrameType

import pytest

from landscape.campaign.pools.local import POLL_SECONDS, LocalPool
from landscape.campaign.pools.pool import Abandoned


def test_a_signal_that_is_handled_late_still_ends_the_round() -> None:
    """On a busy machine Python may handle a signal long after it came, later than the next poll is due."""
    signalled, ended = threading.Event(), threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        time.sleep(4.0 * POLL_SECONDS)
        signalled.set()

    def execute(task: int) -> int:
        time.sleep(2.5 * POLL_SECONDS)  # the main thread waits for a result
        os.kill(os.getpid(), signal.SIGUSR1)
        ended.wait(60.0)
        return task

    pool, previous = LocalPool(execute), signal.signal(signal.SIGUSR1, on_signal)
    began = time.monotonic()
    try:
        with pytest.raises(Abandoned):
            pool.run([1], lambda: None, signalled.is_set)
        assert time.monotonic() < began + 30.0  # not the 60 seconds of the task
    finally:
        signal.signal(signal.SIGUSR1, previous)
        ended.set()
        pool.wait()
