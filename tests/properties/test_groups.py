"""The admitted names are exactly those that are measured."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from landscape.config.tables import MeasureConfig
from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.properties.catalogue import GROUP_OF, GROUPS, PROPERTIES, available_groups, groups_of
from landscape.properties.curvature import spectrum
from landscape.properties.measure import measure
from tests.properties.small_problems import small_problem

QUICK = MeasureConfig(epsilon=(0.1,), pgd_steps=1, pgd_restarts=1, apgd_steps=2, search_queries=2, noise_draws=1)


def foreign() -> Problem:
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Softsign(), torch.nn.Linear(4, 3))
    return Problem.from_module(module, np.eye(3), np.arange(3), l2=1e-2)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "three classes": lambda: small_problem("tanh", [4]),
    "two classes": lambda: Problem(dataset="xor", hidden=[2], l2=0.0),
    "held-out samples": lambda: Problem(dataset="iris", hidden=[2], subset=30, test_fraction=0.5),
    "squared error of classes": lambda: Problem(dataset="iris", hidden=[2], subset=30, loss="mse"),
    "regression": lambda: small_problem("tanh", [4], loss="mse"),
    "kinks": lambda: small_problem("relu", [4]),
    "foreign module": foreign,
}


def admitted(problem: Problem) -> set[str]:
    """The names that are not refused."""
    found = set()
    for name in PROPERTIES:
        try:
            groups_of(problem, [name])
        except PropertyError:
            continue
        found.add(name)
    return found


@pytest.mark.parametrize("kind", PROBLEMS)
def test_a_property_can_be_asked_for_where_it_is_measured(kind: str) -> None:
    problem = PROBLEMS[kind]()
    theta = np.random.default_rng(0).normal(size=(1, problem.n_parameters))
    assert admitted(problem) == set(measure(problem, theta, available_groups(problem), QUICK))


@pytest.mark.parametrize("l2", [0.0, 1e-2])
def test_estimates_and_their_errors_can_be_asked_for(l2: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 10)
    problem = small_problem("tanh", [12], l2=l2)
    theta = np.random.default_rng(0).normal(size=(1, problem.n_parameters))
    found = admitted(problem)
    assert "hessian_trace_standard_error" in found
    assert {name for name in found if GROUP_OF[name] == "curvature"} == set(
        measure(problem, theta, ["curvature"], QUICK)
    )


def test_what_a_problem_cannot_have_is_refused_with_what_it_needs() -> None:
    with pytest.raises(PropertyError, match="found 'apgd_dlr_accuracy', which needs at least 3 classes: leave it out"):
        groups_of(PROBLEMS["two classes"](), ["loss", "apgd_dlr_accuracy"])
    with pytest.raises(PropertyError, match="found 'certified_epsilon', which needs classes"):
        groups_of(PROBLEMS["regression"](), ["certified_epsilon"])
    with pytest.raises(PropertyError, match="found 'hessian_largest_residual', which needs more than 2000 parameters"):
        groups_of(PROBLEMS["regression"](), ["hessian_largest_residual"])


def test_an_unknown_name_leads_to_the_nearest_and_to_the_groups() -> None:
    problem = PROBLEMS["two classes"]()
    groups = f"the groups are {', '.join(GROUPS)}$"
    with pytest.raises(PropertyError, match=f"found 'hessian_trase'; did you mean 'hessian_trace'. {groups}"):
        groups_of(problem, ["hessian_trase"])
    with pytest.raises(PropertyError, match=f"found 'xyz'; {groups}"):
        groups_of(problem, ["xyz"])
