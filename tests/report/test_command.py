"""The command: it writes a page, with a seal that tells what was verified, and refuses in one line."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

import landscape
from tests.analysis.synthetic import funnel, made_up_store, minima, transition_states
from tests.commands import Run
from tests.database.altering import altered
from tests.report.pages import replaced_record

XOR: dict[str, Any] = {"dataset": "xor", "standardise": False, "hidden": [2], "l2": 1e-2}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("database") / "xor.h5"
    problem = landscape.Problem(**XOR)
    landscape.explore(
        problem,
        path=path,
        walkers=6,
        steps=2,
        basin_hopping={"round_steps": 2, "task_walkers": 2},
        connect={"rounds": 0, "single_ended": 0},
        measure={"epsilon": [0.1], "pgd_steps": 2, "pgd_restarts": 1},
    ).close()
    return path


def test_the_page_of_a_network_is_verified(database: Path, tmp_path: Path, command: Run) -> None:
    page = tmp_path / "page.html"
    said = command("report", database, "-o", page, "--verify")
    assert (said.status, said.out) == (0, f"written to {page}\n")
    text = page.read_text()
    assert "a tanh network with 2 hidden units" in text
    assert "every one is what it says" in text


def test_a_fault_is_shown_and_fails(database: Path, tmp_path: Path, command: Run) -> None:
    wrong = tmp_path / "wrong.h5"
    wrong.write_bytes(database.read_bytes())
    with altered(wrong) as file:
        file["minima/energy"][0] += 1e-3
    page = tmp_path / "page.html"
    assert command("report", wrong, "-o", page, "--verify").status == 1
    assert "The first: minimum 0: energy" in page.read_text()


def test_an_energy_of_ones_own_has_a_page(tmp_path: Path, command: Run) -> None:
    path = tmp_path / "surface.h5"
    points = funnel(12)
    own = replaced_record(toml="", run_toml="[run]\nseed = 0\n", inputs=None, targets=None)
    made_up_store(path, minima(*points[:2]), transition_states(*points[2:]), (), own).close()
    assert command("report", path, "-o", tmp_path / "page.html").status == 0
    text = (tmp_path / "page.html").read_text()
    assert "Landscape of surface" in text
    assert "maps the loss landscape of an energy (2 parameters): 12 minima" in text


def test_mistakes_are_one_line(database: Path, tmp_path: Path, command: Run) -> None:
    for arguments, expected in (
        ((tmp_path / "none.h5", "-o", tmp_path / "page.html"), "none.h5"),
        ((database,), "Missing option '-o'"),
        ((database, "-o", tmp_path / "page.html", "--lowest", "0"), "--lowest"),
        ((database, "-o", tmp_path / "nowhere" / "page.html"), "expected a file to write"),
    ):
        said = command("report", *arguments)
        assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
        assert said.err.startswith("landscape: ")
        assert expected in said.err


def test_a_missing_bokeh_is_one_line(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Run
) -> None:
    importlib.import_module("landscape.report")
    for name in [name for name in sys.modules if name.partition(".")[0] == "bokeh"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "bokeh", None)
    for name in [name for name in sys.modules if name.startswith("landscape.report.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("landscape.report.page", raising=False)
    said = command("report", database, "-o", tmp_path / "page.html")
    remedy = "expected the package bokeh, found none: pip install 'landscape-explorer[report]'"
    assert (said.status, said.err) == (2, f"landscape: report: {remedy}\n")
    assert not (tmp_path / "page.html").exists()
