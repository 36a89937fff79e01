"""End points made from known minima are located there; others get a reason, and no hit is counted."""

import importlib
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import landscape
from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.preparation import prepared_context, stored_context
from landscape.campaign.progress import Silent
from landscape.campaign.rounds.phase import MakePhase
from landscape.campaign.sequences import LOCATING, measuring_training
from landscape.campaign.session import run_campaign
from landscape.campaign.verification.verify import verify
from landscape.config.run_file import Settings
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import PropertyError
from landscape.statistics.coverage import coverage
from landscape.studies.locations import Landing, equal_levels, locations_of, locations_report, superbasins
from tests.campaign.commands import assert_equal_bytes
from tests.campaign.stopping import StoppingPool
from tests.campaign.trained import add_trained
from tests.campaign.xor import HASTE, xor
from tests.database.altering import altered

REGIMES = {"plain": "", "decayed": "l2 = 0.1\n"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The landscape of XOR; do not change it."""
    path = tmp_path_factory.mktemp("whole") / "a.h5"
    landscape.explore(
        xor(), path=path, walkers=8, steps=8, connect={"rounds": 3, "single_ended": 0}, measure=HASTE
    ).close()
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    """A database with end points: every minimum perturbed, and a perturbed copy of it, in two regimes, and one
    diverged.
    """
    path = Path(shutil.copy(whole, tmp_path / "a.h5"))
    store = open_store(path, writable=True)
    minima = store.tables.minima.parameters
    random = np.random.default_rng(0)
    swapped = minima.reshape(len(minima), -1)[:, COPY] * SIGNS
    theta = np.concatenate([minima, swapped]) + 1e-3 * random.normal(size=(2 * len(minima), minima.shape[1]))
    theta = np.concatenate([theta, np.full((1, theta.shape[1]), np.nan)])
    count = len(theta)
    add_trained(store, theta, REGIMES, [row % 2 for row in range(count)], list(range(count)))
    store.close()
    return path


# The permutation of a 2-2-2 network that exchanges the two hidden units; SIGNS flips the second.
COPY = np.array([2, 3, 0, 1, 5, 4, 7, 6, 9, 8, 10, 11])
SIGNS = np.array([1, 1, -1, -1, 1, -1, 1, -1, 1, -1, 1, 1])


def locating(_: Context) -> tuple[MakePhase, ...]:
    return LOCATING


def run(
    path: Path, phases_of: Callable[[Context], tuple[MakePhase, ...]] = locating, rounds: int | None = None
) -> None:
    """Run the phases; give up the round after the first `rounds` rounds."""
    with Database(open_store(path, writable=True)) as db:
        context = stored_context(db.problem_record, "cpu")
        pool = StoppingPool(context, db, rounds)
        run_campaign(context, db.store, pool, Silent(), Interrupt(), phases_of(context))


def test_end_points_are_found_where_they_were_made(path: Path) -> None:
    with Database(open_store(path)) as db:
        before = db.minima.hits.copy(), coverage(db.minima.hits)
    run(path)
    with Database(open_store(path)) as db:
        count, found, stored = len(db.minima), locations_of(db), db.properties("training")
        np.testing.assert_array_equal(found.minimum, [*range(count), *range(count), -1])
        assert found.landing.tolist() == ["located"] * (2 * count) + ["not_finite"]
        assert stored["landing"].settings["names"][Landing.NOT_FINITE] == "not_finite"
        np.testing.assert_array_equal(db.minima.hits, before[0])
        assert coverage(db.minima.hits) == before[1]
        moved = np.random.default_rng(0).normal(size=(2 * count, 12))
        distance = stored["distance"].values
        np.testing.assert_allclose(distance[:-1], 1e-3 * np.linalg.norm(moved, axis=1), rtol=1e-6)
        drop = stored["energy"].values[:-1] - np.tile(db.minima.energy, 2)
        np.testing.assert_allclose(stored["energy_drop"].values[:-1], drop, atol=1e-12)
        assert (drop > 0.0).all()
        assert np.isnan(distance[-1])
        assert stored["accuracy_change"].values[:-1].tolist() == [0.0] * (2 * count)
        assert np.isnan(stored["test_accuracy_change"].values).all()
        report = "\n".join(locations_report(db))
        assert "1 not located: energy or gradient not finite" in report
        assert f"plain{'':<19}{f'{count}/{count + 1}':>9}{count:>8}" in report


def test_what_surrounds_them_is_that_of_their_minima(path: Path) -> None:
    run(path)
    with Database(open_store(path)) as db:
        stored, count = db.properties("training"), len(db.minima)
        for name in ("depth", "barrier_to_global"):
            np.testing.assert_array_equal(stored[name].values[:count], db.properties("minima")[name].values)
        levels = np.array(stored["superbasin"].settings["levels"])
        states = db.transition_states
        expected = superbasins(db.minima.energy, states.energy, states.minima, levels)
        np.testing.assert_array_equal(stored["superbasin"].values[:count], expected)
        kinds = db.rounds.kind.tolist()
    run(path)
    with Database(open_store(path)) as db:
        assert db.rounds.kind.tolist() == kinds  # without changes no round is run


def test_a_new_minimum_joins_the_landscape_without_hits(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.h5"
    with Database(open_store(whole)) as full:
        theta = full.minima.parameters + 1e-4
        landscape.explore(
            xor(), path=path, walkers=1, steps=0, connect={"rounds": 0, "single_ended": 0}, measure=HASTE
        ).close()
        store = open_store(path, writable=True)
        add_trained(store, theta, REGIMES, [0] * len(theta), list(range(len(theta))))
        store.close()
        run(path)
        with Database(open_store(path)) as db:
            assert db.minima.hits.tolist() == [0] * len(theta)
            np.testing.assert_allclose(np.sort(db.minima.energy), np.sort(full.minima.energy), atol=1e-10)
            context = stored_context(db.problem_record, "cpu")
            assert verify(db, context, LocalPool(context.execute)) == []


@pytest.mark.bits
def test_locating_continues_where_it_was_stopped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("landscape.campaign.rounds.locating")
    for name in ("TASK_POINTS", "ROUND_TASKS"):
        monkeypatch.setattr(module, name, 2)
    undisturbed = Path(shutil.copy(path, path.with_name("undisturbed.h5")))
    run(undisturbed)
    for rounds in (0, 1):
        run(path, rounds=rounds)
    with Database(open_store(path)) as db:
        assert len(locations_of(db).minimum) == 4
        assert np.isnan(db.properties("training")["minimum"].values[4:]).all()
    run(path)
    assert_equal_bytes(path, undisturbed)


@pytest.mark.parametrize("names", [["unheard_of", "located", "stalled"], ["stalled", "not_finite", "located"]])
def test_landings_go_through_the_names_in_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    module = importlib.import_module("landscape.campaign.rounds.locating")
    for name in ("TASK_POINTS", "ROUND_TASKS"):
        monkeypatch.setattr(module, name, 2)
    undisturbed = Path(shutil.copy(path, path.with_name("undisturbed.h5")))
    run(undisturbed)
    run(path, rounds=1)
    with altered(path) as file:
        landing = file["properties/training/landing"]
        assert landing[()].tolist() == [float(Landing.LOCATED)] * 4
        landing[...] = names.index("located")
        landing[0] = 0.0  # the first of the names
        landing.attrs["settings"] = json.dumps({"names": names})
    run(path)
    with landscape.open(path) as db, landscape.open(undisturbed) as whole:
        found, expected = locations_of(db), locations_of(whole)
        assert found.landing.tolist() == [names[0], *expected.landing[1:].tolist()]
        np.testing.assert_array_equal(found.minimum, expected.minimum)
        stored = db.properties("training")["landing"].settings["names"]
        assert stored[:3] == names
        assert set(stored) == {*names, "not_finite"}
        assert f"1 not located: {names[0]}" in "\n".join(locations_report(db))


def test_end_points_are_measured_as_minima_are(whole: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(whole, tmp_path / "a.h5"))
    store = open_store(path, writable=True)
    minima = store.tables.minima.parameters
    half = {"half": 'regime = "plain"\nquantise = 0.5\n', "all": 'regime = "plain"\nensemble = true\n'}
    add_trained(store, minima, REGIMES, [0] * len(minima), list(range(len(minima))), half)
    store.close()
    run(path, measuring_training)
    with Database(open_store(path)) as db:
        own, theirs = db.properties("minima"), db.properties("training")
        for name, values in own.items():
            if name not in ("depth", "escape_barrier", "barrier_to_global"):
                np.testing.assert_array_equal(theirs[name].values, values.values, err_msg=name)
        assert "no stationary point" in theirs["hessian_trace"].description
        assert "stationary" not in theirs["robust_accuracy"].description
        evaluated = theirs["evaluated_robust_accuracy"]
        assert evaluated.values.shape == (len(minima), 2, 1)
        assert evaluated.settings["evaluations"] == ["half", "all"]
        assert np.isfinite(evaluated.values[:, 0]).all()
        assert np.isfinite(evaluated.values[:, 1, 0]).tolist() == [True] + [False] * (len(minima) - 1)
        kinds = db.rounds.kind.tolist()
    run(path, measuring_training)
    with Database(open_store(path)) as db:
        assert db.rounds.kind.tolist() == kinds


def test_what_diverged_or_was_not_trained_yet_is_unknown(whole: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(whole, tmp_path / "a.h5"))
    store = open_store(path, writable=True)
    minimum = store.tables.minima.parameters[:1]
    theta = np.concatenate([minimum, np.full_like(minimum, np.nan), np.full_like(minimum, 1e200)])
    evaluations = {
        "each": 'regime = "plain"\nquantise = 0.5\n',
        "all": 'regime = "plain"\nensemble = true\n',
        "later": 'regime = "not trained yet"\n',
    }
    add_trained(store, theta, REGIMES, [0, 0, 0], [0, 1, 2], evaluations)
    store.close()
    run(path, partial(measuring_training, names=["loss", "curvature", "sharpness", "evaluations"]))
    with Database(open_store(path)) as db:
        found = db.properties("training")
        evaluated = found["evaluated_robust_accuracy"].values
        assert np.isfinite(evaluated[:, :, 0]).tolist() == [[True, False, False], [False] * 3, [False] * 3]
        for name in ("accuracy", "hessian_trace", "keskar_sharpness"):
            assert np.isfinite(found[name].values).tolist() == [True, False, False], name


def test_depths_are_not_measured_of_end_points() -> None:
    context = prepared_context(landscape.Problem(dataset="xor", hidden=[2]), Settings(), None)
    with pytest.raises(PropertyError, match="found 'depth', which minima have: 'landscape locate' tells"):
        measuring_training(context, ["loss", "depth"])


def test_levels_lie_between_the_lowest_minimum_and_the_highest_state_below_zero_too() -> None:
    minima = np.array([[0, 1], [1, 1]])
    found = equal_levels(np.array([-5.0, -4.0]), np.array([-1.0, 3.0]), minima)
    assert found.tolist() == [-4.0, -3.0, -2.0, -1.0]
    assert equal_levels(np.array([-5.0, -1.0]), np.empty(0), minima[:0]).tolist() == [-4.0, -3.0, -2.0, -1.0]


def test_superbasins_of_a_tree_made_by_hand() -> None:
    energy, ts_energy = np.array([2.0, 0.0, 1.0, 0.5]), np.array([3.0, 1.5, 5.0])
    ts_minima = np.array([[0, 1], [2, 3], [3, 1]])
    found = superbasins(energy, ts_energy, ts_minima, np.array([0.7, 1.5, 4.0, 5.0]))
    assert found.T.tolist() == [[0, 1, 2, 3], [0, 1, 3, 3], [1, 1, 3, 3], [1, 1, 1, 1]]
