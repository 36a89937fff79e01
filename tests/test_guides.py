"""The guides keep their word: examples run, in order, on small run files of the same names, and tables are true.

Examples that need minutes, a network or a cluster are marked `<!-- parsed only: why -->` and only have to parse.
Commands and scripts run in children of the test, which need not import everything again; the rest runs in a shell.
"""

import ast
import inspect
import os
import re
import shlex
import subprocess
import sysconfig
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import h5py
import pytest
from click import Context

import landscape
from landscape.campaign.pairs.selection import STRATEGIES
from landscape.cli import cli
from landscape.config.run_file import RunConfig
from landscape.config.tables import Table
from landscape.database.writing import LATER_TABLES, TABLES
from landscape.messages import toml_value
from tests.children import forked
from tests.endings import Ended

ROOT = Path(__file__).parents[1]
GUIDES = (
    "README.md",
    "analysis/README.md",
    "runs/README.md",
    "landscape/README.md",
    "landscape/METHODS.md",
    "landscape/database/README.md",
    "landscape/exchange/README.md",
    "landscape/optimize/README.md",
    "landscape/problems/README.md",
    "landscape/report/README.md",
    "analysis/results/README.md",
    "tests/benchmarks/README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)
"""In the order in which their examples run: later ones use files that earlier ones make."""
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in GUIDES}
BLOCK = re.compile(
    r"(?:<!-- parsed only: (?P<why>[^>]+) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
SMALL = {
    "xor": '[problem]\ndataset = "xor"\nstandardise = false\nhidden = [2]\nl2 = 1e-2\n',
    "iris": '[problem]\ndataset = "iris"\nhidden = [6]\nl2 = 1e-4\n',
    "regimes-iris": '[problem]\ndataset = "iris"\ntest_fraction = 0.3\nhidden = [3]\nl2 = 1e-3\n'
    "[train]\nepochs = 3\nseeds = 6\n[train.regimes.plain]\n[train.regimes.l2]\nl2 = 1e-2\n",
    "instability": '[problem]\ndataset = "f_a:K=3,delta=0.25"\nstandardise = false\nhidden = [2]\nl2 = 1e-4\n',
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
    guide: str
    line: int
    language: str
    text: str
    runs: bool


def examples() -> list[Example]:
    return [
        Example(guide, text.count("\n", 0, block.start("text")), block["language"], block["text"], not block["why"])
        for guide, text in TEXTS.items()
        for block in BLOCK.finditer(text)
        if block["language"] != "text"
    ]


def part_of(guide: str, name: str) -> list[str]:
    """The lines between two marks of a guide."""
    return TEXTS[guide].split(f"<!-- {name}: begin -->\n")[1].split(f"<!-- {name}: end -->")[0].splitlines()


def key_rows() -> list[str]:
    """The rows of the README's table of keys, made from the configuration."""
    rows = []
    for name, field in RunConfig.model_fields.items():
        table = field.annotation
        assert isinstance(table, type)
        assert issubclass(table, Table)
        for key, entry in table.model_fields.items():
            default = "required" if entry.is_required() else f"`{toml_value(entry.default)}`"
            rows.append(f"| `{name}.{key}` | {default} | {entry.description} |")
    return sorted(rows, key=lambda row: not row.startswith("| `problem."))


@pytest.mark.parametrize("example", examples(), ids=lambda example: f"{example.guide}-{example.line}")
def test_examples_parse(example: Example) -> None:
    if example.language == "python":
        ast.parse(example.text)
    elif example.language == "bash":
        subprocess.run(["bash", "-n"], input=example.text, text=True, check=True)
    else:
        assert example.language == "toml"
        RunConfig.from_text(example.text)


@pytest.mark.timeout(600)  # dozens of commands
def test_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "analysis").symlink_to(ROOT / "analysis")
    (tmp_path / "runs").mkdir()
    for name, text in SMALL.items():
        (tmp_path / "runs" / f"{name}.toml").write_text(text + BRIEF)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PATH", f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}")
    script = ModuleType("guides")
    for example in examples():
        if example.runs and example.language == "bash":
            for line in example.text.replace("\\\n", " ").splitlines():
                ended = run(line)
                assert ended.status == 0, f"{example.guide}, line {example.line}: {line}: {ended.said}"
        elif example.runs and example.language == "python":
            exec(compile(example.text, f"{example.guide}, line {example.line}", "exec"), vars(script))
    made = {path.name for path in tmp_path.iterdir()}
    assert {"xor.h5", "xor-tree.svg", "iris.h5", "iris-tree.pdf", "iris-correlations.csv", "iris-scatter.pdf"} <= made
    assert_names_are_in(tmp_path / "iris.h5")


def run(line: str) -> Ended:
    """The result of a line of a shell."""
    words = shlex.split(line, comments=True)
    if words and words[0] in ("landscape", "python") and not set("".join(words)) & set("|&;<>$*?`"):
        return forked(words)
    program = ["bash", "-euo", "pipefail", "-c", line]
    found = subprocess.run(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return Ended(found.returncode, found.stdout)


def assert_names_are_in(path: Path) -> None:
    """Assert that the README's table of names has all columns, and the file all names but those of later tables."""
    table = TEXTS["landscape/database/README.md"].split("| name | shape | what it is |")[1].split("\n\n")[0]
    listed = set()
    for cell in (row.split("|")[1] for row in table.splitlines() if row.startswith("| `/")):
        names = re.findall(r"`([^`]+)`", cell)
        group = names[0].rpartition("/")[0]
        listed |= {name if name.startswith("/") else f"{group}/{name}" for name in names}
    columns = {name: {f"/{name}/{column}" for column in table.column_names()} for name, table in TABLES.items()}
    assert set().union(*columns.values()) <= listed
    later = set().union(*(columns[name] for name in LATER_TABLES))
    with h5py.File(path) as file:
        assert listed >= PLACEHOLDERS
        for name in listed - PLACEHOLDERS:
            assert name in file or name in later, name


def test_the_table_of_keys_is_that_of_the_configuration() -> None:
    assert [row for row in part_of("runs/README.md", "keys") if row.startswith("| `")] == key_rows()


def test_the_table_of_strategies_is_that_of_the_code() -> None:
    rows = [f"| `{name}` | {(choose.__doc__ or '').splitlines()[0]} |" for name, choose in STRATEGIES.items()]
    assert [row for row in part_of("runs/README.md", "strategies") if row.startswith("| `")] == rows


def reference() -> Iterator[str]:
    """The reference of the public names, from their signatures and docstrings."""
    for name in sorted(landscape.__all__):
        if name == "__version__":
            continue
        found = getattr(landscape, name)
        yield from described(f"landscape.{name}", found)
        if inspect.isclass(found) and found is not landscape.LandscapeError:
            own = {key: value for key, value in vars(found).items() if not key.startswith("_")}
            for key, value in own.items():
                described_as = value.__func__ if isinstance(value, classmethod) else value
                getter = {property: "fget", cached_property: "func"}.get(type(value))
                target = getattr(value, getter) if getter else described_as
                if inspect.isfunction(target) and target.__doc__:
                    yield from described(f"{name}.{key}", target, call=getter is None)


def described(name: str, target: object, *, call: bool = True) -> Iterator[str]:
    """The call without its annotations, and the docstring."""
    doc = inspect.getdoc(target) or ""
    arguments = ""
    if call and not (inspect.isclass(target) and issubclass(target, Exception)):
        parameters = [one for one in inspect.signature(target).parameters.values() if one.name not in ("self", "cls")]  # type: ignore[arg-type]
        stripped = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
        arguments = str(inspect.Signature(stripped))
    yield from ("```text", f"{name}{arguments}", *(f"    {line}".rstrip() for line in doc.splitlines()), "```", "")


def test_the_reference_is_that_of_the_docstrings() -> None:
    assert part_of("landscape/README.md", "api") == list(reference())[:-1]


def test_every_public_name_says_what_it_takes_and_gives() -> None:
    for name in landscape.__all__:
        if name != "__version__":
            assert len((inspect.getdoc(getattr(landscape, name)) or "").split()) > 10, name


def test_links_lead_to_small_files() -> None:
    for guide, text in TEXTS.items():
        for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text):
            path = (ROOT / guide).parent / target
            assert path.is_file(), f"{guide}: {target}"
            assert path.stat().st_size < 300_000, f"{guide}: {target}"


def test_links_within_a_guide_lead_to_its_headings() -> None:
    for guide, text in TEXTS.items():
        lines = [line.lstrip("# ").lower() for line in text.splitlines() if line.startswith("#")]
        headings = {re.sub(r"[^\w -]", "", line).replace(" ", "-") for line in lines}
        assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings, guide


def test_every_command_and_script_is_shown() -> None:
    shown = "".join(example.text for example in examples() if example.language == "bash")
    for name in cli.list_commands(Context(cli)):
        assert f"landscape {name} " in shown
    for script in (ROOT / "analysis").glob("*.py"):
        assert f"python analysis/{script.name} " in shown
