"""Fast starts: what needs no network, no compiler and no picture imports none of the packages for them."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import landscape
from landscape.startup import imported
from tests.campaign.commands import ROOT
from tests.database.samples import sample_file

HEAVY = ("torch", "numba", "sklearn", "matplotlib", "pandas", "networkx", "scipy.stats", "mpi4py", "tqdm")
REPORT = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps([name for name in {heavy} if name in sys.modules]), file=sys.stderr))
{body}
"""
COLLECTIONS = """
import atexit, gc, sys
found = []
gc.callbacks.append(lambda phase, what: found.append(what["generation"]) if phase == "start" else None)
atexit.register(lambda: print(found.count(2), "scipy.optimize" in sys.modules, file=sys.stderr))
"""
COMMAND = "from landscape.cli import main\nsys.argv = {arguments}\nmain()"


def imports(body: str, folder: Path) -> tuple[list[str], int]:
    """The heavy packages that a program imports, and its exit status."""
    said = run(REPORT.format(heavy=HEAVY, body=body), folder)
    return json.loads(said.stderr.splitlines()[-1]), said.returncode


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False, text=True
    )


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["rum"], 2),
        (["run", "--help"], 0),
        (["correlations"], 2),
        *((([name, "no.toml"]), 2) for name in ("run", "sample", "train")),
        (["study", "no.toml", "--replicates", "2"], 2),
        (["run", "misspelt.toml"], 2),
    ],
)
def test_help_and_mistakes_import_nothing_heavy(tmp_path: Path, arguments: list[str], status: int) -> None:
    (tmp_path / "misspelt.toml").write_text('[problem]\ndataset = "xor"\nhiden = [2]\n')
    assert imports(COMMAND.format(arguments=["landscape", *arguments]), tmp_path) == ([], status)


def test_an_overview_imports_nothing_heavy(tmp_path: Path) -> None:
    sample_file(tmp_path / "a.h5")
    assert imports(COMMAND.format(arguments=["landscape", "info", "a.h5"]), tmp_path) == ([], 0)


def test_the_package_imports_nothing_heavy_until_a_name_is_used(tmp_path: Path) -> None:
    body = "import landscape\ndir(landscape), landscape.__all__, landscape.__version__, landscape.LandscapeError"
    assert imports(body, tmp_path) == ([], 0)
    assert imports("import landscape\nlandscape.open", tmp_path) == ([], 0)


@pytest.mark.parametrize("arguments", [["run"], ["sample"], ["continue", "--over", "problem.l2=1e-2:1e-3"]])
def test_the_first_round_waits_for_no_garbage_collector_and_no_package_that_it_does_not_use(
    tmp_path: Path, arguments: list[str]
) -> None:
    command = ["landscape", *arguments, "xor", "-o", "missing/a.h5"]  # torch is imported before the folder is missed
    said = run(COLLECTIONS + COMMAND.format(arguments=command), tmp_path)
    *_, told, found = said.stderr.splitlines()
    assert "is no folder to put a.h5 into" in told
    assert found == "0 False"


def test_names_of_the_package_have_the_places_that_type_checkers_see() -> None:
    tree = ast.parse(Path(landscape.__file__).read_text(encoding="utf-8"))
    (typed,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname or alias.name: f"{node.module}:{alias.name}"
        for node in typed.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == landscape._PLACES
    assert {*seen, "LandscapeError", "__version__"} == set(landscape.__all__) == set(dir(landscape))
    for name, place in seen.items():
        assert getattr(landscape, name) is imported(place)


def test_an_unknown_name_is_an_error_of_attributes() -> None:
    with pytest.raises(AttributeError, match="module 'landscape' has no attribute 'explor'"):
        _ = landscape.explor  # type: ignore[attr-defined]
