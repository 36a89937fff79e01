"""The forest plot has a point and two intervals for each endpoint, at the places in the file."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from analysis.forest import main
from landscape.plots.forest import draw_forest
from landscape.studies.answer.text import csv_text
from tests.studies.answer.made_up import answered, landscapes


def text() -> str:
    return csv_text([answered(landscapes(12))])


def test_points_and_intervals_stand_where_the_file_says() -> None:
    rows = list(csv.DictReader(io.StringIO(text())))
    axes = draw_forest(rows).axes[0]
    lines = [np.asarray(line.get_xdata(), dtype=float) for line in axes.lines[1:]]  # the first line marks zero
    combined = [row for row in rows if row["landscape"] == "all"]
    assert len(lines) == 3 * len(combined) == 24
    for place, row in enumerate(combined):
        predicted, interval, point = lines[3 * place : 3 * place + 3]
        np.testing.assert_allclose(predicted, [float(row["predicted_low"]), float(row["predicted_high"])])
        np.testing.assert_allclose(interval, [float(row["low"]), float(row["high"])])
        np.testing.assert_allclose(point, [float(row["rho"])])
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [f"made: {one}, {by}" for one in ("deeper", "flatter") for by in ("margin", "robust accuracy")]


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_the_picture_is_written(tmp_path: Path, ending: str) -> None:
    source, output = tmp_path / "answer.csv", tmp_path / f"forest.{ending}"
    source.write_text(text(), encoding="utf-8")
    result = CliRunner().invoke(main, [str(source), "-o", str(output)])
    assert result.exit_code == 0, result.output
    assert result.output == f"{output}: data sets 1\n"
    assert output.stat().st_size > 5_000


@pytest.mark.parametrize("content", [None, "a,b\n1,2\n"])
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: str | None) -> None:
    source = tmp_path / "answer.csv"
    if content is not None:
        source.write_text(content, encoding="utf-8")
    result = CliRunner().invoke(main, [str(source), "-o", str(tmp_path / "forest.svg")])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "run 'landscape answer' first" in result.stderr
