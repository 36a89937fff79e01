"""Pictures of decisions: planes, regions and attacked images agree with the networks, and errors are one line."""

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from analysis.decisions import attacked_images, class_names, decisions, input_plane, main
from landscape.config.tables import MeasureConfig
from landscape.errors import PropertyError
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.quench import quench
from landscape.plots.decision_figures import draw_decisions
from landscape.problems.problem import Problem
from tests.campaign.commands import XOR, run_file
from tests.commands import status_of


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def xor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decisions")
    assert status_of("run", run_file(folder, XOR), "-o", folder / "xor.h5") == 0
    return folder / "xor.h5"


def theta(problem: Problem, count: int) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(0).normal(size=(count, problem.n_parameters)))


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_the_picture_is_written(xor: Path, tmp_path: Path, ending: str) -> None:
    output = tmp_path / f"decisions.{ending}"
    result = run(xor, "-o", output, "--minima", "1,0")
    assert result.exit_code == 0, result.output
    assert result.output == f"{output}: minima 1, 0\n"
    assert output.stat().st_size > 5_000


def test_two_inputs_are_their_own_plane() -> None:
    problem = Problem(dataset="moons", hidden=[3], l2=1e-2, standardise=False)
    plane, rows = input_plane(problem)
    grid = np.stack(list(rows))
    np.testing.assert_allclose(plane.samples, problem.inputs.numpy())
    np.testing.assert_allclose(grid[7, 3], [plane.x[3], plane.y[7]])


def test_more_inputs_are_seen_in_the_plane_of_largest_variance() -> None:
    problem = Problem(dataset="iris", hidden=[3], l2=1e-2)
    plane, rows = input_plane(problem)
    inputs, grid = problem.inputs.numpy(), np.stack(list(rows))
    values, axes = np.linalg.eigh(np.cov(inputs.T))
    np.testing.assert_allclose(plane.samples.var(axis=0, ddof=1), values[::-1][:2], rtol=1e-9)
    beyond = (grid - inputs.mean(0)) @ axes[:, :2]
    assert np.abs(beyond).max() < 1e-9
    assert plane.labels[0] == f"principal component 1 ({values[-1] / values.sum():.0%} of the variance)"


def test_regions_are_what_the_networks_decide() -> None:
    problem = Problem(dataset="iris", hidden=[3], l2=1e-2)
    plane, rows = input_plane(problem)
    points, grid = theta(problem, 2), np.stack(list(rows))
    found = decisions(problem, points, iter(grid), ["first", "second"])
    for one, point in zip(found, points, strict=True):
        module = problem.module(point.numpy())
        corner = module(torch.tensor(grid[5, 9]))
        assert one.grid[5, 9] == corner.argmax()
        assert one.samples.tolist() == module(problem.inputs).argmax(1).tolist()
    figure = draw_decisions(plane, found)
    assert [axes.get_title() for axes in figure.axes] == ["first", "second"]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["class 0", "class 1", "class 2", "wrong"]


def test_attacked_images_are_adversarial_at_their_distance() -> None:
    problem = Problem(dataset="digits", classes=[3, 8], subset=60, hidden=[3], l2=1e-2)
    points = quench(problem, theta(problem, 1), method=LBFGS(), batch=1).theta
    found = attacked_images(problem, points, (1, 8, 8), MeasureConfig())
    assert class_names(problem) == ("3", "8")
    assert sorted(found.captions) == ["3 taken for 8", "8 taken for 3"]
    for before, after, caption, distance in zip(
        found.images, found.attacked, found.captions, found.distances, strict=True
    ):
        assert np.abs(after - before).max() == pytest.approx(distance, rel=1e-9)
        said = problem.network.outputs(points, torch.tensor(np.stack([before.ravel(), after.ravel()])))[0].argmax(1)
        assert [("3", "8")[int(one)] for one in said] == caption.split(" taken for ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--minima", "0,x"], "found '0,x': name them as in --minima 0,3,7"),
        (["--minima", "\N{SUPERSCRIPT TWO}"], "found '\N{SUPERSCRIPT TWO}': name them"),
        (["--minima", "10000"], "Expected at most 9 rows of minima from 0 to "),
        (["--attacked"], "Expected images of one channel, found other inputs: leave --attacked out."),
    ],
)
def test_errors_are_one_line(xor: Path, tmp_path: Path, options: list[str], message: str) -> None:
    result = run(xor, "-o", tmp_path / "decisions.svg", *options)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr


def test_a_network_without_right_answers_has_no_attacked_images() -> None:
    problem = Problem(dataset="digits", classes=[3, 8], subset=20, hidden=[3], l2=1e-2)
    nothing = torch.zeros(1, problem.n_parameters, dtype=torch.float64)
    with pytest.raises(PropertyError, match="Expected samples that are classified correctly, found none"):
        attacked_images(problem, nothing, (1, 8, 8), MeasureConfig())
