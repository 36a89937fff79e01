"""Measuring adds missing values, repeats those made with other settings, and continues where it was stopped."""

import importlib
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import landscape
from landscape.campaign.campaign import Campaign, Ending
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.preparation import stored_context
from landscape.campaign.progress import Silent
from landscape.campaign.rounds.measuring import Measure, chosen_groups
from landscape.campaign.sequences import measuring, replacements
from landscape.campaign.session import run_campaign
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import PropertyError
from landscape.graph.depth import DEPTHS
from landscape.properties.catalogue import available_groups
from landscape.studies.columns import column
from landscape.studies.completeness.goal import Goal
from tests.campaign.commands import assert_equal_bytes
from tests.campaign.stopping import StoppingPool
from tests.campaign.xor import HASTE, xor
from tests.database.altering import altered


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of XOR with a few minima; do not change it."""
    path = tmp_path_factory.mktemp("whole") / "a.h5"
    landscape.explore(
        xor(), path=path, walkers=8, steps=4, connect={"rounds": 0, "single_ended": 0}, measure=HASTE
    ).close()
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "a.h5"))


def measured(path: Path, *groups: str, rounds: int | None = None, paths: bool = False, **settings: object) -> Ending:
    """Measure with these settings; give up the round after the first `rounds` rounds."""
    with Database(open_store(path, writable=True)) as db:
        context = stored_context(db.problem_record, "cpu", settings)
        phases = measuring(context, groups, paths=paths)
        return run_campaign(context, db.store, StoppingPool(context, db, rounds), Silent(), Interrupt(), phases)


def kinds(path: Path) -> list[str]:
    with Database(open_store(path)) as db:
        return [str(kind) for kind in db.rounds.kind]


def test_what_is_declared_otherwise_than_in_the_file_is_measured_again(path: Path) -> None:
    with Database(open_store(path)) as db:
        before = db.properties("minima")
    with altered(path) as file:
        file["properties/minima/hessian_trace"].attrs["description"] = "as it was called once"
        del file["properties/minima/margin_linf"]
    assert measured(path) is not None
    with Database(open_store(path)) as db:
        after = db.properties("minima")
        assert [str(kind) for kind in db.rounds.kind][-1] == "measure"
    for name in ("hessian_trace", "margin_linf"):
        assert after[name].description == before[name].description
        np.testing.assert_array_equal(after[name].values, before[name].values)
    rounds = len(kinds(path))
    measured(path)
    assert len(kinds(path)) == rounds


def test_a_run_measures_everything(path: Path) -> None:
    with Database(open_store(path)) as db:
        properties = db.properties("minima")
        assert {"clean_loss", "pgd_accuracy", "hessian_trace", "sensitivity_logits", "depth"} <= properties.keys()
        for name, found in properties.items():
            assert len(found.values) == len(db.minima)
            assert np.isfinite(found.values).all() or name in ("escape_barrier", "barrier_to_global")
        assert properties["depth"].values.min() == 0.0
        for name in ("depth", "escape_barrier", "barrier_to_global"):
            assert column(db, name).description == properties[name].description


def test_what_is_measured_is_not_measured_again(path: Path) -> None:
    before = kinds(path)
    assert measured(path) is Ending.COMPLETE
    assert kinds(path) == before


def test_further_epsilons_are_added_to_the_values(path: Path) -> None:
    before = kinds(path)
    kept = np.full(len(landscape.open(path).minima), 0.125)
    with altered(path) as file:
        file["properties/minima/pgd_accuracy"][:, 0] = kept  # no attack would give it
    assert measured(path, epsilon=[0.4]) is Ending.COMPLETE
    assert kinds(path) == [*before, "measure"]
    assert measured(path, epsilon=[0.1]) is Ending.COMPLETE
    assert measured(path, epsilon=[0.1, 0.4]) is Ending.COMPLETE
    assert kinds(path) == [*before, "measure"]
    with Database(open_store(path)) as db:
        found = db.properties("minima")
        assert found["pgd_accuracy"].settings["epsilon"] == [0.1, 0.4]
        np.testing.assert_array_equal(found["pgd_accuracy"].values[:, 0], kept)
        np.testing.assert_array_equal(column(db, "pgd_accuracy@0.1").values, kept)
        assert (found["adversarial_loss"].values[:, 1] >= found["adversarial_loss"].values[:, 0]).all()


def test_values_with_added_epsilons_are_those_measured_together(path: Path) -> None:
    together = Path(shutil.copy(path, path.with_name("together.h5")))
    with altered(together) as file:
        for name, item in list(file["properties/minima"].items()):
            if "epsilon" in item.attrs["settings"]:
                del file["properties/minima"][name]
    assert measured(together, epsilon=[0.05, 0.1, 0.3]) is Ending.COMPLETE
    for epsilon in ([0.3], [0.05]):
        assert measured(path, epsilon=epsilon) is Ending.COMPLETE
    with Database(open_store(path)) as one, Database(open_store(together)) as other:
        ours, theirs = one.properties("minima"), other.properties("minima")
        assert ours.keys() == theirs.keys()
        for name, found in ours.items():
            assert found.settings == theirs[name].settings
            np.testing.assert_allclose(found.values, theirs[name].values, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.bits
def test_adding_epsilons_continues_where_it_was_stopped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("landscape.campaign.rounds.measuring")
    for name in ("TASK_MINIMA", "ROUND_TASKS"):
        monkeypatch.setattr(module, name, 1)
    undisturbed = Path(shutil.copy(path, path.with_name("undisturbed.h5")))
    assert measured(undisturbed, "sensitivity", epsilon=[0.3]) is Ending.COMPLETE
    assert measured(path, "sensitivity", rounds=2, epsilon=[0.3]) is Ending.GIVEN_UP
    with Database(open_store(path)) as db:
        values = db.properties("minima")["sensitivity_logits"].values
        assert np.isfinite(values).sum(axis=0).tolist() == [len(values), 2]
    assert measured(path, "sensitivity", epsilon=[0.3]) is Ending.COMPLETE
    assert_equal_bytes(path, undisturbed)


def test_minima_added_later_have_all_epsilons(path: Path) -> None:
    assert measured(path, epsilon=[0.3]) is Ending.COMPLETE
    with landscape.explore(
        xor(), path=path, walkers=8, steps=24, resume=True, connect={"rounds": 0, "single_ended": 0}, measure=HASTE
    ) as db:
        found = db.properties("minima")["pgd_accuracy"]
        assert found.settings["epsilon"] == [0.1, 0.3]
        assert np.isfinite(found.values).all()
        assert len(found.values) == len(db.minima)


def test_a_search_for_the_lowest_adds_epsilons_to_these_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TASK_MINIMA", "ROUND_TASKS"):
        monkeypatch.setattr(f"landscape.campaign.rounds.measuring.{name}", 1)
    with landscape.open(path) as db:
        wanted = np.sort(np.argsort(db.minima.energy, kind="stable")[:3])
        assert (np.diff(wanted) > 1).any() or wanted[0] > 0  # a gap that stays comes before one that is filled
        context = stored_context(db.problem_record, "cpu", {"epsilon": [0.3]})
    goal = Goal(lowest=3, energy=np.inf, fraction=1.0, searches=0)
    phases = (partial(Measure, groups=["sensitivity"], goal=goal),)
    with Database(open_store(path, writable=True)) as db:
        pool = LocalPool(context.execute)
        assert run_campaign(context, db.store, pool, Silent(), Interrupt(), phases) is Ending.COMPLETE
        values = db.properties("minima")["sensitivity_logits"].values
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(values[:, 1])), wanted)


def test_values_with_other_settings_are_replaced_and_named(path: Path) -> None:
    with Database(open_store(path)) as db:
        context = stored_context(db.problem_record, "cpu", {"pgd_steps": 3, "epsilon": [0.2]})
        lines = replacements(context, db.store.tables, measuring(context))
    assert lines == [
        "robustness: pgd_steps was 1 and is 3: its stored values, with epsilon [0.1], are measured again and replaced"
    ]
    assert measured(path, pgd_steps=3, epsilon=[0.2]) is Ending.COMPLETE
    with Database(open_store(path)) as db:
        found = db.properties("minima")
        assert found["pgd_accuracy"].settings["epsilon"] == [0.2]
        assert found["sensitivity_logits"].settings["epsilon"] == [0.1, 0.2]
        context = stored_context(db.problem_record, "cpu", {"pgd_steps": 3, "epsilon": [0.2]})
        assert replacements(context, db.store.tables, measuring(context)) == []


def test_changed_settings_refresh_the_values(path: Path) -> None:
    before = kinds(path)
    assert measured(path, pgd_steps=3, epsilon=[0.1, 0.4]) is Ending.COMPLETE
    assert kinds(path) == [*before, "measure"]
    with Database(open_store(path)) as db:
        loss = db.properties("minima")["adversarial_loss"]
        assert loss.values.shape == (len(db.minima), 2)
        assert loss.settings["epsilon"] == [0.1, 0.4]
        assert (loss.values[:, 1] >= loss.values[:, 0]).all()


def test_an_epsilon_may_have_one_number_a_feature(path: Path) -> None:
    assert measured(path, "robustness", epsilon=[[0.1, 0.2]]) is Ending.COMPLETE
    assert measured(path, "robustness", epsilon=[[0.1, 0.2], 0.2]) is Ending.COMPLETE
    rounds = kinds(path)
    assert measured(path, "robustness", epsilon=[[0.1, 0.2], 0.2]) is Ending.COMPLETE
    assert kinds(path) == rounds
    with Database(open_store(path)) as db:
        loss = db.properties("minima")["adversarial_loss"]
        assert loss.settings["epsilon"] == [0.1, [0.1, 0.2], 0.2]
        assert (np.diff(loss.values, axis=1) >= 0).all()


def test_what_does_not_depend_on_changed_settings_is_kept(path: Path) -> None:
    with Database(open_store(path)) as db:
        before = db.properties("minima")
    assert measured(path, epsilon=[0.2]) is Ending.COMPLETE
    with Database(open_store(path)) as db:
        after, last = db.properties("minima"), db.rounds[-1]
    assert last.tasks == 2 * -(-len(before["depth"].values) // 16)  # robustness and sensitivity
    for name, found in after.items():
        changed = found.settings.get("group") in ("robustness", "sensitivity")
        assert (found.settings.get("epsilon") == [0.1, 0.2]) == changed
        if not changed:
            np.testing.assert_array_equal(found.values, before[name].values)
            assert found.settings == before[name].settings


def test_groups_that_are_asked_for_are_measured_alone(path: Path) -> None:
    assert measured(path, "sensitivity", epsilon=[0.2]) is Ending.COMPLETE
    with Database(open_store(path)) as db:
        found = db.properties("minima")
        assert found["sensitivity_logits"].settings["epsilon"] == [0.1, 0.2]
        assert found["pgd_accuracy"].settings["epsilon"] == [0.1]


def test_names_lead_to_their_groups() -> None:
    problem = landscape.Problem(dataset="xor", hidden=[2])
    assert chosen_groups(problem, []) == available_groups(problem)
    assert chosen_groups(problem, ["depth"]) == ()
    assert chosen_groups(problem, ["pgd_accuracy", "loss", "fgsm_accuracy", "depth"]) == ("loss", "robustness")
    with pytest.raises(PropertyError, match="'sensitivty'; did you mean 'sensitivity'"):
        chosen_groups(problem, ["sensitivty"])
    with pytest.raises(PropertyError, match="smooth activation"):
        chosen_groups(landscape.Problem(dataset="xor", hidden=[2], activation="relu"), ["hessian_trace"])


@pytest.mark.bits
def test_measuring_continues_where_it_was_stopped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("landscape.campaign.rounds.measuring")
    for name in ("TASK_MINIMA", "ROUND_TASKS"):
        monkeypatch.setattr(module, name, 1)
    undisturbed = Path(shutil.copy(path, path.with_name("undisturbed.h5")))
    assert measured(undisturbed, pgd_steps=2) is Ending.COMPLETE
    for rounds in (0, 1, 1):
        assert measured(path, rounds=rounds, pgd_steps=2) is Ending.GIVEN_UP
    with Database(open_store(path)) as db:
        stored = db.store.tables.properties["minima"]
        assert {len(found.values) for found in stored.values() if "pgd_steps" in found.settings} == {2}
        assert np.isnan(db.properties("minima")["pgd_accuracy"].values[2:]).all()
    assert measured(path, pgd_steps=2) is Ending.COMPLETE
    assert_equal_bytes(path, undisturbed)


def test_minima_that_are_added_are_measured_and_depths_made_again(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with landscape.explore(
        xor(), path=path, walkers=2, steps=1, connect={"rounds": 0, "single_ended": 0}, measure=HASTE
    ) as db:
        few = len(db.minima)
    more = {"pairs": 4, "rounds": 1, "single_ended": 2}
    with landscape.explore(xor(), path=path, walkers=2, steps=9, resume=True, connect=more, measure=HASTE) as db:
        assert len(db.minima) > few > 0
        for name in ("clean_loss", "depth"):
            assert np.isfinite(db.properties("minima")[name].values).all()
        assert np.isfinite(db.properties("minima")["barrier_to_global"].values).sum() > 1


def test_a_search_for_the_lowest_measures_these_until_all_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("landscape.campaign.rounds.measuring.TASK_MINIMA", 1)
    monkeypatch.setattr("landscape.campaign.rounds.measuring.ROUND_TASKS", 2)
    path = tmp_path / "a.h5"
    lowest = {"lowest": 3, "searches": 1}
    more = {"rounds": 0, "single_ended": 0}
    with landscape.explore(xor(), path=path, walkers=8, steps=4, explore=lowest, connect=more, measure=HASTE) as db:
        energy = db.minima.energy
        assert len(energy) > 4
        wanted = np.isin(np.arange(len(energy)), np.argsort(energy, kind="stable")[:3])
        names = {name for name in db.properties("minima") if name not in DEPTHS}
        before = {name: db.properties("minima")[name].values for name in names}
    for name, values in before.items():
        known = np.isfinite(values.reshape(len(values), -1)).any(axis=1)
        np.testing.assert_array_equal(known, wanted, err_msg=name)
    rounds = len(kinds(path))
    with landscape.explore(
        xor(), path=path, walkers=8, steps=4, explore=lowest, connect=more, measure=HASTE, resume=True
    ):
        pass
    assert len(kinds(path)) == rounds
    wider = {"lowest": 4, "searches": 1}
    with landscape.explore(
        xor(), path=path, walkers=8, steps=4, explore=wider, connect=more, measure=HASTE, resume=True
    ) as db:
        known = np.isfinite(db.properties("minima")["accuracy"].values)
        np.testing.assert_array_equal(np.flatnonzero(known), np.sort(np.argsort(energy, kind="stable")[:4]))
    assert measured(path) is Ending.COMPLETE
    with Database(open_store(path)) as db:
        for name, values in before.items():
            after = db.properties("minima")[name].values
            assert np.isfinite(after.reshape(len(after), -1)).any(axis=1).all()
            np.testing.assert_allclose(after[wanted], values[wanted], rtol=1e-12, atol=1e-12)
    rounds = len(kinds(path))
    assert measured(path) is Ending.COMPLETE
    assert len(kinds(path)) == rounds


def test_phases_of_measuring_need_no_walkers(path: Path) -> None:
    with Database(open_store(path, writable=True)) as db:
        context = stored_context(db.problem_record, "cpu")
        campaign = Campaign(context, db.store, LocalPool(context.execute), Silent(), measuring(context))
        assert [type(phase).__name__ for phase in campaign.phases] == ["Measure", "Depths"]
        assert campaign.run(Interrupt()) is Ending.COMPLETE


def test_paths_are_measured_on_demand_and_continued_where_they_were_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    landscape.explore(
        xor(), path=path, walkers=8, steps=4, connect={"rounds": 2, "single_ended": 0}, measure=HASTE
    ).close()
    assert measured(path, rounds=0, paths=True) == Ending.GIVEN_UP
    assert measured(path, paths=True) == Ending.COMPLETE
    with Database(open_store(path)) as db:
        found, states = db.properties("transition_states"), db.transition_states
        assert {"path_energy", "path_clean_loss", "path_adversarial_loss", "path_accuracy"} <= found.keys()
        energy = found["path_energy"].values
        assert energy.shape == (len(states), 41)
        assert found["path_adversarial_loss"].values.shape == (len(states), 41, 1)
        known = np.isfinite(energy[:, 0])
        assert known.any()
        np.testing.assert_allclose(energy[known][:, 20], states.energy[known], atol=1e-12)
        ends = db.minima.energy[states.minima][known]
        np.testing.assert_allclose(energy[known][:, [0, 40]], ends, atol=1e-9)
