"""Consequences of a trial of L-BFGS: one source for tensors, and in compiled code for numbers and vectors.

Each way of computing decides by itself if a trial is accepted: the energy may rise by at most `max_energy_rise`, and in
float32 by some more units in its last place. A rejected step is shortened to a tenth and tried from the same point.
After `PATIENCE` rejections in a row the history is forgotten, after as many more the walker has stalled.
"""

from typing import Any, NamedTuple

from landscape.numerics.compilation import inlined
from landscape.numerics.vectors import where
from landscape.optimize.status import Status

SHORTENING = 0.1
PATIENCE = 10
LEAST_CURVATURE = 1e-14  # a pair of a step s and a change y of the gradient is kept if s.y exceeds this times y.y
RUNNING, CONVERGED = int(Status.RUNNING), int(Status.CONVERGED)
OUT_OF_STEPS, STALLED = int(Status.OUT_OF_STEPS), int(Status.STALLED)

Number = Any  # a tensor [W], a number or a vector


class Decision(NamedTuple):
    """Consequences of a trial."""

    scale: Number  # of the next trial, in lengths of the direction
    rejections: Number  # in a row
    calls: Number
    forgets: Number  # true if the history is to be forgotten
    status: Number


@inlined
def decide(
    max_calls: int, accepted: Number, converged: Number, scale: Number, rejections: Number, calls: Number
) -> Decision:
    """The decision on a trial of a running walker that had this `scale` and these numbers of `rejections` and `calls`.

    `accepted` is true for an accepted trial, `converged` for a small enough gradient. Later lines override the status
    of earlier ones: a walker whose last allowed trial converges has converged.
    """
    calls = calls + 1
    rejections = where(accepted, 0, rejections + 1)
    forgets = rejections == PATIENCE
    status = where(calls >= max_calls, OUT_OF_STEPS, RUNNING)
    status = where(rejections >= 2 * PATIENCE, STALLED, status)
    status = where(accepted * converged, CONVERGED, status)
    return Decision(
        scale=where(accepted + forgets, 1.0, SHORTENING * scale),
        rejections=rejections,
        calls=calls,
        forgets=forgets,
        status=status,
    )
