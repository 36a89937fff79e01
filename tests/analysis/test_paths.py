"""Profiles and barriers: drawn from made-up paths, judged in plain words, with refusals in one line."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from analysis.paths import main
from landscape.database.database import Database
from landscape.plots.path_figures import draw_profiles, draw_scatter
from landscape.studies.path_barriers import relate, stored_paths
from tests.analysis.synthetic import funnel, write_database
from tests.analysis.synthetic_paths import barriers, chain_with_paths


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("paths") / "chain.h5"
    chain_with_paths(path, *barriers(20, slope=1.0), unknown=[3]).close()
    return path


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_both_figures_are_written_and_correlations_are_printed(chain: Path, tmp_path: Path, ending: str) -> None:
    profiles, scatter = tmp_path / f"profiles.{ending}", tmp_path / f"scatter.{ending}"
    result = run(chain, "-o", profiles, "--scatter", scatter, "--number", "4")
    assert result.exit_code == 0, result.output
    assert min(profiles.stat().st_size, scatter.stat().st_size) > 5_000
    assert "19 distinct transition states; of 20 stored, the paths of 19 end in their minima" in result.output
    assert result.output.count("correlation with the barrier in energy: +") == 2
    assert "no inference" in result.output
    assert max(map(len, result.output.replace(str(profiles), "").splitlines())) <= 120


def test_a_contradiction_is_printed_as_plainly(tmp_path: Path) -> None:
    chain_with_paths(tmp_path / "down.h5", *barriers(20, slope=-1.0)).close()
    assert run(tmp_path / "down.h5").output.count("correlation with the barrier in energy: -") == 2


def test_a_profile_is_the_stored_path_less_its_value_at_the_state() -> None:
    paths = stored_paths(Database(chain_with_paths(None, *barriers(9, slope=1.0))))
    figure = draw_profiles(paths.take(np.array([4, 2])))
    assert len(figure.axes) == 5 * 2
    _, line, dot = figure.axes[1].lines
    energy = paths.values["energy"][2]
    np.testing.assert_allclose(np.asarray(line.get_xdata()), paths.position[2])
    np.testing.assert_allclose(np.asarray(line.get_ydata()), energy - energy[20])
    np.testing.assert_allclose(np.asarray(dot.get_xydata(), dtype=np.float64), [[0.5, 0.0]])
    accuracy, attacked = figure.axes[5].lines[1:3]
    np.testing.assert_allclose(np.asarray(accuracy.get_ydata()), 0.9)
    np.testing.assert_allclose(np.asarray(attacked.get_ydata()), paths.values["robust_accuracy"][2, :, 0])
    certified = figure.axes[7].lines[1]
    np.testing.assert_allclose(np.asarray(certified.get_ydata()), paths.values["certified_accuracy_crown"][2, :, 0])


def test_the_scatter_has_all_barriers_and_open_points_where_degenerate() -> None:
    relation = relate(stored_paths(Database(chain_with_paths(None, *barriers(12, slope=1.0))), ["0.3"]))
    (axes,) = draw_scatter(relation).axes
    between, degenerate = axes.collections
    wanted = np.stack([relation.energy, relation.adversarial_loss["0.3"]], axis=1)
    np.testing.assert_allclose(np.concatenate([between.get_offsets(), degenerate.get_offsets()]), wanted)
    assert len(np.asarray(degenerate.get_offsets())) == 1
    assert len(np.asarray(degenerate.get_facecolor())) == 0


def test_few_paths_are_drawn_without_a_correlation(tmp_path: Path) -> None:
    file, output = tmp_path / "few.h5", tmp_path / "few.svg"
    chain_with_paths(file, *barriers(5, slope=1.0)).close()
    result = run(file, "-o", output, "--states", "3,0")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        f"{output}: transition states 3, 0",
        "no correlation below 8 distinct states with known paths: 5",
    ]
    refused = run(file, "--scatter", tmp_path / "scatter.svg")
    assert refused.exit_code == 2
    assert "at least 8 distinct transition states to correlate, found 5" in refused.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epsilon", "0.2"], "was measured (0.1, 0.3), found '0.2'"),
        (["-o", "profiles.jpg"], "ending in .svg, .pdf, .png"),
        (["-o", "profiles.svg", "--states", "3"], "with known paths, found '3': name some of 0, 1, 2, 4"),
        (["-o", "nowhere/profiles.svg"], "Expected to write"),
    ],
)
def test_errors_are_one_line(chain: Path, tmp_path: Path, options: list[str], message: str) -> None:
    options = [str(tmp_path / one) if one.endswith(("svg", "jpg")) else one for one in options]
    result = run(chain, *options)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr


def test_a_database_without_paths_says_how_to_get_them(tmp_path: Path) -> None:
    result = run(write_database(tmp_path / "none.h5", funnel(9)), "-o", tmp_path / "profiles.svg")
    assert result.exit_code == 2
    assert "run 'landscape measure FILE --paths' first" in result.stderr
