"""`landscape continue`: a whole run with a search at both ends, and mistakes in one line."""

from pathlib import Path

import pytest

from landscape.database.database import open_database
from landscape.studies.continuation.balance import matching_rows
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


def test_points_born_on_the_way_are_found_from_the_other_end(tmp_path: Path, command: Run) -> None:
    """XOR with one unit has one minimum at l2 = 0.03, and at 0.02 two that a transition state connects."""
    text = XOR.replace("hidden = [2]", "hidden = [1]").replace("rounds = 1\n", "rounds = 4\n")
    path = tmp_path / "a.h5"
    over = ("--over", "problem.l2=0.03:0.02", "--both-ends")
    said = command("continue", run_file(tmp_path, text), *over, "-o", path).done()
    assert "problem.l2 from 0.03 to 0.02: 3 tracks, 1 event\n" in said
    assert "minima: 1 at 0.03 +1 (fold), 2 at 0.02, 2 of them found by the search there" in said
    assert "transition states: 0 at 0.03 +1 (fold), 1 at 0.02, 1 of them found by the search there" in said
    with open_database(path) as first, open_database(tmp_path / "a-l2-0.02.h5") as last:
        assert (len(first.minima), len(last.minima)) == (1, 2)
        rows = matching_rows(first, first, last)
        assert first.events.kind.tolist() == ["fold"]
    assert len(rows) == 1  # the one minimum at 0.03 is one of the two
    refused = command("continue", run_file(tmp_path, text), *over, "-o", path, "--resume")
    assert refused.status == 2
    assert "expected a database without tracks, found some" in refused.err
