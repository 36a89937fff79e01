"""The examples run from their first cell to the last, and end with what they say."""

import re
import runpy
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "analysis/examples").glob("*.py"))


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a function of the test
    monkeypatch.chdir(tmp_path)
    mpl.use("Agg")

    def run(name: str) -> dict[str, Any]:
        (path,) = (one for one in EXAMPLES if one.stem == name)
        return runpy.run_path(str(path))

    return run


def test_xor(ran: Any, tmp_path: Path) -> None:  # noqa: ANN401
    db = ran("xor")["db"]
    assert (len(db.minima), db.complete) == (5, True)
    assert (tmp_path / "xor-tree.svg").stat().st_size > 1000


def test_own_energy(ran: Any) -> None:  # noqa: ANN401
    found = ran("own_energy")
    assert found["energy"][:2] == pytest.approx([-1.031628453, -1.031628453])


def test_own_module(ran: Any) -> None:  # noqa: ANN401
    assert len(ran("own_module")["db"].minima) > 0


def test_robustness(ran: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    db = ran("robustness")["db"]
    assert db.properties("minima")["pgd_accuracy"].settings["epsilon"] == [0.1, 0.3]
    said = capsys.readouterr().out
    assert "'deeper minima are more robust': " in said
    assert (tmp_path / "iris-robustness.svg").exists()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_short_and_have_cells(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    assert len(re.findall(r"^# %% \S", text, re.MULTILINE)) >= 3
    assert f"def test_{path.stem}(" in Path(__file__).read_text(encoding="utf-8")
