"""theta = 0 is verified against its closed form; a wrong closed form, or a wrong network, is a fault."""

from dataclasses import replace
from typing import Any

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.preparation import context_of
from landscape.campaign.verification.origin import origin_faults, origin_line
from landscape.config.run_file import RunConfig
from landscape.config.tables import ProblemConfig


def context(**keys: object) -> Context:
    return context_of(RunConfig(problem=ProblemConfig.from_table({"dataset": "wine", "hidden": [3], **keys})), "cpu")


def faults(made: Context) -> list[str]:
    return origin_faults(made, LocalPool(made.execute))


def test_the_index_is_that_of_the_closed_form() -> None:
    made = context(l2=0.5)
    assert faults(made) == []
    (line,) = origin_line(made, [])
    assert line.startswith("theta = 0, best output biases: stationary, index 3, lowest eigenvalue -0.")
    assert origin_line(made, ["theta = 0: 2 negative Hessian eigenvalues, expected 3"]) == []


def test_a_wrong_slope_is_a_fault_of_index_and_eigenvalue() -> None:
    found = faults_of(slope=2.0)
    assert any("3 negative Hessian eigenvalues, expected 6 by the closed form" in one for one in found)
    assert any("lowest eigenvalue" in one for one in found)


def test_wrong_biases_are_a_fault_of_the_gradient() -> None:
    assert any("RMS gradient" in one for one in faults_of(target_mean=np.array([0.4, 0.3, 0.3])))


def faults_of(**wrong: Any) -> list[str]:
    """The faults where the closed form has other values than those of the network."""
    made = context(l2=0.45)
    problem = made.require_problem()
    assert problem.origin is not None
    problem.__dict__["origin"] = replace(problem.origin, **wrong)
    found = faults(made)
    assert all(one.startswith("theta = 0: ") for one in found)
    return found


def test_nothing_is_said_where_the_closed_form_does_not_hold() -> None:
    made = context(activation="sigmoid")
    assert (faults(made), origin_line(made, [])) == ([], [])
