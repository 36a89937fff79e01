"""Samples: quenches in the basins where they end, pairs with certified barriers, both apart from the search."""

import importlib
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import landscape
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.preparation import stored_context
from landscape.campaign.progress import Silent
from landscape.campaign.rounds.sampling import further_pairs
from landscape.campaign.sequences import LOCATING, SAMPLING, SAMPLING_TRAINING
from landscape.campaign.session import run_campaign
from landscape.campaign.verification.verify import verify
from landscape.database.database import Database
from landscape.database.sampled import QUENCHES
from landscape.database.store import open_store
from landscape.errors import PropertyError
from landscape.graph.superbasins import build_tree
from landscape.optimize.newton import classify
from landscape.studies.overview import overview
from landscape.studies.samples.barriers import climbs
from landscape.studies.samples.report import sampled_report, sampled_training_report
from tests.campaign.commands import assert_equal_bytes
from tests.campaign.stopping import StoppingPool
from tests.campaign.trained import add_trained
from tests.campaign.xor import HASTE, xor
from tests.database.altering import altered
from tests.studies.small_landscapes import merge_height

SAMPLE = {"quenches": 20, "pairs": 7, "scale": 1.5}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole landscape of XOR, to be sampled; do not change it."""
    path = tmp_path_factory.mktemp("whole") / "a.h5"
    landscape.explore(xor(), path=path, walkers=16, steps=8, measure=HASTE, sample=SAMPLE).close()
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "a.h5"))


def run(path: Path, phases: tuple[object, ...] = SAMPLING, rounds: int | None = None) -> None:
    """Run the phases; give up the round after the first `rounds` rounds."""
    with Database(open_store(path, writable=True)) as db:
        context = stored_context(db.problem_record, "cpu")
        pool = StoppingPool(context, db, rounds)
        run_campaign(context, db.store, pool, Silent(), Interrupt(), phases)  # type: ignore[arg-type]


def nearest(db: Database, theta: np.ndarray) -> int:
    """The row of the minimum found by the search that is nearest to theta [P]."""
    minima = db.minima.parameters
    return int(np.argmin(xor().symmetry.distance(minima, np.broadcast_to(theta, minima.shape))))


def merge_energy(db: Database, first: int, second: int) -> float:
    """The energy at which two minima found by the search are connected."""
    states = db.transition_states
    height = merge_height(build_tree(db.minima.energy, states.energy, states.minima), first, second)
    assert height is not None, f"the search is not connected: {states.minima.tolist()}, {db.rounds}"
    return height


def test_a_sample_agrees_with_the_whole_landscape_and_leaves_it_alone(path: Path) -> None:
    """Every basin is a known minimum, certified barriers are at least those of the tree, straight ones above."""
    with Database(open_store(path)) as db:
        before = {name: getattr(db.minima, name).copy() for name in db.minima.column_names()}
        states = len(db.transition_states)
    run(path)
    with Database(open_store(path)) as db:
        for name, values in before.items():
            np.testing.assert_array_equal(getattr(db.minima, name), values)
        assert len(db.transition_states) == states
        quenches, pairs = db.sampled_quenches, db.sampled_pairs
        assert len(quenches) == SAMPLE["quenches"]
        assert len(pairs) == SAMPLE["pairs"]
        found = np.array([nearest(db, theta) for theta in quenches.parameters])  # energies of mirror images are equal
        np.testing.assert_allclose(quenches.energy, db.minima.energy[found], atol=1e-9)
        np.testing.assert_array_equal(found[quenches.basin], found)
        assert (quenches.basin <= np.arange(len(quenches))).all()
        assert len(np.unique(quenches.basin)) == len(np.unique(found))
        assert pairs.joined.all()
        assert len({tuple(rows) for rows in pairs.rows.tolist()}) == len(pairs)
        for row, (i, j) in enumerate(pairs.rows.tolist()):
            np.testing.assert_allclose(pairs.energies[row], quenches.energy[[i, j]], rtol=0, atol=1e-14)
            assert pairs.certified[row] >= merge_energy(db, found[i], found[j]) - 1e-9
            assert pairs.straight[row] >= pairs.energies[row].max() - 1e-12
        distinct = pairs.rows[found[pairs.rows[:, 0]] != found[pairs.rows[:, 1]], 0]
        assert len(distinct), "the draw has pairs of different minima"


def test_a_certified_barrier_is_that_of_the_stored_transition_state(path: Path) -> None:
    run(path)
    with Database(open_store(path)) as db:
        pairs = db.sampled_pairs
        apart = np.isfinite(pairs.parameters[:, 0])
        assert apart.any()
        points = classify(xor(), torch.tensor(pairs.parameters[apart]))
        assert points.is_transition_state.all()
        np.testing.assert_allclose(points.energy, pairs.certified[apart], atol=1e-12)
        same = pairs.take(~apart)
        np.testing.assert_allclose(same.certified, same.energies.max(axis=1), rtol=0, atol=1e-14)
        assert not same.attempts.any()
        assert (climbs(pairs)["certified"][~apart] == 0.0).all()


def test_the_report_counts_what_the_tables_hold(path: Path) -> None:
    run(path)
    with Database(open_store(path)) as db:
        report = "\n".join(sampled_report(db))
        assert report in overview(db, 3)
        hits = np.bincount(db.sampled_quenches.basin)
        assert f"quenches      {SAMPLE['quenches']}, independent" in report
        assert "standard deviation 1.5" in report
        assert f"basins        {(hits > 0).sum()} met, {(hits == 1).sum()} of them once" in report
        assert f"{SAMPLE['pairs']} joined by transition states: 100%" in report
        assert "Sampled, not all" in report


def test_every_sampled_point_is_verified(path: Path) -> None:
    run(path)
    assert verified(path) == []
    with altered(path) as file:
        quenches, pairs = file["sampled_quenches"], file["sampled_pairs"]
        row = int(np.flatnonzero(np.isfinite(pairs["parameters"][:, 0]))[0])
        other = int(np.flatnonzero(quenches["basin"][:] != quenches["basin"][3])[0])
        quenches["energy"][0] += 1e-7
        quenches["basin"][3] = other
        quenches["parameters"][5] += 1e-3
        pairs["certified"][row] += 1e-3
    said = verified(path)
    assert any(line.startswith("sampled quench 0: energy") for line in said)
    assert any(line.startswith("sampled quench 5: RMS gradient") for line in said)
    assert any(line.startswith(f"sampled quench 3: in the basin of quench {other} by the file, of ") for line in said)
    assert any(line.startswith(f"highest state of sampled pair {row}: energy") for line in said)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("energies", 3.0, "energies 3 and 3 are not those of its ends"),
        ("joined", False, "it is joined exactly if it has a certified bound"),
        ("straight", -5.0, "a bound is below its ends"),
        ("band", -5.0, "a bound is below its ends"),
        ("parameters", np.nan, "a certified bound above its ends needs a transition state"),
    ],
)
def test_what_pairs_say_is_verified(path: Path, column: str, value: float, words: str) -> None:
    run(path)
    with altered(path) as file:
        pairs = file["sampled_pairs"]
        row = int(np.flatnonzero(np.isfinite(pairs["parameters"][:, 0]))[0])
        pairs[column][row] = value
    assert f"sampled pair {row}: {words}" in verified(path)


def test_a_quench_with_an_energy_has_parameters(path: Path) -> None:
    run(path)
    with altered(path) as file:
        file["sampled_quenches"]["parameters"][3] = np.nan
        file["sampled_quenches"]["basin"][3] = -1
    assert "sampled quench 3: an energy, but no finite parameters" in verified(path)


def verified(path: Path) -> list[str]:
    with Database(open_store(path)) as db:
        context = stored_context(db.problem_record, "cpu")
        return verify(db, context, LocalPool(context.execute))


@pytest.mark.bits
def test_sampling_continues_where_it_was_stopped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("landscape.campaign.rounds.sampling")
    for name, value in (("TASK_QUENCHES", 3), ("ROUND_TASKS", 2), ("TASK_PAIRS", 1)):
        monkeypatch.setattr(module, name, value)
    stopped = path.with_name("stopped.h5")
    shutil.copy(path, stopped)
    run(path)
    for _ in range(40):
        run(stopped, rounds=1)
    assert_equal_bytes(stopped, path)


@pytest.mark.bits
def test_the_division_into_tasks_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = path.with_name("other.h5")
    shutil.copy(path, other)
    run(path)
    module = importlib.import_module("landscape.campaign.rounds.sampling")
    monkeypatch.setattr(module, "TASK_QUENCHES", 5)
    monkeypatch.setattr(module, "TASK_PAIRS", 1)
    run(other)
    with h5py.File(path) as ours, h5py.File(other) as theirs:
        for table in ("sampled_quenches", "sampled_pairs"):
            for name in ours[table]:
                np.testing.assert_array_equal(ours[table][name][()], theirs[table][name][()], err_msg=name)


def test_pairs_of_end_points_are_of_one_regime_and_need_locations(path: Path) -> None:
    store = open_store(path, writable=True)
    minima = store.tables.minima.parameters
    theta = np.concatenate([minima, minima]) + 1e-4
    regime = [row % 2 for row in range(len(theta))]
    add_trained(store, theta, {"plain": "", "decayed": "l2 = 0.1\n"}, regime, list(range(len(theta))))
    store.close()
    with pytest.raises(PropertyError, match=r"run 'landscape locate FILE\.h5' first"):
        run(path, SAMPLING_TRAINING)
    run(path, LOCATING)
    run(path, SAMPLING_TRAINING)
    with Database(open_store(path)) as db:
        pairs = db.sampled_pairs
        assert len(pairs) == 2 * SAMPLE["pairs"]
        assert QUENCHES not in pairs.ends_of
        sides = np.array(regime)[pairs.rows]
        assert (sides[:, 0] == sides[:, 1]).all()
        report = "\n".join(sampled_training_report(db))
        assert "plain         7 pairs" in report
        assert "decayed       7 pairs" in report
    assert verified(path) == []
    with altered(path) as file:
        del file["properties/training/minimum"]
    assert any("of training, but there are 0" in line for line in verified(path))


def test_further_pairs_follow_those_that_are_stored() -> None:
    rows = np.array([3, 5, 8, 9])
    all_six = further_pairs(rows, np.empty((0, 2), dtype=np.int64), 10, (1, 2))
    assert len({tuple(pair) for pair in all_six.tolist()}) == 6
    assert (all_six[:, 0] < all_six[:, 1]).all()
    assert set(all_six.ravel().tolist()) == set(rows.tolist())
    np.testing.assert_array_equal(further_pairs(rows, all_six[:2], 5, (1, 2)), all_six[2:5])
    assert not len(further_pairs(rows[:1], all_six[:0], 5, (1, 2)))
