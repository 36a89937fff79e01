"""Time limits that allow for a busy machine.

Limits in the tests are meant for an idle machine. `patient` multiplies them by the present slowness: the greater of the
time of a fixed computation, relative to an idle core, and of the load for each core. So a test that hangs still ends,
and a test that waits for a processor does not fail.
"""

import os
import time

ITERATIONS = 1_000_000
REFERENCE_SECONDS = 0.06
"""Time of the computation on an idle core of the machine for which the limits were chosen."""
AT_MOST = 10.0
"""Largest factor: with a greater one a limit would mean little."""
VALID_SECONDS = 20.0
"""For how long a measurement is used again."""

_measured: tuple[float, float] | None = None  # time of the measurement, and slowness


def patient(seconds: float) -> float:
    """The limit in seconds on this machine under its present load, for a limit on an idle machine."""
    return seconds * slowness()


def slowness() -> float:
    """Factor by which the machine is slower than an idle one, between 1 and `AT_MOST`."""
    global _measured  # noqa: PLW0603 - measuring takes time, so a measurement serves several tests
    if _measured is None or time.monotonic() > _measured[0] + VALID_SECONDS:
        _measured = time.monotonic(), measured_slowness()
    return _measured[1]


def measured_slowness() -> float:
    """The present slowness, by a measurement."""
    load = os.getloadavg()[0] / len(os.sched_getaffinity(0))
    return min(max(1.0, load, computation_seconds() / REFERENCE_SECONDS), AT_MOST)


def computation_seconds() -> float:
    """Seconds by the clock for a fixed computation in one thread."""
    began, total = time.perf_counter(), 0
    for number in range(ITERATIONS):
        total += number * number % 7
    return time.perf_counter() - began
