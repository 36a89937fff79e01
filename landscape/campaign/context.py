"""The context in which tasks run: objective and settings, equal on all ranks.

A `Context` is never sent: every rank builds it from the same run file or Python call.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from landscape.campaign.counted import Counted
from landscape.campaign.pools.pool import Abandoned
from landscape.config.run_file import Settings
from landscape.config.tables import IdentityConfig
from landscape.numerics.batching import rows_per_chunk
from landscape.numerics.compilation import compiling_if
from landscape.objective import Objective
from landscape.optimize.lbfgs.method import LBFGS
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.networks.symmetry import hidden_units
from landscape.problems.problem import Problem
from landscape.problems.surfaces.frame import Frame
from landscape.properties.measurement import stored_settings
from landscape.search.starts import Starts
from landscape.search.transition_states import KnownStates, SearchSettings

CALLS_WITH_KINKS = 500
# RMS gradient at which a quench has converged, in units of the energy.
QUENCH_RMS = 1e-7


@dataclass
class Committed:
    """Committed points known to this process when the round was planned; see `replicas.py`."""

    states: KnownStates | None = None


@dataclass(frozen=True)
class Context:
    """The objective, the settings, the distribution of starting points, and the problem.

    `problem` is the objective itself if it is the energy of a network, else None; `frame` is that of an energy of the
    user's own. Once `abandoned` is set, searches in threads of this process end at their next energy or function
    to be compiled. `committed` changes from round to round.
    """

    objective: Objective
    settings: Settings
    starts: Starts
    problem: Problem | None
    frame: Frame = field(default_factory=Frame)
    abandoned: threading.Event = field(default_factory=threading.Event)
    committed: Committed = field(default_factory=Committed)

    def require_problem(self) -> Problem:
        """The problem. Raises TypeError if the objective is not the energy of a network."""
        if self.problem is None:
            raise TypeError("only a Problem has networks to train and properties to measure")
        return self.problem

    @property
    def quench(self) -> LBFGS:
        """The minimiser of the [quench] table, whose tolerances are in units of the energy.

        A walker that ends on a kink of the energy never reaches a small gradient; with kinks walkers stop earlier.
        """
        table, unit = self.settings.quench, self.objective.energy_unit
        calls = table.max_iterations if self.objective.smooth else min(table.max_iterations, CALLS_WITH_KINKS)
        return LBFGS(
            rms=QUENCH_RMS * unit,
            memory=table.memory,
            precondition=self.objective.cheap_hessian,
            max_step=table.max_step,
            max_energy_rise=table.max_energy_rise * unit,
            max_calls=calls,
            curvature=unit,
        )

    @property
    def measuring(self) -> dict[str, object]:
        """The [measure] table and the seed of the run, as stored with measured values."""
        return stored_settings(self.settings.measure, self.settings.run.seed)

    @property
    def units(self) -> tuple[np.ndarray, ...]:
        """Indices int64[H, F] into theta of the units of each hidden layer; empty if there are no layers."""
        if self.problem is not None and isinstance(self.problem.network, LayeredNetwork):
            return hidden_units(self.problem.network.layers)
        return ()

    @property
    def search(self) -> SearchSettings:
        """Settings of searches for transition states.

        Except on a CPU, a batch has as many walkers as the memory for one chunk holds, with eight matrices [P, P] each.
        """
        if self.objective.device.type == "cpu":
            return SearchSettings(known=self.committed.states)
        matrices = 8 * self.objective.n_parameters**2
        return SearchSettings(known=self.committed.states, batch=rows_per_chunk(matrices, self.objective.device))

    @property
    def identity(self) -> IdentityConfig:
        """The tolerances of the [identity] table; that of energies is in units of the energy."""
        table = self.settings.identity
        return table.model_copy(update={"energy_tolerance": table.energy_tolerance * self.objective.energy_unit})

    @property
    def temperature(self) -> float:
        """The first temperature of basin-hopping."""
        return self.settings.basin_hopping.temperature * self.objective.energy_unit

    def execute(self, task: Any) -> Any:  # noqa: ANN401 - every kind of task has its own result
        """The result of a task. Raises `Abandoned` where the task would compile after the round was given up."""
        with compiling_if(self._continue):
            return task.run(self)

    def _continue(self) -> None:
        if self.abandoned.is_set():
            raise Abandoned

    def counted(self) -> "tuple[Context, Counted]":
        """This context with an objective that counts its evaluations, and that objective."""
        counter = Counted(self.objective, self.abandoned)
        return replace(self, objective=counter), counter


@contextmanager
def one_thread_per_task() -> Iterator[None]:
    """Context in which numerical libraries use one thread, so that no sum depends on a thread count."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, "blas"):
            yield
    finally:
        torch.set_num_threads(threads)
