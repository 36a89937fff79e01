"""The sweep over epsilon: lines from the clean accuracy on, the deepest on top, and errors in one line."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from matplotlib.collections import LineCollection

from analysis.epsilon_sweep import draw, main
from landscape.plots.figures import COLOURS
from landscape.studies.columns import Column
from tests.analysis.synthetic import funnel, write_database


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_database(tmp_path_factory.mktemp("sweep") / "forty.h5", funnel(40))


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_the_picture_is_written(forty: Path, tmp_path: Path, ending: str) -> None:
    output = tmp_path / f"sweep.{ending}"
    result = run(forty, "-o", output, "--certified", "robust_accuracy", "--colour", "hessian_trace")
    assert result.exit_code == 0, result.output
    assert result.output == f"{output}: minima 40, epsilons 2\n"
    assert output.stat().st_size > 5_000


def test_lines_go_from_the_clean_accuracy_on_and_the_deepest_is_on_top() -> None:
    depth = Column(
        name="depth", property="depth", epsilon=None, description="", units="", values=np.array([0.0, 5.0, 1.0])
    )
    accuracy = np.array([[1.0, 0.9], [0.8, 0.1], [0.9, 0.5]])
    axes = draw([(np.array([0.0, 0.3]), accuracy)], ["attacked"], depth).axes[0]
    (lines,) = (found for found in axes.collections if isinstance(found, LineCollection))
    np.testing.assert_array_equal([corners[:, 1] for corners in lines.get_segments()], accuracy[[1, 2, 0]])
    np.testing.assert_allclose(np.asarray(lines.get_colors()), [COLOURS(value) for value in (1.0, 1.0, 0.0)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Expected one of certified_accuracy_crown, certified_accuracy_ibp in the database, found none"),
        (["--certified", "robust_acuracy"], "did you mean 'robust_accuracy'"),
        (["--certified", "accuracy"], "with a value for each epsilon, found 'accuracy'"),
        (["--certified", "robust_accuracy", "--colour", "dept"], "did you mean 'depth'"),
    ],
)
def test_errors_are_one_line(forty: Path, tmp_path: Path, options: list[str], message: str) -> None:
    result = run(forty, "-o", tmp_path / "sweep.svg", *options)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr
    assert run(forty, "-o", tmp_path / "sweep.jpg").exit_code == 2
