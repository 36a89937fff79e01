"""The sweep over epsilon: lines from the clean accuracy on, the deepest on top, and errors in one line."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from analysis.epsilon_sweep import main, named, usual
from landscape.plots.sweep import Sweep, draw_sweeps
from tests.analysis.synthetic import funnel, write_database


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_database(tmp_path_factory.mktemp("sweep") / "forty.h5", funnel(40))


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_the_picture_is_written(forty: Path, tmp_path: Path, ending: str) -> None:
    output = tmp_path / f"sweep.{ending}"
    result = run(forty, "-o", output, "--certified", "robust_accuracy", "--minima", "3,7")
    assert result.exit_code == 0, result.output
    assert result.output == f"{output}: minima 40, epsilons 2\n"
    assert output.stat().st_size > 5_000


def test_bands_hold_so_many_minima_and_chosen_minima_are_lines() -> None:
    accuracy = 1.0 - np.outer(np.arange(101.0) / 100.0, [0.0, 0.5])
    axes = draw_sweeps([Sweep(title="attacked", epsilon=np.array([0.0, 0.3]), accuracy=accuracy)], {100: "a"}).axes[0]
    for band, ends in zip(axes.collections, ((0.525, 0.975), (0.625, 0.875)), strict=True):
        corners = np.asarray(band.get_paths()[0].vertices)
        heights = corners[corners[:, 0] == 0.3, 1]
        assert (heights.min(), heights.max()) == pytest.approx(ends)
    median, chosen = axes.lines
    np.testing.assert_allclose(np.asarray(median.get_ydata(), dtype=np.float64), [1.0, 0.75])
    np.testing.assert_allclose(np.asarray(chosen.get_ydata(), dtype=np.float64), [1.0, 0.5])


def test_a_few_minima_are_all_drawn_and_of_many_the_lowest_and_the_extremes() -> None:
    assert usual(np.array([3.0, 1.0]), np.zeros(2)) == {1: "minimum 1", 0: "minimum 0"}
    energy, accuracy = np.arange(10.0)[::-1], np.array([0.5] * 9 + [0.9])
    accuracy[4] = np.nan
    assert usual(energy, accuracy) == {9: "minimum 9, lowest and most robust", 8: "minimum 8, least robust"}
    assert list(named("3, 1", 4)) == [3, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Expected one of certified_accuracy_crown, certified_accuracy_ibp in the database, found none"),
        (["--certified", "robust_acuracy"], "did you mean 'robust_accuracy'"),
        (["--certified", "accuracy"], "with a value for each epsilon, found 'accuracy'"),
        (["--certified", "robust_accuracy", "--minima", "3,40"], "rows of minima from 0 to 39, found '3,40'"),
    ],
)
def test_errors_are_one_line(forty: Path, tmp_path: Path, options: list[str], message: str) -> None:
    result = run(forty, "-o", tmp_path / "sweep.svg", *options)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr
    assert run(forty, "-o", tmp_path / "sweep.jpg").exit_code == 2
