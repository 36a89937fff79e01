"""The figure of a tree: drawn for every kind of database, and errors in one line."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba

from analysis.disconnectivity import MOST, NEUTRAL, draw, main
from analysis.figures import COLOURS, UNKNOWN
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.properties.columns import Column, column
from landscape.properties.superbasins import build_tree, disconnectivity_tree
from tests.analysis.synthetic import funnel, write_database


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def values(numbers: list[float]) -> Column:
    return Column(
        name="trace", property="trace", epsilon=None, description="trace", units="count", values=np.array(numbers)
    )


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
    assert f"minima {count}" in result.output
    assert output.stat().st_size > 500


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ([], f"the {MOST} of 600 minima with the longest branches"),
        (["--levels", "20"], f"the {MOST} of 600 minima with the longest branches"),
        (["--lowest", "500"], "the 500 lowest of 600 minima"),
        (["--lowest", "600"], ""),
    ],
)
def test_many_minima_are_thinned_and_the_figure_says_so(tmp_path: Path, options: list[str], note: str) -> None:
    file, output = write_database(tmp_path / "many.h5", funnel(600)), tmp_path / "tree.svg"
    result = run(file, "-o", output, *options)
    assert result.exit_code == 0, result.output
    assert note in result.output
    assert ("longest" in result.output) == ("longest" in note)
    assert f"<!-- {note} -->" in output.read_text(encoding="utf-8") or not note


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
    ],
)
def test_errors_are_one_line(hundred: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    arguments = [str(tmp_path / a) if a.endswith(("svg", "jpg")) else a for a in arguments]
    result = run(hundred, *arguments)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr


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


def test_branches_are_coloured_by_what_their_minima_share() -> None:
    tree = build_tree(np.zeros(4), np.array([1.0, 1.5, 2.0]), np.array([[0, 1], [2, 3], [1, 2]]), levels=4)
    figure = draw(tree, values([5.0, 5.0, 7.0, np.nan]), order="energy", labels=False)
    lines = next(c for c in figure.axes[0].collections if isinstance(c, LineCollection))
    segments = list(zip(lines.get_segments(), np.asarray(lines.get_colors()), strict=True))
    of_merges = sorted(tuple(colour) for corners, colour in segments if corners[0][1] > 0)
    of_minima = sorted(tuple(colour) for corners, colour in segments if corners[0][1] == 0)
    assert of_minima == sorted([COLOURS(0.0), COLOURS(0.0), COLOURS(1.0), to_rgba(UNKNOWN)])
    assert of_merges == sorted([COLOURS(0.0), to_rgba(NEUTRAL)])


def test_energies_that_hardly_differ_are_counted_from_an_offset() -> None:
    energy = 0.123456 + 1e-7 * np.arange(3.0)
    tree = build_tree(energy, energy[1:] + 1e-7, np.array([[0, 1], [1, 2]]))
    axes = draw(tree, None, order="energy", labels=False).axes[0]
    assert axes.get_ylabel() == "Energy \N{MINUS SIGN} 0.123456"
    assert abs(axes.get_ylim()[1]) < 1e-5


def test_labels_name_the_rows_of_the_minima_below_them() -> None:
    tree = build_tree(np.array([1.0, 0.0]), np.array([2.0]), np.array([[0, 1]]))
    axes = draw(tree, None, order="energy", labels=True).axes[0]
    assert sorted((text.get_text(), text.xy[1]) for text in axes.texts) == [("0", 1.0), ("1", 0.0)]  # type: ignore[attr-defined]


def test_lines_of_minima_are_drawn_over_those_of_merges_and_have_no_dots() -> None:
    tree = build_tree(np.zeros(4), np.array([1.0, 1.5, 2.0]), np.array([[0, 1], [2, 3], [1, 2]]))
    axes = draw(tree, values([1.0, 2.0, 3.0, 4.0]), order="energy", labels=False).axes[0]
    assert all(isinstance(collection, LineCollection) for collection in axes.collections)
    colours = np.asarray(axes.collections[0].get_colors())  # type: ignore[attr-defined]
    grey = (colours == to_rgba(NEUTRAL)).all(axis=1)
    assert grey.tolist() == [True, True, False, False, False, False]


def test_the_colour_bar_has_a_short_name_with_epsilon_and_units(hundred: Path) -> None:
    with Database(open_store(hundred)) as db:
        tree = disconnectivity_tree(db)
        figures = [
            draw(tree, column(db, name), order="energy", labels=False) for name in ("robust_accuracy@0.3", "hits")
        ]
    titles = [figure.axes[1].get_ylabel() for figure in figures]
    assert titles == ["robust accuracy, $\\varepsilon$ = 0.3 (fraction of\nsamples)", "hits (count)"]


def test_labels_do_not_overlap(hundred: Path) -> None:
    with Database(open_store(hundred)) as db:
        figure = draw(disconnectivity_tree(db), None, order="energy", labels=True)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])
