"""Completeness on a known landscape: the run files of XOR find exactly the stationary points of brute force."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import landscape
from landscape.objective import Symmetry
from landscape.problems.problem import Problem
from tests.campaign.commands import ROOT, command, done

TRUTH: list[dict[str, Any]] = json.loads(Path(__file__).with_name("xor_truth.json").read_text())["landscapes"]
RUN_FILES = {"xor.toml": 1e-2, "xor-1e-3.toml": 1e-3}


@pytest.mark.parametrize("name", RUN_FILES)
def test_a_run_file_finds_everything_and_nothing_else(tmp_path: Path, name: str) -> None:
    truth = next(case for case in TRUTH if case["l2"] == RUN_FILES[name])
    said = done(command(0, "run", ROOT / "runs" / name, "-o", tmp_path / "a.h5"))
    assert "connected     holds: 100.0%" in said.stdout
    symmetry = Problem.from_toml(ROOT / "runs" / name).symmetry
    with landscape.open(tmp_path / "a.h5") as db:
        for table, known in ((db.minima, truth["minima"]), (db.transition_states, truth["transition_states"])):
            assert sorted(matches(known, table, symmetry)) == list(range(len(known)))
            assert len(table) == len(known)


def matches(known: list[dict[str, Any]], table: Any, symmetry: Symmetry) -> list[int]:  # noqa: ANN401 - either table
    """The row in the table of each known point: its energy within 1e-9, its place within 1e-5."""
    rows = []
    for point in known:
        theta = np.broadcast_to(point["theta"], table.parameters.shape)
        same = np.abs(table.energy - point["energy"]) <= 1e-9
        same &= symmetry.distance(theta, table.parameters) <= 1e-5
        assert same.sum() <= 1
        rows.extend(np.flatnonzero(same).tolist())
    return rows
