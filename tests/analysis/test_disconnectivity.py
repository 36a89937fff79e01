"""The command that draws a tree: a figure for every kind of database, and errors in one line."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analysis.disconnectivity import main
from landscape.plots.trees.picture import MOST
from tests.analysis.synthetic import funnel, write_database


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_database(tmp_path_factory.mktemp("tree") / "hundred.h5", funnel(100))


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--colour", "robust_accuracy@0.3", "--labels"],
        ["--colour", "escape_barrier", "--order", "value", "--levels", "15"],
        ["--order", "size", "--lowest", "20"],
        ["--colour", "accuracy", "--lowest", "1"],
    ],
    ids=" ".join,
)
def test_a_hundred_minima(hundred: Path, tmp_path: Path, options: list[str]) -> None:
    output = tmp_path / "tree.svg"
    result = run(hundred, "-o", output, *options)
    assert result.exit_code == 0, result.output
    assert output.read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("count", "states", "ending"), [(0, 0, "png"), (1, 0, "pdf"), (2, 0, "svg"), (30, 25, "png"), (30, 0, "png")]
)
def test_single_empty_and_unconnected_databases(tmp_path: Path, count: int, states: int, ending: str) -> None:
    parameters, energy, pairs, ts_energy = funnel(count)
    file = write_database(tmp_path / "few.h5", (parameters, energy, pairs[:states], ts_energy[:states]))
    output = tmp_path / f"tree.{ending}"
    result = run(file, "-o", output, "--labels")
    assert result.exit_code == 0, result.output
    assert f"{count} of {count} minima" in result.output
    assert output.stat().st_size > 500


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ([], f"{MOST} of 600 minima with the longest branches"),
        (["--levels", "20"], f"{MOST} of 600 minima with the longest branches"),
        (["--lowest", "500"], "500 of 600 minima of lowest energy"),
        (["--lowest", "600"], "600 of 600 minima"),
    ],
)
def test_many_minima_are_thinned_and_the_figure_says_so(tmp_path: Path, options: list[str], note: str) -> None:
    file, output = write_database(tmp_path / "many.h5", funnel(600)), tmp_path / "tree.svg"
    result = run(file, "-o", output, *options)
    assert result.exit_code == 0, result.output
    assert note in result.output
    assert ("longest" in result.output) == ("longest" in note)
    assert note in " ".join(re.sub(r"<[^>]*>", " ", output.read_text(encoding="utf-8")).split())


def test_equal_databases_give_equal_files(hundred: Path, tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        assert run(hundred, "-o", tmp_path / name, "--colour", "depth").exit_code == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "tree.svg", "--colour", "hessian_trase"], "did you mean 'hessian_trace'"),
        (["-o", "tree.svg", "--colour", "robust_accuracy"], "robust_accuracy@0.1, robust_accuracy@0.3"),
        (["-o", "tree.svg", "--order", "value"], "add --colour"),
        (["-o", "tree.jpg"], "ending in .svg, .pdf, .png"),
        (["-o", "nowhere/tree.svg"], "Expected to write"),
        (["-o", "tree.svg", "--group", "a=1000"], "rows of minima from 0 to 99, found '1000'"),
        (["-o", "tree.svg", "--superbasins", "-1"], "found none: choose a higher energy"),
        (["-o", "tree.svg", "--temperature", "0"], "expected temperatures above 0"),
        (["-o", "tree.svg", "--metric", "hitz"], "did you mean 'hits'"),
    ],
)
def test_errors_are_one_line(hundred: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    arguments = [str(tmp_path / a) if a.endswith(("svg", "jpg")) else a for a in arguments]
    result = run(hundred, *arguments)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("landscape: ")
    assert message in result.stderr


def test_a_mistake_in_the_arguments_is_one_line(hundred: Path) -> None:
    result = run(hundred)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[0].startswith("landscape: Missing option '-o'")
    assert result.stderr.strip().endswith("--help'")
    assert len(result.stderr.splitlines()) == 1


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    result = run(tmp_path / "none.h5", "-o", tmp_path / "tree.svg")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_a_colour_that_is_not_known_for_any_minimum_is_an_error(tmp_path: Path) -> None:
    parameters, energy, pairs, ts_energy = funnel(5)
    file = write_database(tmp_path / "few.h5", (parameters, energy, pairs[:0], ts_energy[:0]))
    result = run(file, "-o", tmp_path / "tree.svg", "--colour", "escape_barrier")
    assert result.exit_code == 2
    assert "found none for these minima" in result.stderr
