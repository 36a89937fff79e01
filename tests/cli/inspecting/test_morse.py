"""The command `morse`: its table, its exit status, and every file of which it cannot be asked, in one line."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landscape.campaign.context import Context
from landscape.campaign.preparation import prepared_context, record_of
from landscape.campaign.resumption import open_or_create
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.config.run_file import RunConfig
from landscape.database.points.saddles import Saddles
from landscape.database.records import TransitionStates
from landscape.problems.problem import Problem
from tests.campaign.points import minima, plane, saddles, states
from tests.commands import Run, assert_refused
from tests.database.altering import altered


def database(path: Path, context: Context, numbers: tuple[int, int, int]) -> Path:
    """A file with so many minima, transition states and saddles, each with two copies but the first minimum."""
    store = open_or_create(path, record_of(context), resume=False)
    size = context.objective.n_parameters
    places = [[*map(float, range(number))] for number in numbers]
    below, above, beyond = minima(places[0]), _states(places[1]), _saddles(places[2])
    assimilation = Assimilation(LandscapeIndex(context, store.tables), store.tables)
    commit = assimilation.commit(kind="saddles", tasks=1, evaluations=1, seconds=0.0)
    copies = np.log(2.0)
    found: dict[str, Any] = {"minima": below, "transition_states": above, "saddles": beyond}
    tables: dict[str, Any] = {
        name: replace(
            table,
            parameters=np.pad(table.parameters, ((0, 0), (0, size - 2))),
            log_orbit_size=np.where((np.arange(len(table)) > 0) | (name != "minima"), copies, 0.0),
        )
        for name, table in found.items()
    }
    store.commit(replace(commit, hits=below.hits, **tables))
    store.close()
    return path


def _states(places: list[float]) -> TransitionStates:
    return states(places, [(0, 1)] * len(places))


def _saddles(places: list[float]) -> Saddles:
    return saddles(places, [2] * len(places))


def network(**problem: object) -> Context:
    config = RunConfig.from_table({"problem": {"dataset": "xor", "standardise": False, "hidden": [2], **problem}})
    return prepared_context(Problem(**config.problem.model_dump()), config, None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return database(tmp_path / "a.h5", network(l2=1e-2), (3, 4, 2))  # 5 - 8 + 4 = 1


def test_a_sum_of_one(command: Run, file: Path) -> None:
    status, said, errors = command("morse", file)
    assert (status, errors) == (0, "")
    assert [line.split()[:5] for line in said.splitlines()[1:4]] == [
        ["0", "minima", "3", "5", "5"],
        ["1", "transition", "states", "4", "8"],
        ["2", "saddles", "2", "4", "1"],
    ]
    assert "the sum is 1" in said
    assert "own" not in said


def test_what_is_missing(command: Run, tmp_path: Path) -> None:
    status, said, _ = command("morse", database(tmp_path / "b.h5", network(l2=1e-2), (3, 4, 0)))
    assert status == 1
    assert [line.split()[-1] for line in said.splitlines()[1:4]] == ["-", "-", "4"]
    assert "the sum is -3, not 1: at least 4 copies of points of even index are missing" in said
    status, said, _ = command("morse", database(tmp_path / "c.h5", network(l2=1e-2), (3, 1, 1)))
    assert (status, "at least 4 copies of points of odd index are missing" in said) == (1, True)


def test_an_energy_of_your_own_may_not_grow(command: Run, tmp_path: Path) -> None:
    status, said, _ = command("morse", database(tmp_path / "own.h5", plane(), (3, 4, 2)))
    assert status == 0
    assert "the sum is 1 only if the energy grows without bound in all directions" in said


def test_info_says_how_many_of_each_index(command: Run, file: Path) -> None:
    assert "saddles       2 of index 2" in command("info", file).out


@pytest.mark.parametrize(
    ("column", "what"),
    [
        ("minima/lowest_eigenvalue", "minimum 1 with 1e-06"),
        ("transition_states/lowest_positive_eigenvalue", "transition state 1 with 1e-06"),
        ("saddles/softest_eigenvalue", "saddle 1 with 1e-06"),
    ],
)
def test_degenerate_points_are_refused(command: Run, file: Path, column: str, what: str) -> None:
    with altered(file) as opened:
        opened[column][1] = 1e-6
    assert_refused(command("morse", file), f"expected points with no eigenvalue near zero, found {what} (1 such point)")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: network(l2=0.0), "expected l2 > 0, with which the energy grows in all directions, found 0"),
        (lambda: network(activation="relu"), "expected an energy with a Hessian everywhere, found one with kinks"),
    ],
)
def test_energies_without_a_sum_are_refused(
    command: Run, tmp_path: Path, make: Callable[[], Context], message: str
) -> None:
    assert_refused(command("morse", database(tmp_path / "d.h5", make(), (3, 4, 2))), message)


def test_a_file_without_points_or_no_file_is_refused(command: Run, tmp_path: Path) -> None:
    assert_refused(
        command("morse", database(tmp_path / "e.h5", network(), (0, 0, 0))), "found none yet: find some with"
    )
    assert_refused(command("morse", tmp_path / "none.h5"), "none.h5 does not exist")
