"""Verification measures stored properties again and names every value that differs, and no other."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import landscape
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.preparation import stored_context
from landscape.campaign.progress import Silent
from landscape.campaign.rounds.sampling import SampleQuenches
from landscape.campaign.sequences import measuring_sample, measuring_training
from landscape.campaign.session import run_campaign
from landscape.campaign.verification.properties import SAMPLED_ROWS, Amount, Remeasured, remeasured
from landscape.database.store import open_store
from landscape.errors import ConfigError
from tests.campaign.trained import add_trained
from tests.campaign.xor import HASTE, xor
from tests.commands import Run
from tests.database.altering import altered

QUICK = HASTE | {"apgd_steps": 1, "search_queries": 1, "noise_draws": 2}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four minima of XOR with all properties, two end points of training and two quenches; do not change it."""
    path = tmp_path_factory.mktemp("whole") / "a.h5"
    tables: dict[str, Any] = {
        "connect": {"pairs": 1, "rounds": 1, "single_ended": 1},
        "measure": QUICK,
        "sample": {"quenches": 2},
    }
    landscape.explore(xor(), path=path, walkers=3, steps=2, progress=False, **tables).close()
    with landscape.Database(open_store(path, writable=True)) as db:
        add_trained(db.store, db.minima.parameters[:2] + 0.1, {"plain": ""}, regime=[0, 0], seed=[0, 1])
        context, names = stored_context(db.problem_record, "cpu"), ("clean_loss", "hessian_trace")
        phases = (SampleQuenches, *measuring_sample(context, names), *measuring_training(context, names))
        run_campaign(context, db.store, LocalPool(context.execute), Silent(), Interrupt(), phases)
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "a.h5"))


def again(path: Path, amount: Amount = "all") -> Remeasured:
    with landscape.open(path) as db:
        context = stored_context(db.problem_record, "cpu")
        return remeasured(db, context, LocalPool(context.execute), amount=amount)


def shift(path: Path, name: str, place: object, change: float, target: str = "minima") -> None:
    with altered(path) as file:
        file[f"properties/{target}/{name}"][place] += change


def test_what_was_measured_is_measured_again(path: Path) -> None:
    with landscape.open(path) as db:
        assert len(db.minima) > SAMPLED_ROWS
    whole, part, none = again(path), again(path, "sample"), again(path, "none")
    assert (whole.faults, part.faults, none.faults) == ([], [], [])
    assert (whole.left, part.left, none.left) == ("", "all other properties", "properties")
    assert [line.startswith("properties: 71 of 4 minima (loss, ") for line in whole.lines] == [True]
    assert ", 19 of 2 training (loss and curvature) and 19 of 2 sampled quenches (loss and curvature)" in whole.lines[0]
    assert [line.endswith(" of 3 minima (loss and curvature) measured again") for line in part.lines] == [True]


ALTERED: list[tuple[str, object, float, str]] = [
    ("hessian_trace", 1, 1e-4, "minimum 1: hessian_trace "),
    ("clean_loss", 2, 3e-6, "minimum 2: clean_loss "),
    ("l2_loss", 2, np.nan, "minimum 2: l2_loss nan in the file, "),
    ("margin_linf", 0, 1e-4, "minimum 0: margin_linf "),
    ("accuracy", 3, -0.25, "minimum 3: accuracy "),
    ("robust_accuracy", (1, 0), -0.5, "minimum 1: robust_accuracy@0.1 "),
    ("pgd_accuracy", (1, 0), np.nan, "minimum 1: pgd_accuracy@0.1 nan in the file, "),
    ("rounded_loss", (0, 2), 1e-4, "minimum 0: rounded_loss[2] "),
    ("depth", 1, 1e-12, "minimum 1: depth "),
    ("barrier_to_global", 1, np.nan, "minimum 1: barrier_to_global nan in the file, "),
]
"""Properties, places, changes, and how the fault begins."""
ALTERED_POINTS: list[tuple[str, str, int, float, str]] = [
    ("training", "hessian_trace", 1, 1e-4, "end point of training 1: hessian_trace "),
    ("training", "accuracy", 0, -0.25, "end point of training 0: accuracy "),
    ("training", "clean_loss", 0, np.nan, "end point of training 0: clean_loss nan in the file, "),
    ("sampled_quenches", "hessian_largest", 0, 1e-4, "sampled quench 0: hessian_largest "),
    ("sampled_quenches", "clean_loss", 1, 3e-6, "sampled quench 1: clean_loss "),
]
"""Tables, properties, rows, changes, and how the fault begins."""
ADMITTED: list[tuple[str, object, float]] = [("fgsm_accuracy", (1, 0), -0.25), ("hessian_largest", 1, 1e-9)]
"""Changes within the tolerances: one sample under attack, and rounding."""


def test_every_changed_value_is_named_and_no_other(path: Path, command: Run) -> None:
    for name, place, change in [*(one[:3] for one in ALTERED), *ADMITTED]:
        shift(path, name, place, change)
    for target, name, row, change, _ in ALTERED_POINTS:
        shift(path, name, row, change, target)
    said = command("verify", path, "--properties", "all", "--sides", 0)
    lines, words = said.out.splitlines(), [*(one[-1] for one in ALTERED), *(one[-1] for one in ALTERED_POINTS)]
    assert said.status == 1
    assert f"{len(words)} faults in " in said.out
    assert all([line.startswith(start) for line in lines].count(True) == 1 for start in words)
    assert lines[-1].startswith("training, hits, attempts, walkers and rounds are as committed")


def test_a_sample_has_some_minima_and_cheap_properties(path: Path) -> None:
    shift(path, "hessian_trace", slice(None), 1.0)
    shift(path, "margin_linf", slice(None), 1.0)
    found = again(path, "sample").faults
    assert len(found) == SAMPLED_ROWS
    assert all(" hessian_trace " in fault for fault in found)
    assert found == again(path, "sample").faults


def test_rows_that_were_not_measured_are_no_fault(path: Path) -> None:
    with altered(path) as file:
        for one in file["properties/minima"].values():
            if '"curvature"' in one.attrs["settings"]:
                one[:2] = np.nan
    assert again(path, "sample").faults == []


def test_what_cannot_be_measured_again_is_named_and_no_fault(path: Path) -> None:
    with altered(path) as file:
        stored = file["properties/minima"]
        for name, attribute, old, new in (
            ("clean_loss", "description", "mean", "median"),
            ("hessian_trace", "settings", '"seed"', '"draws": 3, "seed"'),
            ("accuracy", "settings", '"loss"', '["loss"]'),
            ("depth", "settings", '"minima": 4', '"minima": 3'),
        ):
            text = stored[name].attrs[attribute]
            assert old in text
            stored[name].attrs[attribute] = text.replace(old, new)
            stored[name][...] += 1.0
    found = again(path)
    assert found.faults == []
    assert found.left == "all other properties"
    assert found.lines[1:] == [
        "not measured again: minima: accuracy (of no group that measures points)",
        "not measured again: minima: clean_loss (an earlier program measured it by another definition)",
        "not measured again: minima: hessian_trace (an earlier program measured it with other settings)",
        "not measured again: minima: depth (the tables have grown since)",
    ]


def test_properties_have_their_own_settings(path: Path) -> None:
    """Values of another epsilon than that of the run file are measured again as they were."""
    with altered(path) as file:
        text = file["problem"].attrs["run_toml"]
        assert "epsilon = [0.1]" in text
        file["problem"].attrs["run_toml"] = text.replace("epsilon = [0.1]", "epsilon = [0.3]")
    found = again(path)
    assert (found.faults, found.left) == ([], "")


def test_the_call(path: Path) -> None:
    shift(path, "hessian_trace", slice(None), 1.0)
    assert len(landscape.verify(path)) == SAMPLED_ROWS
    assert landscape.verify(path, properties="none") == []
    with pytest.raises(ConfigError, match=r"^properties: expected none, sample or all, found 'some'$"):
        landscape.verify(path, properties="some")  # type: ignore[arg-type]
