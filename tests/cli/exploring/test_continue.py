"""`landscape continue`: mistakes in one line; a whole run is an example of the guides."""

from pathlib import Path

import pytest

from tests.campaign.commands import XOR, run_file
from tests.commands import Run

MISTAKES = {
    "problem.l2": "expected TABLE.KEY=FROM:TO, for instance problem.l2=1e-2:1e-5",
    "problem.l2=1e-2": "expected TABLE.KEY=FROM:TO",
    "problem.l3=1e-2:1e-3": "expected a key of the [problem] table, found problem.l3; did you mean",
    "run.seed=1:2": "expected a key of the [problem] table, found run.seed",
    "problem.activation=tanh:relu": "found activation, which is no such number",
    "problem.test_fraction=0.1:0.2": "found test_fraction, which is no such number",
    "problem.adversarial_weight=0.1:0.2": "found adversarial_weight, whose energy has kinks",
    "problem.l2=1e-2:0": "expected two values above 0, found 0.01 and 0",
    "problem.l2=-1e-2:1e-2": "expected two values above 0, found -0.01 and 0.01",
    "problem.l2=1e-2:nan": "expected two values above 0",
    "problem.l2=1e-2:1e-2": "expected two different values, found 0.01 twice",
    "problem.l2=1e-2:small": "expected a number, found 'small'",
    "problem.label_smoothing=0.1:2": "label_smoothing",
    "problem.sensitivity_weight=0.1:0.2": "expected sensitivity_epsilon > 0",
}


@pytest.mark.parametrize("over", MISTAKES)
def test_a_mistake_is_one_line(tmp_path: Path, command: Run, over: str) -> None:
    said = command("continue", run_file(tmp_path, XOR), "--over", over, "-o", tmp_path / "a.h5")
    assert said.status == 2
    assert said.err.startswith("landscape: ")
    assert said.err.count("\n") == 1
    assert MISTAKES[over] in said.err
    assert not (tmp_path / "a.h5").exists()


def test_a_network_with_kinks_is_refused_before_any_search(tmp_path: Path, command: Run) -> None:
    text = XOR.replace("hidden = [2]", 'hidden = [2]\nactivation = "relu"')
    said = command("continue", run_file(tmp_path, text), "--over", "problem.l2=1e-2:1e-3", "-o", tmp_path / "a.h5")
    assert said.status == 2
    assert said.err.count("\n") == 1
    assert "expected an energy with two derivatives everywhere, found an activation with kinks" in said.err
    assert not (tmp_path / "a.h5").exists()


def test_the_followed_key_is_not_set_too(tmp_path: Path, command: Run) -> None:
    over = ("--over", "problem.l2=1e-2:1e-3", "--set", "problem.l2=1e-4")
    said = command("continue", run_file(tmp_path, XOR), *over, "-o", tmp_path / "a.h5")
    assert (said.status, said.err.count("\n")) == (2, 1)
    assert "found problem.l2 in both" in said.err
