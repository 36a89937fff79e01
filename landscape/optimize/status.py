"""Reasons why a walker is no longer running. A failure is data: the caller decides whether to raise."""

from enum import IntEnum


class Status(IntEnum):
    """State of one walker; anything but RUNNING is final."""

    RUNNING = 0
    CONVERGED = 1
    OUT_OF_STEPS = 2
    STALLED = 3
    NOT_FINITE = 4

    @property
    def message(self) -> str:
        """One sentence for a log or a report."""
        return _MESSAGES[self]


_MESSAGES = {
    Status.RUNNING: "still running",
    Status.CONVERGED: "reached the requested RMS gradient",
    Status.OUT_OF_STEPS: "used up its iterations before the requested RMS gradient",
    Status.STALLED: "no acceptable step, not even along the gradient",
    Status.NOT_FINITE: "energy or gradient is not a finite number",
}
