"""Verification finds every deviation from the file, and nothing else."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import landscape
from landscape.campaign.context import Context
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.pools.pool import Abandoned
from landscape.campaign.preparation import record_of, stored_context
from landscape.campaign.resumption import FIXED, difference
from landscape.campaign.verification.contents import content_faults
from landscape.campaign.verification.sides import RecomputedSides, SidesTask, sampled_states, side_faults, sides_tasks
from landscape.campaign.verification.verify import summary, verify
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import DatabaseError
from tests.campaign.xor import HASTE, xor
from tests.database.altering import altered

TABLES = ("minima", "transition_states")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A verified database of XOR; do not change it."""
    path = tmp_path_factory.mktemp("whole") / "a.h5"
    landscape.explore(
        xor(),
        path=path,
        walkers=6,
        steps=4,
        connect={"pairs": 3, "rounds": 1, "single_ended": 3},
        measure=HASTE,
    ).close()
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "a.h5"))


@pytest.fixture(scope="module")
def whole_with_kinks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A verified database of two moons with an energy that has no Hessian; do not change it."""
    path = tmp_path_factory.mktemp("kinks") / "a.h5"
    problem = landscape.Problem(dataset="moons", subset=20, hidden=[3], activation="relu", l2=1e-2)
    landscape.explore(problem, path=path, walkers=16, steps=4, measure={"pgd_steps": 1, "pgd_restarts": 1}).close()
    return path


@pytest.fixture
def path_with_kinks(whole_with_kinks: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole_with_kinks, tmp_path / "kinks.h5"))


def faults(path: Path, sides: int | None = None) -> list[str]:
    with Database(open_store(path)) as db:
        context = stored_context(db.problem_record, "cpu")
        rows = sampled_states(db, context, sides)
        found = [*content_faults(db, context)[0], *verify(db, context, LocalPool(context.execute), sides_of=rows)]
        said = summary(db, found, len(rows))
        assert said.startswith(f"{len(found)} faults in ") or (not found and said.endswith("is what it says"))
        return found


def change(path: Path, column: str, alter: Callable[[np.ndarray], np.ndarray]) -> None:
    with altered(path) as file:
        values = file[column][()]
        file[column][...] = alter(values)


def at(row: int, shift: float) -> Callable[[np.ndarray], np.ndarray]:
    """A function that adds `shift` to a row."""

    def alter(values: np.ndarray) -> np.ndarray:
        values[row] += shift
        return values

    return alter


def test_what_was_found_is_what_it_says(path: Path) -> None:
    with Database(open_store(path)) as db:
        assert len(db.minima) >= 4
        assert len(db.transition_states) >= 4
    assert faults(path) == []


@pytest.mark.parametrize(
    ("column", "shift", "words"),
    [
        ("minima/energy", 1e-8, "minimum 1: energy"),
        ("minima/lowest_eigenvalue", 1e-5, "minimum 1: eigenvalue"),
        ("minima/log_determinant", 1e-2, "minimum 1: log determinant"),
        ("minima/log_orbit_size", 0.7, "minimum 1: log orbit size"),
        ("minima/rms_gradient", 1e-6, "minimum 1: RMS gradient"),
        ("minima/rms_gradient", 5e-9, "minimum 1: RMS gradient"),
        ("minima/rms_gradient", np.nan, "minimum 1: RMS gradient nan in the file"),
        ("minima/lowest_eigenvalue", np.nan, "minimum 1: eigenvalue nan in the file"),
        ("minima/log_determinant", np.nan, "minimum 1: log determinant nan in the file"),
        ("minima/log_orbit_size", np.nan, "minimum 1: log orbit size nan in the file"),
        ("transition_states/energy", -1e-8, "transition state 1: energy"),
        ("transition_states/eigenvalue", 1e-5, "transition state 1: eigenvalue"),
        ("transition_states/eigenvalue", np.nan, "transition state 1: eigenvalue nan in the file"),
        ("transition_states/rms_gradient", np.nan, "transition state 1: RMS gradient nan in the file"),
        ("transition_states/log_determinant", 1e-2, "transition state 1: log determinant"),
        ("transition_states/log_determinant", np.nan, "transition state 1: log determinant nan in the file"),
        ("transition_states/log_orbit_size", 0.7, "transition state 1: log orbit size"),
        ("transition_states/lowest_positive_eigenvalue", 1e-5, "transition state 1: lowest positive eigenvalue"),
    ],
)
def test_an_altered_column(path: Path, column: str, shift: float, words: str) -> None:
    change(path, column, at(1, shift))
    assert [words in fault for fault in faults(path, sides=0)] == [True]


def contents_of(path: Path) -> list[str]:
    with Database(open_store(path)) as db:
        return content_faults(db, stored_context(db.problem_record, "cpu"))[0]


UNSEEN = [
    *("minima/hits", "attempts/outcome", "attempts/state", "rounds/evaluations"),
    *("walkers/step", "transition_states/found_from", "transition_states/sides_ambiguous", "problem/targets"),
]
"""Datasets that no computation vouches for, or not alone."""


def test_what_is_not_computed_again_is_compared_with_its_digest(path: Path) -> None:
    whole = path.read_bytes()
    assert contents_of(path) == []
    with h5py.File(path) as file:
        properties = [f"properties/minima/{name}" for name in file["properties/minima"]]
    for name in [*UNSEEN, properties[0], properties[-1]]:
        path.write_bytes(whole)
        with h5py.File(path, "r+") as file:
            values = file[name][()]
            values.flat[0] = not values.flat[0] if values.dtype == bool else 0 if values.flat[0] else 1
            file[name][...] = values
        assert f"{name}: changed after the last commit" in contents_of(path)


@pytest.mark.parametrize(
    ("place", "name", "value", "words"),
    [
        ("transition_states", "count", 2, "transition states: 2 in the file, {} added by its rounds"),
        ("problem", "sha256", "0" * 64, "data: SHA-256 " + "0" * 64 + " in the file"),
    ],
)
def test_sums_hold_even_if_the_digests_were_made_anew(
    path: Path, place: str, name: str, value: object, words: str
) -> None:
    with altered(path) as file:
        words = words.format(file["transition_states"].attrs["count"])
        file["attempts/state"][...] = -1
        file[place].attrs[name] = value
    assert [words in fault for fault in contents_of(path)] == [True]


def test_data_of_another_problem_are_not_continued(path: Path) -> None:
    """The hash that the file states is that of the run file; the data are not."""
    with Database(open_store(path)) as db:
        wanted = record_of(stored_context(db.problem_record, "cpu"))
        assert difference(db.problem_record, wanted, "a.h5", FIXED) == ""
    with altered(path) as file:
        file["problem/targets"][...] = 1 - file["problem/targets"][()]
    with Database(open_store(path)) as db:
        assert difference(db.problem_record, wanted, "a.h5", FIXED) == "its data differ from those of the run file"


def test_a_wrong_side(path: Path) -> None:
    """The first state with two different sides is changed to a rearrangement of its lower minimum."""
    with Database(open_store(path)) as db:
        states = db.transition_states
        row = int(np.flatnonzero((states.minima[:, 0] != states.minima[:, 1]) & ~states.sides_ambiguous)[0])
        lower, higher = states.minima[row][np.argsort(db.minima.energy[states.minima[row]])]

    def join(values: np.ndarray) -> np.ndarray:
        values[row] = lower
        return values

    change(path, "transition_states/minima", join)
    first, last = sorted([lower, higher])
    said = f"transition state {row}: descent reaches {first} and {last}, expected minima {lower} and {lower}"
    assert faults(path) == [said]
    assert faults(path, sides=0) == []


def test_ambiguous_sides_need_a_mark_and_marked_ones_are_not_compared(path: Path) -> None:
    with Database(open_store(path)) as db:
        marked, lowest = np.flatnonzero(db.transition_states.sides_ambiguous), db.minima.energy.argmin()
    assert len(marked)

    def unmark(values: np.ndarray) -> np.ndarray:
        return np.zeros_like(values)

    def mix_up(values: np.ndarray) -> np.ndarray:
        values[marked] = lowest
        return values

    change(path, "transition_states/minima", mix_up)
    assert faults(path) == []
    change(path, "transition_states/sides_ambiguous", unmark)
    saying = "descent ends on a saddle, expected the mark of ambiguous sides"
    assert faults(path) == [f"transition state {row}: {saying}" for row in marked]


@pytest.mark.parametrize(
    ("on_saddle", "other", "said"),
    [
        (False, False, None),
        (False, True, "small errors decide where descent leads, expected the mark of ambiguous sides"),
        (True, False, "descent ends on a saddle, expected the mark of ambiguous sides"),
    ],
)
def test_doubtful_sides_need_a_mark_only_where_they_lead_elsewhere(
    path: Path, monkeypatch: pytest.MonkeyPatch, on_saddle: bool, other: bool, said: str | None
) -> None:
    with Database(open_store(path)) as db:
        states, minima = db.transition_states, db.minima
        row = int(np.flatnonzero((states.minima[:, 0] != states.minima[:, 1]) & ~states.sides_ambiguous)[0])
        ends = states.minima[row] if not other else states.minima[row][[0, 0]]

        def run(task: SidesTask, context: Context) -> RecomputedSides:
            del context
            assert len(task.theta) == 1
            return RecomputedSides(
                energy=minima.energy[ends][None],
                parameters=minima.parameters[ends][None],
                is_minimum=np.ones((1, 2), dtype=bool),
                ambiguous=np.array([True]),
                on_saddle=np.array([on_saddle]),
            )

        monkeypatch.setattr(SidesTask, "run", run)
        context, rows = stored_context(db.problem_record, "cpu"), np.array([row])
        first = [task.run(context) for task in sides_tasks(db, rows)]
        found = side_faults(db, context, LocalPool(context.execute), rows, first, lambda: False)
    assert found == ([] if said is None else [f"transition state {row}: {said}"])


def test_sides_are_drawn_by_the_seed_of_the_run(path: Path) -> None:
    with Database(open_store(path)) as db:
        context = stored_context(db.problem_record, "cpu")
        count = len(db.transition_states)
        assert sampled_states(db, context, None).tolist() == sampled_states(db, context, count + 3).tolist()
        drawn = sampled_states(db, context, 3)
        assert len(set(drawn.tolist())) == 3
        assert drawn.tolist() == sampled_states(db, context, 3).tolist()


def test_columns_that_an_older_file_lacks_are_no_fault(path: Path) -> None:
    with altered(path) as file:
        del file["minima/log_orbit_size"], file["minima/log_determinant"], file["transition_states/eigenvalue"]
    assert faults(path, sides=0) == []


def test_rows_before_a_column_was_made_are_no_fault(path: Path) -> None:
    def lose(values: np.ndarray) -> np.ndarray:
        values[:2] = np.nan
        return values

    for column in ("minima/log_orbit_size", "minima/rms_gradient", "transition_states/eigenvalue"):
        change(path, column, lose)
    assert faults(path, sides=0) == []


def test_a_campaign_with_a_strategy_of_a_newer_program(path: Path) -> None:
    with altered(path) as file:
        text = file["problem"].attrs["run_toml"]
        assert '"focus"' in text
        file["problem"].attrs["run_toml"] = text.replace('"focus"', '"shortest_detour"')
    assert faults(path, sides=0) == []


@pytest.mark.parametrize("table", TABLES)
def test_altered_parameters(path: Path, table: str) -> None:
    change(path, f"{table}/parameters", at(1, 1e-6))
    what = "minimum 1: " if table == "minima" else "transition state 1: "
    found = faults(path)
    assert all(fault.startswith(what) for fault in found)
    assert any("RMS gradient" in fault for fault in found)
    assert any("softmax invariants" in fault for fault in found)


def test_minima_with_kinks_are_off_the_gauge_by_no_more_than_their_gradients(path_with_kinks: Path) -> None:
    with Database(open_store(path_with_kinks)) as db:
        weight = db.minima.parameters[:, -8:-2].reshape(-1, 2, 3)
        off, gradient = np.abs(weight.sum(axis=1)).max(axis=1), np.sqrt(17) * db.minima.rms_gradient
    assert (off <= np.sqrt(2) * gradient / (2 * 1e-2) + 1e-14).all()
    assert off.max() > 1e-8
    assert faults(path_with_kinks) == []


@pytest.mark.parametrize("columns", [slice(-2, None), slice(-7, -2, 3)], ids=["output biases", "weights of one unit"])
def test_a_minimum_with_kinks_off_the_gauge(path_with_kinks: Path, columns: slice) -> None:
    def shift(values: np.ndarray) -> np.ndarray:
        values[0, columns] += 2e-5
        return values

    change(path_with_kinks, "minima/parameters", shift)
    found = [fault for fault in faults(path_with_kinks) if "softmax invariants" in fault]
    assert len(found) == 1
    assert found[0].startswith("minimum 0: ")
    assert found[0].endswith("expected 2.92e-05")  # sqrt(2 * 17) * 1e-7 / (2 * 1e-2)


def test_points_that_are_not_those_of_the_network_are_damage(path: Path) -> None:
    with altered(path) as file:
        attrs = file["problem"].attrs
        for name in ("toml", "run_toml"):
            attrs[name] = re.sub(r"hidden = \[\d+\]", "hidden = [7]", attrs[name])
    with pytest.raises(DatabaseError, match=r"have 12 parameters, and the network of its run file 37: restore it"):
        faults(path)


def test_a_point_of_the_wrong_index(path: Path) -> None:
    with altered(path) as file:
        for name in ("parameters", "energy"):
            saddle, minimum = file["transition_states"][name][0], file["minima"][name][0]
            file["minima"][name][0], file["transition_states"][name][0] = saddle, minimum
    found = faults(path, sides=0)
    assert "minimum 0: 1 negative Hessian eigenvalues, expected 0" in found
    assert "transition state 0: 0 negative Hessian eigenvalues, expected 1" in found


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_is_there_twice(path: Path, table: str) -> None:
    with altered(path) as file:
        for column in file[table].values():
            column[2] = column[0]
    what = "minimum" if table == "minima" else "transition state"
    assert f"{what} 2: the same point as {what} 0" in faults(path, sides=0)


def test_a_transition_state_below_its_minima(path: Path) -> None:
    with Database(open_store(path)) as db:
        highest, lowest = int(db.minima.energy.argmax()), int(db.transition_states.energy.argmin())
        assert db.minima.energy[highest] > db.transition_states.energy[lowest]

    def swap(values: np.ndarray) -> np.ndarray:
        values[lowest, 1] = highest
        return values

    change(path, "transition_states/minima", swap)
    found = faults(path)
    assert len(found) == 2
    assert f"transition state {lowest}: lies below one of its minima" in found[0]
    assert f"transition state {lowest}: descent reaches" in found[1]


def test_a_minimum_that_does_not_exist(path: Path) -> None:
    change(path, "transition_states/minima", at(0, 100))
    with pytest.raises(DatabaseError, match=r"transition_states\.minima must lie in \[0, "):
        faults(path)


def test_an_empty_database(tmp_path: Path) -> None:
    problem = landscape.Problem(dataset="xor", hidden=[2], l2=1e-2)
    landscape.explore(problem, path=tmp_path / "a.h5", steps=0).close()
    assert faults(tmp_path / "a.h5") == []


def test_it_can_be_interrupted(path: Path) -> None:
    with Database(open_store(path)) as db:
        context: Context = stored_context(db.problem_record, "cpu")
        with pytest.raises(Abandoned):
            verify(db, context, LocalPool(context.execute), lambda: True)
