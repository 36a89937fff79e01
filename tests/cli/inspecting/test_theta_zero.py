"""The commands on theta = 0: iris with one unit, between the two values of l2 at which the index changes and above."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

import landscape
from tests.campaign.xor import HASTE
from tests.commands import Run
from tests.database.altering import altered

RUN = """[problem]
dataset = "iris"
hidden = [1]
l2 = {l2}
[basin_hopping]
walkers = 4
steps = 3
[measure]
epsilon = [0.1]
pgd_steps = 1
pgd_restarts = 1
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The landscape at l2 = 0.3; do not change it."""
    path = tmp_path_factory.mktemp("whole") / "a.h5"
    problem = landscape.Problem(dataset="iris", hidden=[1], l2=0.3)
    landscape.explore(problem, path=path, walkers=8, steps=5, progress=False, measure=HASTE).close()
    return path


def test_below_the_largest_value_theta_zero_joins_the_two_copies_of_the_minimum(whole: Path) -> None:
    with landscape.open(whole) as db:
        (minimum,), (state,) = db.minima.energy, db.transition_states.energy
        assert minimum < state
        assert abs(state - math.log(3.0)) < 1e-12
        assert np.abs(db.transition_states.parameters).max() < 1e-9
        assert db.transition_states.minima.tolist() == [[0, 0]]


def test_verify_prints_its_closed_form(whole: Path, command: Run) -> None:
    said = command("verify", whole)
    lowest = 2 * 0.3 - 0.955728  # the largest singular value of the correlations of labels and inputs
    assert said.status == 0
    line = said.out.splitlines()[0]
    assert line.startswith("theta = 0, best output biases: stationary, index 1, lowest eigenvalue -0.35572")
    assert abs(float(line.split()[-5].rstrip(",")) - lowest) < 1e-5


def test_info_names_the_values_and_a_run_above_them_warns(tmp_path: Path, command: Run) -> None:
    (tmp_path / "run.toml").write_text(RUN.format(l2=0.6))
    said = command("run", tmp_path / "run.toml", "-o", tmp_path / "a.h5")
    assert (said.status, said.err.count("landscape: found l2 = 0.6: above 0.477864 theta = 0 is a minimum")) == (0, 1)
    with landscape.open(tmp_path / "a.h5") as db:
        assert (len(db.minima), len(db.transition_states)) == (1, 0)
    line = "theta = 0     a minimum above l2 = 0.477864; its index changes there and at 0.111614"
    assert line in command("info", tmp_path / "a.h5").out.splitlines()


def test_every_point_is_stationary_with_a_unit_more(whole: Path, command: Run) -> None:
    said = command("embed", whole)
    assert said.status == 0
    minima, states, last = said.out.splitlines()
    assert minima.startswith("1 minimum: worst RMS gradient ")
    assert states.startswith("1 transition state: ")
    assert states.endswith("index as before: 0, larger: 1")  # theta = 0 has the index H
    assert last == "2 points: every one is stationary with a zero unit more in each hidden layer"


def test_a_point_that_is_not_stationary_is_a_fault(whole: Path, tmp_path: Path, command: Run) -> None:
    path = Path(shutil.copy(whole, tmp_path / "a.h5"))
    with altered(path) as file:
        file["minima/parameters"][0] += 1e-3
    said = command("embed", path)
    assert said.status == 1
    assert [line for line in said.out.splitlines() if line.startswith("minimum 0: RMS gradient ")]
    assert said.out.splitlines()[-1] == "1 fault in 2 points"
