"""Reasons why a walker is no longer running. A failure is data: the caller decides whether to raise.

Shapes: W walkers, P parameters.
"""

from enum import IntEnum

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


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


def fresh_status(energy: Float[Tensor, " W"], gradient: Float[Tensor, "W P"]) -> Int[Tensor, " W"]:
    """The status [W] of walkers at their starts: they run where energy and gradient are finite."""
    finite = energy.isfinite() & gradient.isfinite().all(1)
    return torch.where(finite, Status.RUNNING, Status.NOT_FINITE)


def status_after(
    energy: Float[Tensor, " W"], gradient: Float[Tensor, "W P"], target: float, exhausted: Bool[Tensor, " W"]
) -> Int[Tensor, " W"]:
    """The status [W] after a step: `target` is the RMS gradient to reach, `exhausted` true without steps left."""
    rms = gradient.norm(dim=1) / gradient.shape[1] ** 0.5
    status = torch.where(exhausted, Status.OUT_OF_STEPS, Status.RUNNING)
    status = torch.where(rms <= target, Status.CONVERGED, status)
    return torch.where(energy.isfinite() & rms.isfinite(), status, Status.NOT_FINITE)
