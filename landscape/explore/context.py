"""What a task needs beside its own specification: the same on every rank, made once.

A `Context` is never sent: every rank builds it from the same run file or Python call.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from landscape.config import Settings
from landscape.objective import Objective
from landscape.optimize.lbfgs import LBFGS
from landscape.search.starts import Starts
from landscape.search.transition_states import SearchSettings


@dataclass(frozen=True)
class Context:
    """The objective, the settings and where fresh walkers start."""

    objective: Objective
    settings: Settings
    starts: Starts

    @property
    def quench(self) -> LBFGS:
        """The minimiser of the [quench] table."""
        table = self.settings.quench
        return LBFGS(
            memory=table.memory,
            max_step=table.max_step,
            max_energy_rise=table.max_energy_rise,
            max_calls=table.max_iterations,
        )

    @property
    def search(self) -> SearchSettings:
        """How transition states are searched and their sides quenched."""
        return SearchSettings(quench=self.quench)

    def counted(self) -> "tuple[Context, Counted]":
        """This context with an objective that counts its evaluations, and the counter."""
        counter = Counted(self.objective)
        return replace(self, objective=counter), counter


class Counted:
    """An objective that counts energies, gradients and Hessians of single walkers; for one task."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self.n_parameters = objective.n_parameters
        self.device = objective.device
        self.symmetry = objective.symmetry
        self.curvature_threshold = objective.curvature_threshold
        self.smooth = objective.smooth
        self.evaluations = 0

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W]."""
        self.evaluations += len(theta)
        return self._objective.energy(theta)

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P]."""
        self.evaluations += len(theta)
        return self._objective.energy_and_gradient(theta)

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, P, P]."""
        self.evaluations += len(theta)
        return self._objective.hessian(theta)

    def hessian_vector_product(self, theta: Tensor, vector: Tensor) -> Tensor:
        """Products [W, P]."""
        self.evaluations += len(theta)
        return self._objective.hessian_vector_product(theta, vector)


def one_thread_per_task() -> None:
    """On a CPU a task computes with one thread: sums then never depend on a thread count."""
    torch.set_num_threads(1)
