"""The correlation report: printed, written and drawn, with refusals in one line."""

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from analysis.correlations import main
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.plots.correlation_figures import draw_matrix, draw_strongest, strongest
from landscape.studies.findings import findings_of
from landscape.studies.hypotheses import DEEPER
from tests.analysis.synthetic import funnel, write_database


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_database(tmp_path_factory.mktemp("correlations") / "forty.h5", funnel(40))


@pytest.fixture(scope="module")
def outcome(forty: Path) -> tuple[Result, Path]:
    folder = forty.parent
    pictures = ("--figure", folder / "scatter.png", "--matrix", folder / "matrix.png")
    return run(forty, "-o", folder / "table.csv", *pictures), folder


def test_the_summary_is_ten_lines_of_oriented_correlations(outcome: tuple[Result, Path], forty: Path) -> None:
    result, folder = outcome
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert len(lines) <= 10
    assert max(map(len, lines)) <= 150
    assert lines[0] == "40 distinct minima"
    assert lines[-1] == f"{folder / 'table.csv'}: rows 20"
    with Database(open_store(forty)) as db:
        findings = findings_of([db])
        signs = DEEPER.measures, findings.comparison.robustness_signs
        rho = [
            signs[0][row.measure] * signs[1][row.robustness] * row.spearman
            for row in findings.table
            if row.measure in DEEPER.measures
        ]
    (line,) = (line for line in lines if line.startswith("'deeper minima are more robust': "))
    words = f"{np.median(rho):+.2f} in the median of {len(rho)}, from {min(rho):+.2f} to {max(rho):+.2f}; at fixed"
    assert words in line
    assert not [word for word in ("SUPPORTED", "CONTRADICTED", "UNDECIDED") if word in result.output]
    assert "they are no inference" in result.output


def test_the_strongest_pairs_are_drawn_with_one_epsilon_each(forty: Path) -> None:
    with Database(open_store(forty)) as db:
        findings = findings_of([db])
    rows = strongest(findings)
    best = max(abs(row.spearman) for row in findings.table)
    pairs = {(row.measure, findings.comparison.robustness[row.robustness].property) for row in rows}
    assert len(rows) == len(pairs) == 6
    assert abs(rows[0].spearman) == best
    panel = draw_strongest(findings).axes[0]
    values = (
        findings.comparison.measures[rows[0].measure].values,
        findings.comparison.robustness[rows[0].robustness].values,
    )
    np.testing.assert_array_equal(np.asarray(panel.collections[0].get_offsets()), np.stack(values, axis=1))


def test_the_table_file_has_all_pairs(outcome: tuple[Result, Path]) -> None:
    _, folder = outcome
    with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * 4
    first = rows[0]
    assert (first["measure"], first["robustness"], first["count"]) == ("depth", "robust_accuracy@0.1", "40")
    assert list(first) == ["table", "measure", "robustness", "count", "spearman", "kendall", "partial"]
    assert float(first["spearman"]) < float(first["kendall"]) < 0.0


def test_the_pictures_are_written(outcome: tuple[Result, Path]) -> None:
    _, folder = outcome
    assert (folder / "scatter.png").stat().st_size > 10_000
    assert (folder / "matrix.png").stat().st_size > 10_000


def test_the_matrix_has_the_table_oriented_to_robustness(forty: Path) -> None:
    with Database(open_store(forty)) as db:
        findings = findings_of([db])
    figure = draw_matrix(findings)
    for axes, name in zip(figure.axes, ("spearman", "partial"), strict=False):
        shown = np.asarray(axes.images[0].get_array())
        expected = {(row.measure, row.robustness): getattr(row, name) for row in findings.table}
        names = list(findings.comparison.measures), list(findings.comparison.robustness)
        for y, x in np.ndindex(shown.shape):
            sign = -1 if "loss" in names[1][x] else 1
            assert shown[y, x] == sign * expected[names[0][y], names[1][x]]


def test_matrices_of_many_columns_are_drawn_one_above_the_other(forty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Database(open_store(forty)) as db:
        findings = findings_of([db])
    monkeypatch.setattr("landscape.plots.correlation_figures.BESIDE", 3)
    monkeypatch.setattr("landscape.plots.correlation_figures.WIDTH", 0.8)
    first, second, _ = draw_matrix(findings).axes
    assert first.get_position().y0 > second.get_position().y1
    assert not first.texts


def test_a_contradiction_is_printed_as_plainly(tmp_path: Path) -> None:
    result = run(write_database(tmp_path / "other-way.h5", funnel(30), slope=0.1))
    assert "  most of all depth and " in result.output
    assert "'deeper minima are more robust': -" in result.output


def test_mirror_images_are_counted_once(tmp_path: Path) -> None:
    parameters, energy, pairs, ts_energy = funnel(12)
    twice = np.tile(parameters, (2, 1)), np.tile(energy, 2), pairs[:0], ts_energy[:0]
    result = run(write_database(tmp_path / "copies.h5", twice))
    assert result.exit_code == 0, result.output
    assert "12 distinct minima (12 more agree with one of them in all but barriers" in result.output


def test_files_are_pooled_at_fixed_l2(forty: Path, tmp_path: Path) -> None:
    other = write_database(tmp_path / "other.h5", funnel(20, seed=5), l2=1e-4)
    result = run(forty, other)
    assert result.exit_code == 0, result.output
    assert "60 distinct minima" in result.output
    assert "of 2 landscapes, compared within their own only:" in result.output


@pytest.mark.parametrize(("count", "measured", "message"), [(5, True, "at least 8 distinct"), (9, False, "robustness")])
def test_too_little_is_refused_in_one_line(tmp_path: Path, count: int, measured: bool, message: str) -> None:
    result = run(write_database(tmp_path / "few.h5", funnel(count), measured=measured))
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr


def test_places_that_cannot_be_written_are_refused_in_one_line(forty: Path, tmp_path: Path) -> None:
    for option, place in (
        ("-o", tmp_path / "nowhere" / "table.csv"),
        ("--figure", tmp_path / "a.jpg"),
        ("--matrix", tmp_path / "a.txt"),
    ):
        result = run(forty, option, place)
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
