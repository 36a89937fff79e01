"""The table of widths: numbers computed by hand, and losses computed without the package; blanks and refusals."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from scipy.special import log_softmax

from analysis.width import csv_text, main
from landscape.database.database import Database, open_database
from landscape.errors import PropertyError
from landscape.studies.width import row_of, with_misses
from tests.analysis.synthetic import made_up_store, minima, property_rows, record, transition_states
from tests.commands import Run

# Minimum 1 climbs 3 to the lowest, minimum 2 climbs 2; minimum 3 is not connected. The states 0-0 and 1-1 join copies.
ENERGY = np.array([1.0, 2.0, 4.0, 8.0])
PAIRS, HEIGHTS = np.array([[0, 1], [1, 2], [0, 0], [1, 1]]), np.array([5.0, 6.0, 1.1, 2.1])
LOSSES = {"clean_loss": [0.5, 1.0, 2.0, 4.0], "test_loss": [3.0, 1.0, 2.0, 9.0]}
ACCURACIES = {"accuracy": [0.9, 0.8, 0.7, 0.6], "test_accuracy": [0.6, 0.8, 0.7, 0.5]}
PROBLEM = '[problem]\ndataset = "mnist_5k"\nclasses = ["4", "9"]\nhidden = [5, 3]\nl2 = 1e-3\n'
SMALL = """
[problem]
dataset = "moons"
subset = 30
test_fraction = 0.4
hidden = [2]
l2 = 1e-2

[basin_hopping]
walkers = 4
steps = 5

[connect]
rounds = 0
single_ended = 0

[explore]
energy = 0.0
"""


def database(states: int = 4, measured: tuple[str, ...] = (*LOSSES, *ACCURACIES)) -> Database:
    """Four minima with 0, 1, 2 and 3 hits, and the first of the transition states."""
    table = LOSSES | ACCURACIES
    rows = [property_rows("minima", name, np.array(table[name]), name) for name in measured]
    above = transition_states(PAIRS[:states], HEIGHTS[:states])
    below = minima(np.arange(8.0).reshape(4, 2), ENERGY)
    return Database(made_up_store(None, below, above, tuple(rows), replace(record(), run_toml=PROBLEM)))


def test_numbers_of_a_landscape_made_by_hand() -> None:
    found = row_of(database())
    expected = {
        "dataset": "mnist_5k 4 9",
        "l2": 1e-3,
        "hidden": "5 3",
        "layers": 2,
        "units": 5,
        "parameters": 2,
        "samples": 800,
        "test_samples": 200,
        "quenches": 6,
        "minima": 4,
        "met": 3,
        "unseen": 1.0 / 6.0,
        "chao1": 3.0 + 1.0 / 2.0,
        "transition_states": 4,
        "judged": 4,
        "judged_connected": 0.75,
        "judged_complete": "no",
        "lowest_energy": 1.0,
        "median_energy": 3.0,
        "spread": 7.0,
        "escape_of_lowest": 4.0,
        "connected": 2,
        "barrier": 0.5 * (3.0 + 2.0),
        "depth": 0.5 * (1.0 + 3.0),
        "train_loss": 0.5,
        "train_loss_least": 0.5,
        "train_loss_median": 1.5,
        "train_loss_largest": 4.0,
        "test_loss": 3.0,
        "test_loss_least": 1.0,
        "test_loss_median": 2.5,
        "test_loss_largest": 9.0,
        "train_accuracy": 0.9,
        "test_accuracy": 0.6,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert set(found) - set(expected) == {"data", "chao1_high", "judged_expected"}


def test_what_is_unknown_is_blank() -> None:
    (row,) = csv.DictReader(csv_text([row_of(database(states=0))]).splitlines())
    assert {name for name, value in row.items() if not value} == {
        "judged_expected",
        "escape_of_lowest",
        "barrier",
        "depth",
    }
    assert row["connected"] == "0"


def test_a_lowest_minimum_above_that_of_a_narrower_network_is_told() -> None:
    def row(hidden: str, energy: float, folder: str = "a", data: str = "0", l2: float = 1e-3) -> dict[str, str | float]:
        return {"folder": folder, "data": data, "l2": l2, "hidden": hidden, "lowest_energy": energy}

    rows = [row("1", 3.0), row("2", 1.0), row("3", 2.0), row("4", 1.0), row("10", 1.5)]
    assert [one["lowest_missed"] for one in with_misses(rows)] == ["no", "no", "yes", "no", "yes"]
    layers = [row("5 3", 4.0), row("6 2", 5.0), row("6 3", 4.5), row("7 3", 4.0 + 1e-12)]
    assert [one["lowest_missed"] for one in with_misses(rows + layers)][5:] == ["no", "no", "yes", "no"]
    others = [row("5", 6.0, folder="b"), row("5", 6.0, data="1"), row("5", 6.0, l2=1e-2)]
    assert [one["lowest_missed"] for one in with_misses(rows + others)][5:] == ["no", "no", "no"]


def test_minima_without_losses_are_refused() -> None:
    with pytest.raises(PropertyError, match="Expected test_loss of all minima, found it of 0"):
        row_of(database(measured=("clean_loss",)))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_folder_without_databases_is_refused_in_one_line(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 2
    assert result.output == (
        f"landscape: Expected databases in the folders of {tmp_path}, found none: make some with runs/width.sh.\n"
    )


def test_a_study_is_told_with_the_losses_of_an_independent_network(tmp_path: Path, command: Run) -> None:
    source = tmp_path / "small.toml"
    source.write_text(SMALL)
    made = command("study", source, "--over", "problem.hidden=[1],[2],[3]", "-o", tmp_path / "moons")
    assert made.status == 0, made.err
    for file in (tmp_path / "moons").glob("*.h5"):
        assert command("measure", file, "loss").status == 0
    result = run(tmp_path)
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.glob("*.*")} == {"small.toml", "width.csv", "widths.svg"}
    rows = list(csv.DictReader((tmp_path / "width.csv").read_text().splitlines()))
    assert [row["landscape"] for row in rows] == ["hidden-1", "hidden-2", "hidden-3"]
    for row in rows:
        units = int(row["units"])
        assert int(row["parameters"]) == 2 * units + units + units * 2 + 2
        assert (int(row["samples"]), int(row["test_samples"])) == (18, 12)
        with open_database(tmp_path / "moons" / f"{row['landscape']}.h5") as db:
            theta, problem = db.minima.parameters[db.minima.energy.argmin()], db.problem_record
            loss = cross_entropy(theta, units, problem.inputs, problem.targets)
            test_loss = cross_entropy(theta, units, problem.test_inputs, problem.test_targets)
        assert float(row["train_loss"]) == pytest.approx(loss, rel=1e-7)
        assert float(row["test_loss"]) == pytest.approx(test_loss, rel=1e-7)
        assert float(row["lowest_energy"]) == pytest.approx(loss + 1e-2 * np.sum(theta**2), rel=1e-7)


def cross_entropy(theta: np.ndarray, units: int, inputs: np.ndarray | None, targets: np.ndarray | None) -> float:
    """The mean loss of a network of one hidden layer of tanh, theta [P] in the order weights, biases of each layer."""
    assert inputs is not None
    assert targets is not None
    first, bias, second, last = np.split(theta, np.cumsum([2 * units, units, 2 * units]))
    hidden = np.tanh(inputs @ first.reshape(units, 2).T + bias)
    outputs = hidden @ second.reshape(2, units).T + last
    return float(-np.mean(log_softmax(outputs, axis=1)[np.arange(len(targets)), targets]))
