"""What a task needs beside its own specification: the same on every rank, made once.

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
from landscape.config.run_file import Settings
from landscape.numerics.batching import rows_per_chunk
from landscape.objective import Objective
from landscape.optimize.lbfgs.method import LBFGS
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.networks.symmetry import hidden_units
from landscape.problems.problem import Problem
from landscape.properties.measurement import stored_settings
from landscape.search.starts import Starts
from landscape.search.transition_states import SearchSettings

CALLS_WITH_KINKS = 500


@dataclass(frozen=True)
class Context:
    """The objective, the settings and where fresh walkers start.

    Once `abandoned` is set, searches that are still at work in threads of this process end at their next energy.
    """

    objective: Objective
    settings: Settings
    starts: Starts
    abandoned: threading.Event = field(default_factory=threading.Event)

    @property
    def problem(self) -> Problem:
        """The objective as a problem. Raises TypeError where it is another energy."""
        if not isinstance(self.objective, Problem):
            raise TypeError("only a Problem has networks to train and properties to measure")
        return self.objective

    @property
    def quench(self) -> LBFGS:
        """The minimiser of the [quench] table.

        Where the energy has kinks a walker that ends on one never gets a small gradient: it is given up early.
        """
        table = self.settings.quench
        calls = table.max_iterations if self.objective.smooth else min(table.max_iterations, CALLS_WITH_KINKS)
        return LBFGS(
            memory=table.memory,
            precondition=self.objective.cheap_hessian,
            max_step=table.max_step,
            max_energy_rise=table.max_energy_rise,
            max_calls=calls,
        )

    @property
    def measuring(self) -> dict[str, object]:
        """The [measure] table and the seed of the run, as they stand beside measured values."""
        return stored_settings(self.settings.measure, self.settings.run.seed)

    @property
    def units(self) -> tuple[np.ndarray, ...]:
        """Places int64[H, F] in theta of the units of each hidden layer of a network; none of another energy."""
        if isinstance(self.objective, Problem) and isinstance(self.objective.network, LayeredNetwork):
            return hidden_units(self.objective.network.layers)
        return ()

    @property
    def search(self) -> SearchSettings:
        """How transition states are searched and their sides quenched; on a device as many at a time as fit."""
        if self.objective.device.type == "cpu":
            return SearchSettings(quench=self.quench)
        matrices = 8 * self.objective.n_parameters**2
        return SearchSettings(quench=self.quench, batch=rows_per_chunk(matrices, self.objective.device))

    def execute(self, task: Any) -> Any:  # noqa: ANN401 - every kind of task has its own result
        """The result of a task: what a worker of a pool does."""
        return task.run(self)

    def counted(self) -> "tuple[Context, Counted]":
        """This context with an objective that counts its evaluations, and the counter."""
        counter = Counted(self.objective, self.abandoned)
        return replace(self, objective=counter), counter


@contextmanager
def one_thread_per_task() -> Iterator[None]:
    """On a CPU a task computes with one thread: sums then never depend on a thread count."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, "blas"):
            yield
    finally:
        torch.set_num_threads(threads)
