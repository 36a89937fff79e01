"""Quench: from any point to a verified minimum.

L-BFGS brings a walker to an RMS gradient of 1e-7, Newton steps to rounding error; the Hessian spectrum gives the index.
A walker that started in the symmetric subspace of a saddle ends on the saddle: it is displaced along the negative
eigenvector and quenched again, at most `STEP_OFFS` times. Walkers form a stream: `proceed` may return new work for the
place of a finished walker, so the batch stays full.
Shapes: W walkers, P parameters.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.objective import Objective
from landscape.optimize.driver import drive, in_hand, join, take_rows
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.lbfgs.state import LBFGSState
from landscape.optimize.newton import StationaryPoints, newton_finish
from landscape.optimize.status import Status

STEP_OFFS = 3
STEP_OFF_LENGTH = 0.1

Proceed = Callable[[list[int], StationaryPoints], tuple[list[int], Float[Tensor, "n P"]]]


@dataclass
class _Stream:
    """The source of quenches for the driver loop.

    `waiting` has keys and starts; `step_offs` counts the displacements off a saddle, by key.
    """

    objective: Objective
    proceed: Proceed
    waiting: deque[tuple[int, Float[Tensor, " P"]]]
    step_offs: dict[int, int]

    def take(self, n: int) -> tuple[list[int], Float[Tensor, "n P"] | None]:
        taken = [self.waiting.popleft() for _ in range(min(n, len(self.waiting)))]
        if not taken:
            return [], None
        return [key for key, _ in taken], torch.stack([start for _, start in taken])

    def give(self, keys: Sequence[int], state: LBFGSState) -> None:
        points = newton_finish(self.objective, state.theta)
        # Newton steps may converge where L-BFGS did not; where neither did, the status is that of L-BFGS.
        gave_up = (points.status != Status.CONVERGED) & (state.status != Status.CONVERGED)
        points = replace(points, status=torch.where(gave_up, state.status, points.status))
        saddle = (points.status == Status.CONVERGED) & (points.index > 0)
        finished = []
        for row, (key, stuck) in enumerate(zip(keys, saddle.tolist(), strict=True)):
            if stuck and self.step_offs.get(key, 0) < STEP_OFFS:
                self.step_offs[key] = self.step_offs.get(key, 0) + 1
                self.waiting.append((key, points.theta[row] + STEP_OFF_LENGTH * points.direction[row]))
            else:
                finished.append(row)
        if finished:
            self._finish([keys[row] for row in finished], take_rows(points, torch.tensor(finished)))

    def _finish(self, keys: list[int], points: StationaryPoints) -> None:
        for key in keys:
            self.step_offs.pop(key, None)
        following, starts = self.proceed(keys, points)
        self.waiting.extend(zip(following, starts, strict=True))


def quench_stream(
    objective: Objective, starts: Float[Tensor, "W P"], proceed: Proceed, *, method: LBFGS, batch: int
) -> None:
    """Quenches starts [W, P], with keys 0 to W - 1, and all starts that `proceed(keys, points)` returns.

    `proceed` gets the end of each quench once, a minimum or not, and returns keys and starts [n, P] of further quenches
    (n may be 0).
    """
    stream = _Stream(objective, proceed, deque(enumerate(starts)), {})
    drive(method, objective, stream, in_hand(method, objective, batch))


def quench(objective: Objective, starts: Float[Tensor, "W P"], *, method: LBFGS, batch: int) -> StationaryPoints:
    """The ends [W, P] of quenches from starts [W, P], in order; test `.is_minimum` for success."""
    if not len(starts):
        return newton_finish(objective, starts)
    keys: list[int] = []
    parts: list[StationaryPoints] = []

    def keep(finished: list[int], points: StationaryPoints) -> tuple[list[int], Float[Tensor, "n P"]]:
        keys.extend(finished)
        parts.append(points)
        return [], starts[:0]

    quench_stream(objective, starts, keep, method=method, batch=batch)
    order = torch.tensor(keys).argsort()
    return take_rows(join(parts), order)
