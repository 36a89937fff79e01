"""Rounds of searches for saddles: what they find, when they end, and that neither ranks nor stops matter."""

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import landscape
from landscape.campaign.context import Context
from landscape.campaign.preparation import record_of
from landscape.campaign.resumption import open_or_create
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.saddles import searching
from landscape.campaign.rounds.saddles.searching import FEWEST_ROUNDS, SearchSaddles
from landscape.database.store import Store, open_store
from landscape.database.tables import SEARCH_KINDS
from landscape.problems.surfaces.analytic import SixHumpCamel
from landscape.studies.morse import morse
from tests.campaign.energies import stationary, styblinski_tang
from tests.campaign.points import minima, plane, saddles, store_of
from tests.campaign.xor import HASTE
from tests.database.altering import altered

BRIEF: dict[str, Any] = {"walkers": 8, "steps": 2, "connect": {"rounds": 2, "single_ended": 4}}


@pytest.fixture(scope="module", autouse=True)
def few_searches() -> Iterator[None]:
    """Rounds of 40 searches: enough for surfaces with few points."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "TASKS_PER_WAY", 1)
        patch.setattr(searching, "TASK_SEARCHES", 8)
        yield


def test_all_points_of_the_camel_are_found_and_add_up() -> None:
    db = landscape.explore(SixHumpCamel(), start=(-2.0, 2.0), saddles={"max_index": 2, "rounds": 4}, **BRIEF)
    found = morse(db)
    assert found.count.copies == (6, 7, 2)
    assert found.count.total == 1
    assert db.saddles.index.tolist() == [2, 2]
    np.testing.assert_allclose(db.saddles.energy, SixHumpCamel().known_energies(2), atol=1e-8)
    known = sorted(point.theta for point in SixHumpCamel.known if point.index == 2 and point.theta)
    np.testing.assert_allclose(sorted(db.saddles.parameters.tolist()), known, atol=1e-7)
    assert landscape.verify(db, SixHumpCamel()) == []
    assert db.complete


def test_points_of_every_index_in_a_box_with_a_unit_of_length() -> None:
    """A separable energy: an index counts the parameters that are at the maximum of their part."""
    energy = styblinski_tang()
    low, (high,) = stationary(energy.slope, -5.0, 5.0)
    table = {"max_index": 3, "rounds": 6}
    db = landscape.explore(energy, bounds=(-5.0, 5.0), saddles=table, **BRIEF)
    assert morse(db).count.points == (8, 12, 6, 1)
    at_maximum = np.abs(db.saddles.parameters - high) < 1e-6
    np.testing.assert_array_equal(at_maximum.sum(1), db.saddles.index)
    assert (np.abs(db.saddles.parameters[..., None] - np.array([*low, high])).min(2) < 1e-6).all()
    curvature = 6.0 * db.saddles.parameters**2 - 16.0
    np.testing.assert_allclose(db.saddles.log_determinant, np.log(np.abs(curvature)).sum(1), atol=1e-4)
    softest = np.take_along_axis(curvature, np.abs(curvature).argmin(1)[:, None], 1)[:, 0]
    np.testing.assert_allclose(db.saddles.softest_eigenvalue, softest, rtol=1e-4)
    assert landscape.verify(db, energy) == []


def test_a_higher_index_is_searched_for_when_a_run_continues(tmp_path: Path) -> None:
    energy, path = styblinski_tang(), tmp_path / "raised.h5"
    for most, points, rounds in ((2, (8, 12, 6), 4), (2, (8, 12, 6), 4), (3, (8, 12, 6, 1), 8)):
        table = {"max_index": most, "rounds": 4}
        with landscape.explore(
            energy, bounds=(-5.0, 5.0), path=path, resume=path.exists(), saddles=table, **BRIEF
        ) as db:
            assert morse(db).count.points == points
            assert [row.highest_index for row in db.rounds if row.kind == "saddles"] == [2] * 4 + [3] * (rounds - 4)
            assert {row.highest_index for row in db.rounds if row.kind != "saddles"} == {0}


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two units on Iris at l2 = 0.3, between the pitchforks: zero weights are a saddle of index 2."""
    path = tmp_path_factory.mktemp("saddles") / "iris.h5"
    problem = landscape.Problem(dataset="iris", hidden=[2], l2=0.3)
    brief: dict[str, Any] = {"walkers": 4, "steps": 2, "connect": {"rounds": 1, "single_ended": 4}}
    brief["explore"] = {"searches": 0}
    landscape.explore(problem, path=path, measure=HASTE, saddles={"max_index": 2, "rounds": 1}, **brief).close()
    return path


def test_a_network_between_its_pitchforks(iris: Path) -> None:
    with landscape.open(iris) as db:
        assert morse(db).count.copies == (4, 4, 1)
        np.testing.assert_allclose(db.saddles.parameters, 0.0, atol=1e-9)
        np.testing.assert_allclose(db.saddles.energy, np.log(3.0), atol=1e-12)
        # The Hessian has 2 l2 +- s for each singular value s of the mean of (label - 1/3) x^T and each unit.
        problem = landscape.problem_of(db)
        labels = np.eye(3)[problem.targets.numpy()] - 1.0 / 3.0
        s = np.linalg.svd(labels.T @ problem.inputs.numpy() / len(labels))[1]
        nearest = min((0.6 + sign * value for value in [*s, 0.0] for sign in (-1, 1)), key=abs)
        np.testing.assert_allclose(db.saddles.softest_eigenvalue, nearest, atol=1e-9)
        assert landscape.verify(db) == []


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("energy", 1.0, "saddle 0: energy 1 in the file"),
        ("index", 3, "saddle 0: 2 negative Hessian eigenvalues, expected 3"),
        ("log_orbit_size", 0.7, "saddle 0: log orbit size"),
        ("log_determinant", 0.0, "saddle 0: log absolute determinant"),
        ("softest_eigenvalue", 0.1, "saddle 0: softest eigenvalue"),
        ("rms_gradient", 1e-3, "saddle 0: RMS gradient"),
        ("parameters", 0.1, "saddle 0: RMS gradient"),
    ],
)
def test_an_altered_saddle_is_a_fault(iris: Path, tmp_path: Path, column: str, value: float, words: str) -> None:
    path = tmp_path / "altered.h5"
    path.write_bytes(iris.read_bytes())
    with altered(path) as file:
        file[f"saddles/{column}"][0] = value
    assert any(words in fault for fault in landscape.verify(path))


def test_a_saddle_that_is_stored_twice_is_a_fault(iris: Path, tmp_path: Path) -> None:
    path = tmp_path / "twice.h5"
    path.write_bytes(iris.read_bytes())
    with altered(path) as file:
        for item in file["saddles"].values():
            item.resize(2, axis=0)
            item[1] = item[0]
        file["saddles"].attrs["count"] = 2
    assert landscape.verify(path) == ["saddle 1: the same point as saddle 0"]


@pytest.mark.bits
def test_a_plan_depends_on_the_committed_file_alone(tmp_path: Path) -> None:
    path, context = tmp_path / "a.h5", plane(saddles={"max_index": 2})
    store = open_or_create(path, record_of(context), resume=False)
    for kind in ("basin_hopping", SearchSaddles.kind):
        commit(context, store, new=True, kind=kind)
    before = planned(context, store)
    store.close()
    resumed = open_store(path)
    after = planned(plane(saddles={"max_index": 2}), resumed)
    for one, other in zip(before.tasks, after.tasks, strict=True):
        assert (one.way, one.seeds, one.most) == (other.way, other.seeds, other.most)
        for name in ("first", "last", "index"):
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def test_results_of_other_ranks_give_the_same_commit() -> None:
    """A rank sends known minima as rows only, and everything through pickle."""
    context = plane(saddles={"max_index": 2})
    store = store_of(context)
    commit(context, store, new=False)
    first = planned(context, store)
    assert first is not None
    results = [task.run(context) for task in first.tasks]
    index = LandscapeIndex(context, store.tables)
    store.commit(SearchSaddles(context, index).assimilate(store.tables, first, results, 0.0))
    again = planned(context, store)
    assert again is not None
    results = [task.run(context) for task in again.tasks]
    sent = [pickle.loads(pickle.dumps(one.without(index.minima))) for one in results]
    assert any(len(one.minima.unknown) < len(two.minima.unknown) for one, two in zip(sent, results, strict=True))
    commits = [
        SearchSaddles(context, LandscapeIndex(context, store.tables)).assimilate(store.tables, again, some, 0.0)
        for some in (results, sent)
    ]
    for table in ("minima", "transition_states", "saddles"):
        ours, theirs = (getattr(commit, table) for commit in commits)
        for name in ours.column_names():
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def planned(context: Context, store: Store) -> Any:  # noqa: ANN401 - a plan of saddles or None
    return SearchSaddles(context, LandscapeIndex(context, store.tables)).plan(store.tables)


def commit(context: Context, store: Store, *, new: bool, kind: str = SearchSaddles.kind) -> None:
    """Commit a round made by hand, with a new saddle or without."""
    number = len(store.tables.rounds)
    assimilation = Assimilation(LandscapeIndex(context, store.tables), store.tables)
    assimilation.add_minima(minima([0.0]), counted=True)
    if new:
        assimilation.add_saddles(saddles([float(number)], [2], number))
    found = assimilation.commit(kind=kind, tasks=1, evaluations=1, seconds=0.0)
    store.commit(replace(found, highest_index=2 if kind == SearchSaddles.kind else 0))


def test_rounds_go_on_until_their_number_has_doubled_without_anything_new() -> None:
    context = plane(saddles={"max_index": 2})
    store = store_of(context)
    commit(context, store, new=True, kind="basin_hopping")
    for new in (True, False, False, False):
        assert planned(context, store) is not None
        commit(context, store, new=new)
    assert FEWEST_ROUNDS == 4
    assert planned(context, store) is None
    commit(context, store, new=True)  # the fifth
    for _ in range(5):
        assert planned(context, store) is not None
        commit(context, store, new=False)
    assert planned(context, store) is None
    assert store.tables.saddles.round.tolist() == [0, 1, 5]


def test_nothing_is_searched_unless_it_is_asked_for_and_no_more_than_is() -> None:
    context = plane()
    store = store_of(context)
    commit(context, store, new=False, kind="basin_hopping")
    assert planned(context, store) is None
    context = plane(saddles={"max_index": 2, "rounds": 1})
    assert planned(context, store_of(context)) is None
    plan = planned(context, store)
    ways = [task.way for task in plan.tasks]
    assert ways == ["fresh", "between", "maximum", "upward", "fresh"]  # no saddle is known to begin downward from
    commit(context, store, new=False)
    assert planned(context, store) is None
    assert SearchSaddles.kind in SEARCH_KINDS


def test_an_index_of_one_is_refused() -> None:
    with pytest.raises(landscape.LandscapeError, match=r"\[saddles\] max_index: expected 0 for none or at least 2"):
        plane(saddles={"max_index": 1})
