"""Databases of small networks on images: quenched minima without transition states, with or without PGD accuracies."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from landscape.campaign.preparation import prepared_context, record_of
from landscape.config.run_file import Settings
from landscape.database.database import Database
from landscape.database.records import PropertyRows
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.quench import quench
from landscape.problems.problem import Problem
from landscape.properties.attacks.pgd import PGD
from landscape.properties.measurement import prepare, stored_settings
from tests.analysis.synthetic import made_up_store, minima, property_rows, transition_states
from tests.properties.minima import networks_of

Table = Mapping[str, Any]
NONE: Table = {}
MEASURE: Table = {"epsilon": [0.1, 0.4], "pgd_steps": 5, "pgd_restarts": 2}


def threes_and_eights(**table: Any) -> Problem:
    """Some images of two digits, in a small network."""
    given: dict[str, Any] = {"dataset": "digits", "classes": ["3", "8"], "subset": 60, "hidden": [3], "l2": 1e-2}
    return Problem(**(given | table))


def image_database(
    problem: Problem, count: int = 6, *, measured: bool = False, stored: Table = NONE, **measure: Any
) -> Database:
    """A database in memory of `count` quenches of a problem, with keys of its [measure] table.

    With `measured` their PGD accuracies are in it, whose stored settings are replaced by those in `stored`.
    """
    settings = Settings.from_table({"measure": {**MEASURE, **measure}}, "test")
    starts = torch.tensor(np.random.default_rng(0).normal(size=(count, problem.n_parameters)))
    theta = quench(problem, starts, method=LBFGS(), batch=count).theta
    below = minima(theta.numpy(), problem.energy(theta).numpy())
    none = transition_states(np.empty((0, 2), dtype=np.int64), np.empty(0))
    above = replace(none, parameters=np.empty((0, problem.n_parameters)))
    record = record_of(prepared_context(problem, settings, None))
    rows = _rows(problem, theta, settings, stored) if measured else ()
    return Database(made_up_store(None, below, above, rows, record))


def _rows(problem: Problem, theta: torch.Tensor, settings: Settings, stored: Table) -> tuple[PropertyRows, ...]:
    networks, boxes = networks_of(problem, theta, settings.measure), prepare(problem, settings.measure).half_widths
    outcomes = [PGD.run(networks, box, settings.measure).survived for box in boxes]
    values = torch.stack(outcomes, 2).to(torch.float64).mean(1).numpy()
    one = property_rows("minima", PGD.name, values, PGD.accuracy.meaning(), PGD.accuracy.units)
    return (replace(one, settings={**stored_settings(settings.measure, 0), **stored}),)
