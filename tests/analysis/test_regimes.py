"""Tables and figures of regimes, and their marks on the tree: drawn, with mistakes reported in one line."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from analysis.disconnectivity import main as tree_main
from analysis.regimes import main
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.plots.trees.marks import marks_of
from landscape.studies.locations import locations_of
from tests.analysis.synthetic import funnel, write_database
from tests.studies.regimes.regime_tables import regime_store
from tests.studies.regimes.test_regimes import REGIMES, WEIGHTS

EVALUATIONS = {"rounded": 'regime = "plain"\nquantise = 0.5\n', "all": 'regime = "plain"\nensemble = true\n'}


def run(command: object, *arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("regimes") / "a.h5"
    effects = {"pgd": 0.2, "pgd-decay": 0.25, "s0.001": 0.02, "s0.003": 0.05, "s0.01": 0.3}
    regime_store(path, REGIMES | WEIGHTS, effects, evaluations=EVALUATIONS).close()
    return path


def test_everything_is_written(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    result = run(main, path, "-o", folder)
    assert result.exit_code == 0, result.output
    made = {file.name for file in folder.iterdir()}
    assert made == {"regimes.csv", "report.txt", "robust.svg", "clean.svg", "curve-sensitivity.svg"}
    text = (folder / "report.txt").read_text(encoding="utf-8")
    assert text.startswith(f"made by: python analysis/regimes.py {path} -o {folder}\n")
    assert "end points lie among 40 minima" in text
    assert max(map(len, text.splitlines()[1:])) <= 150


def test_regimes_to_draw_are_chosen(path: Path, tmp_path: Path) -> None:
    result = run(main, path, "-o", tmp_path, "--only", "pgd,plain,rounded")
    assert result.exit_code == 0, result.output
    figure = (tmp_path / "robust.svg").read_text(encoding="utf-8")
    assert figure.count(">rounded<") == 1
    assert ">dropout<" not in figure


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "pgt"], "expected a regime of the database, found 'pgt'; did you mean 'pgd'"),
        ([], "unmeasured.h5 --training'"),
    ],
)
def test_mistakes_are_told_in_one_line(path: Path, tmp_path: Path, options: list[str], message: str) -> None:
    if not options:
        path = tmp_path / "unmeasured.h5"
        regime_store(path, REGIMES, {}, measured=False, located=False).close()
    result = run(main, path, "-o", tmp_path / "results", *options)
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert message in result.output


def test_marks_count_end_points_at_each_minimum(path: Path) -> None:
    with Database(open_store(path)) as db:
        found = locations_of(db)
    marks = marks_of(found, "pgd,plain")
    own = found.minimum[found.regime == list(REGIMES).index("pgd")]
    rows, counts = np.unique(own, return_counts=True)
    assert marks.counts["pgd"] == dict(zip(rows.tolist(), counts.tolist(), strict=True))
    assert marks.located == {"pgd": 10, "plain": 10}
    assert marks.at(int(rows[0]))[0] == (0, int(counts[0]))


def test_marks_are_drawn_on_the_tree(path: Path, tmp_path: Path) -> None:
    for options in (["all"], ["pgd,plain", "--labels", "--lowest", "5", "--colour", "depth"]):
        output = tmp_path / "tree.svg"
        result = run(tree_main, path, "-o", output, "--marks", *options)
        assert result.exit_code == 0, result.output
        text = output.read_text(encoding="utf-8")
        assert "pgd (10" in text
        assert ("not drawn" in text) == ("--lowest" in options)


def test_marks_need_located_end_points(path: Path, tmp_path: Path) -> None:
    result = run(tree_main, path, "-o", tmp_path / "tree.svg", "--marks", "pgt")
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert "found 'pgt': did you mean 'pgd'" in result.output
    bare = write_database(tmp_path / "bare.h5", funnel(5))
    result = run(tree_main, bare, "-o", tmp_path / "tree.svg", "--marks", "all")
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert "expected end points of training, found none" in result.output
