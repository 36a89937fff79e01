"""The README keeps its word: every example runs, in order, on small run files of the same names; its tables are true.

Examples that need minutes, a network or a cluster are marked `<!-- parsed only: why -->` and only have to parse.
"""

import ast
import os
import re
import subprocess
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import h5py
import pytest

from landscape.campaign.pairs.selection import STRATEGIES
from landscape.cli import cli
from landscape.config.run_file import RunConfig
from landscape.config.tables import Table
from landscape.messages import toml_value

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"(?:<!-- parsed only: (?P<why>[^>]+) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
SMALL = {
    "xor": '[problem]\ndataset = "xor"\nstandardise = false\nhidden = [2]\nl2 = 1e-2\n',
    "iris": '[problem]\ndataset = "iris"\nhidden = [6]\nl2 = 1e-4\n',
    "regimes-iris": '[problem]\ndataset = "iris"\ntest_fraction = 0.3\nhidden = [3]\nl2 = 1e-3\n'
    "[train]\nepochs = 3\nseeds = 6\n[train.regimes.plain]\n[train.regimes.l2]\nl2 = 1e-2\n",
    "moons": '[problem]\ndataset = "moons"\nsubset = 20\nhidden = [2]\nl2 = 1e-3\n',
}
PLACEHOLDERS = {
    "/properties/minima/NAME",
    "/properties/training/NAME",
    "/properties/sampled_quenches/NAME",
    "/properties/transition_states/path_NAME",
}
BRIEF = """
[basin_hopping]
walkers = 16
steps = 4
[connect]
rounds = 1
pairs = 4
single_ended = 0
[measure]
pgd_steps = 3
pgd_restarts = 1
"""


class Example(NamedTuple):
    line: int
    language: str
    text: str
    runs: bool


def examples() -> list[Example]:
    return [
        Example(README.count("\n", 0, block.start("text")), block["language"], block["text"], not block["why"])
        for block in BLOCK.finditer(README)
    ]


def key_rows() -> list[str]:
    """The rows of the README's table of keys, as the configuration has them."""
    rows = []
    for name, field in RunConfig.model_fields.items():
        table = field.annotation
        assert isinstance(table, type)
        assert issubclass(table, Table)
        for key, entry in table.model_fields.items():
            default = "required" if entry.is_required() else f"`{toml_value(entry.default)}`"
            rows.append(f"| `{name}.{key}` | {default} | {entry.description} |")
    return sorted(rows, key=lambda row: not row.startswith("| `problem."))


@pytest.mark.parametrize("example", examples(), ids=lambda example: f"{example.language}-line-{example.line}")
def test_examples_parse(example: Example) -> None:
    if example.language == "python":
        ast.parse(example.text)
    elif example.language == "bash":
        subprocess.run(["bash", "-n"], input=example.text, text=True, check=True)
    else:
        assert example.language == "toml"
        RunConfig.from_text(example.text)


@pytest.mark.timeout(600)  # a dozen commands, each of which starts an interpreter
def test_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "analysis").symlink_to(ROOT / "analysis")
    (tmp_path / "runs").mkdir()
    for name, text in SMALL.items():
        (tmp_path / "runs" / f"{name}.toml").write_text(text + BRIEF)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}")
    script = ModuleType("readme")
    for example in examples():
        if example.runs and example.language == "bash":
            found = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", f"export OMP_NUM_THREADS=1\n{example.text}"],
                capture_output=True,
                text=True,
                check=False,
            )
            assert found.returncode == 0, f"README.md, line {example.line}: {found.stdout}{found.stderr}"
        elif example.runs and example.language == "python":
            exec(compile(example.text, f"README.md, line {example.line}", "exec"), vars(script))
    made = {path.name for path in tmp_path.iterdir()}
    assert {"xor.h5", "xor-tree.svg", "iris.h5", "iris-tree.pdf", "iris-correlations.csv", "iris-scatter.pdf"} <= made
    assert_names_are_in(tmp_path / "iris.h5")


def assert_names_are_in(path: Path) -> None:
    """Every dataset that the README's table of names lists is in the file, and no table has another."""
    table = README.split("| name | shape | what it is |")[1].split("\n\n")[0]
    listed = set()
    for cell in (row.split("|")[1] for row in table.splitlines() if row.startswith("| `/")):
        names = re.findall(r"`([^`]+)`", cell)
        group = names[0].rpartition("/")[0]
        listed |= {name if name.startswith("/") else f"{group}/{name}" for name in names}
    with h5py.File(path) as file:
        assert listed >= PLACEHOLDERS
        for name in listed - PLACEHOLDERS:
            assert name in file, name
        for group in ("minima", "transition_states", "training", "attempts", "rounds", "walkers"):
            assert {f"/{group}/{column}" for column in file[group]} <= listed


def test_the_table_of_keys_is_that_of_the_configuration() -> None:
    written = README.split("<!-- keys: begin -->\n")[1].split("<!-- keys: end -->")[0].splitlines()
    assert [row for row in written if row.startswith("| `")] == key_rows()


def test_the_table_of_strategies_is_that_of_the_code() -> None:
    written = README.split("<!-- strategies: begin -->\n")[1].split("<!-- strategies: end -->")[0].splitlines()
    rows = [f"| `{name}` | {(choose.__doc__ or '').splitlines()[0]} |" for name, choose in STRATEGIES.items()]
    assert [row for row in written if row.startswith("| `")] == rows


def test_links_lead_to_small_files() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target
        assert (ROOT / target).stat().st_size < 300_000, target


def test_every_command_and_script_is_shown() -> None:
    shown = "".join(example.text for example in examples() if example.language == "bash")
    for name in cli.commands:
        assert f"landscape {name} " in shown
    for script in (ROOT / "analysis").glob("*.py"):
        assert f"python analysis/{script.name} " in shown
