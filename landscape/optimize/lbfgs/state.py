"""What the two implementations of L-BFGS share: the settings and the state of a batch of walkers."""

from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor

from landscape.optimize.driver import SCRATCH

SHORTENING = 0.1
PATIENCE = 10


@dataclass(frozen=True)
class LBFGSSettings:
    """`rms` gradient to reach, `memory` M at most, `max_step` length, allowed `max_energy_rise` of a step, `max_calls`;
    whether to `precondition` with Hessians, which pays where one costs no more than some twenty energies.
    """

    rms: float = 1e-7
    memory: int = 40
    max_step: float = 1.0
    max_energy_rise: float = 1e-10
    max_calls: int = 10000
    precondition: bool = False
    recordable: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class LBFGSState:
    """The walkers of a batch; the buffers are written in place.

    W walkers, P parameters, M memory; P' is P in the batched implementation, and in the compiled one P filled up with
    zeros to a multiple of the vector length.
    """

    # The point.
    theta: Tensor  # [W, P]
    energy: Tensor  # [W]
    gradient: Tensor  # [W, P]
    # The next trial.
    direction: Tensor  # [W, P], not longer than the step cap
    scale: Tensor  # [W]
    rejections: Tensor  # int64[W]
    # The history: a ring of the last pairs, each scaled to s.y = 1.
    pairs: Tensor = field(metadata=SCRATCH)  # [W, 2, M, P']: S and Y
    stored: Tensor  # int64[W]: pairs since the history began; the next goes into slot `stored` modulo M
    curvature: Tensor  # [W]: c = s.y / y.y of the newest
    # The preconditioner, of no size where there is never one.
    factor: Tensor = field(metadata=SCRATCH)  # [W, P, P]: L of the shifted Hessian L L'
    age: Tensor  # int64[W]: steps since it was made; -1 before there is one
    # Products of the history, kept by the batched implementation only; elsewhere M is 0.
    with_gradient: Tensor = field(metadata=SCRATCH)  # [W, 2, M]: S g and Y g
    inverse: Tensor = field(metadata=SCRATCH)  # [W, M, M]: R^-1
    gram: Tensor = field(metadata=SCRATCH)  # [W, M, M]: Y Y'
    # The account.
    calls: Tensor  # int64[W]
    rough: Tensor  # bool[W]: whether its energies are in float32 still
    status: Tensor  # int64[W]
