"""Settings, common state and first step of all ways of computing L-BFGS."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape.objective import Energy
from landscape.optimize.status import Status, fresh_status

Arrays = TypeVar("Arrays", bound=NamedTuple)


class Limits(NamedTuple):
    """The settings that compiled code needs."""

    rms: float
    max_step: float
    max_energy_rise: float
    max_calls: int
    curvature: float


@dataclass(frozen=True)
class LBFGSSettings:
    """Settings of L-BFGS.

    `rms` is the RMS gradient to reach, `memory` the largest number M of pairs in a history, `max_step` the longest
    step, `max_energy_rise` the largest rise of the energy that is accepted, `max_calls` the largest number of energies
    of a walker. Without a history, the Hessian is assumed to be `curvature` times the unit matrix. With `precondition`,
    walkers that step one by one use Hessians, which pays where a Hessian costs at most some twenty energies; the other
    ways ignore `precondition`.
    """

    rms: float = 1e-7
    memory: int = 40
    max_step: float = 1.0
    max_energy_rise: float = 1e-10
    max_calls: int = 10000
    curvature: float = 1.0
    precondition: bool = False
    recordable: ClassVar[bool] = True

    @property
    def limits(self) -> Limits:
        """The settings for compiled code."""
        rms, step, rise = float(self.rms), float(self.max_step), float(self.max_energy_rise)
        return Limits(rms, step, rise, self.max_calls, float(self.curvature))


@dataclass(frozen=True, kw_only=True)
class LBFGSState:
    """Walkers; their tensors are written in place."""

    theta: Float[Tensor, "W P"]
    energy: Float[Tensor, " W"]
    gradient: Float[Tensor, "W P"]
    direction: Float[Tensor, "W P"]  # of the next trial, not longer than the step cap
    calls: Int[Tensor, " W"]  # energies so far
    status: Int[Tensor, " W"]


class WalkerArrays(NamedTuple):
    """The arrays of an `LBFGSState` for compiled code, which writes them in place."""

    theta: Float[np.ndarray, "W P"]
    energy: Float[np.ndarray, " W"]
    gradient: Float[np.ndarray, "W P"]
    direction: Float[np.ndarray, "W P"]
    calls: Int[np.ndarray, " W"]
    status: Int[np.ndarray, " W"]


def arrays_of(state: LBFGSState, kind: type[Arrays]) -> Arrays:
    """A named tuple of arrays that share the memory of the tensors of the same names in a state on the CPU."""
    return kind(*(getattr(state, name).detach().numpy() for name in kind._fields))


def fresh(settings: LBFGSSettings, energy: Energy, points: Float[Tensor, "W P"]) -> LBFGSState:
    """Walkers at points [W, P] whose first step goes down the gradient, at most 1 long."""
    theta = points.clone(memory_format=torch.contiguous_format)
    value, gradient = energy.energy_and_gradient(theta)
    length = gradient.norm(dim=1, keepdim=True)
    status = fresh_status(value, gradient)
    converged = (status == Status.RUNNING) & (length[:, 0] <= settings.rms * theta.shape[1] ** 0.5)
    newton = length / settings.curvature
    first = torch.minimum(newton, 1.0 / newton.clamp_min(1e-300)).clamp_max(settings.max_step)
    return LBFGSState(
        theta=theta,
        energy=value.clone(),
        gradient=gradient.clone(memory_format=torch.contiguous_format),
        direction=-gradient / length.clamp_min(1e-300) * first,
        calls=torch.ones_like(status),
        status=torch.where(converged, Status.CONVERGED, status),
    )
