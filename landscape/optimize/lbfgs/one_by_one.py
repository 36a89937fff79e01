"""L-BFGS of walkers on a CPU, one after the other, for any energy; the arithmetic is in `compiled.py`.

If the energy is compiled too, a step takes several trials of each walker. With `precondition`, the history restarts
every `PERIOD` steps from the Hessian at the walker's point, shifted to be positive definite, instead of a multiple of
the unit matrix: this halves the calls for one Hessian in about thirty.

Shapes: W walkers, P parameters, M memory, SY the two vectors of a pair, P' as `padded`; axes with an underscore may be
empty.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.objective import Energy, Kernel, Objective
from landscape.optimize.driver import SCRATCH
from landscape.optimize.lbfgs.compiled import VECTOR, OneByOneArrays, take_trials, turn_each, walk
from landscape.optimize.lbfgs.preconditioner import shifted_factors
from landscape.optimize.lbfgs.state import LBFGSSettings, LBFGSState, arrays_of, fresh

HESSIANS = 8  # at a time: they are still in the cache when they are factorised


@dataclass(frozen=True, kw_only=True)
class OneByOneState(LBFGSState):
    """Walkers that step one by one. Their histories are rings of the last M pairs, each scaled to s.y = 1.

    Rows of a history are padded with zeros to P', a multiple of the vector length.
    """

    scale: Float[Tensor, " W"]  # of the next trial, in lengths of the direction
    rejections: Int[Tensor, " W"]  # in a row
    pairs: Float[Tensor, "W _SY M padded"] = field(metadata=SCRATCH)  # S and Y, rows of P'
    stored: Int[Tensor, " W"]  # pairs since the history began; the next goes into slot `stored` modulo M
    curvature: Float[Tensor, " W"]  # c = s.y / y.y of the newest pair
    factor: Float[Tensor, "W _P _P"] = field(metadata=SCRATCH)  # L of the shifted Hessian L L', or [W, 0, 0]
    age: Int[Tensor, " W"]  # steps since `factor` was made; -1 before it is made
    rough: Bool[Tensor, " W"]  # true while energies are in float32


@dataclass(frozen=True)
class OneByOne(LBFGSSettings):
    """L-BFGS on a CPU, one walker after the other."""

    def doubles_per_walker(self, objective: Energy) -> int:
        """Number of float64 values of a history and a preconditioner."""
        return 2 * self.memory * objective.n_parameters + self._factors(objective.n_parameters) ** 2

    def init(self, objective: Energy, points: Float[Tensor, "W P"]) -> OneByOneState:
        """Fresh walkers at points [W, P]."""
        begun = fresh(self, objective, points)
        walkers, parameters = points.shape
        factors, kernel = self._factors(parameters), objective.kernel()
        begins_rough = kernel is not None and kernel.rough is not None
        return OneByOneState(
            **vars(begun),
            scale=torch.ones_like(begun.energy),
            rejections=torch.zeros_like(begun.status),
            pairs=points.new_empty(walkers, 2, self.memory, _padded(parameters)),
            stored=torch.zeros_like(begun.status),
            curvature=torch.full_like(begun.energy, 1.0 / self.curvature),
            factor=points.new_empty(walkers, factors, factors),
            age=torch.full_like(begun.status, -1),
            rough=torch.full_like(begun.status, begins_rough, dtype=torch.bool),
        )

    def step(self, objective: Energy, state: OneByOneState) -> OneByOneState:
        """One trial of every running walker, several if the energy is compiled; the state is changed in place.

        Raises TypeError if a preconditioner is due and the energy has no Hessian.
        """
        kernel = objective.kernel()
        due = self._stepped(objective, state) if kernel is None else self._walked(kernel, state)
        if len(due):
            self._precondition(objective, state, due)
        return state

    def _walked(self, kernel: Kernel, state: OneByOneState) -> Int[Tensor, " R"]:
        """Takes several trials of each walker; returns the rows of the walkers that need a preconditioner."""
        due = np.zeros(len(state.theta), dtype=np.bool_)
        kernel.called(
            walk(self.limits, kernel.function, kernel.rough or kernel.function, arrays_of(state, OneByOneArrays), due)
        )
        return torch.from_numpy(np.flatnonzero(due))

    def _stepped(self, objective: Energy, state: OneByOneState) -> Int[Tensor, " R"]:
        """Takes one trial of each walker; returns the rows of the walkers that need a preconditioner."""
        due = np.zeros(len(state.theta), dtype=np.bool_)
        trial = torch.addcmul(state.theta, state.direction, state.scale[:, None])
        energy, gradient = (values.detach() for values in objective.energy_and_gradient(trial))
        trials = trial.numpy(), energy.numpy(), gradient.contiguous().numpy()
        take_trials(self.limits, *trials, arrays_of(state, OneByOneArrays), due)
        return torch.from_numpy(np.flatnonzero(due))

    def _precondition(self, objective: Energy, state: OneByOneState, due: Int[Tensor, " R"]) -> None:
        """Restarts the histories of the rows `due` from their Hessians, except where a Hessian is not finite."""
        if not isinstance(objective, Objective):
            raise TypeError(f"expected an objective with Hessians to precondition, found {type(objective).__name__}")
        for rows in torch.split(due, HESSIANS):
            hessian = objective.hessian(state.theta[rows]).detach().contiguous()
            found = shifted_factors(rows.numpy(), hessian.numpy(), state.factor.numpy())
            made = rows[torch.from_numpy(found)]
            state.age[made] = 0
            state.stored[made] = 0
            turn_each(made.numpy(), self.max_step, arrays_of(state, OneByOneArrays))

    def _factors(self, parameters: int) -> int:
        return parameters if self.precondition else 0


def _padded(parameters: int) -> int:
    return -(-parameters // VECTOR) * VECTOR
