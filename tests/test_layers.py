"""The layers of the package, read from its imports.

Each part may use only the parts that its row names. For a folder whose modules build on one another, the rows of
`INSIDE` give the same rules for its own parts. The imports between single modules have no cycle.
"""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from itertools import accumulate
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "landscape"

NAMES = {"errors", "messages", "limits", "config", "objective", "declaration"}
ARRAYS = {"numerics", "database", "graph", "statistics"}
SCIENCE = NAMES | ARRAYS | {"problems", "optimize", "search", "training", "properties", "studies"}
ALLOWED = {
    "errors": set(),
    "messages": {"errors"},
    "limits": {"errors"},
    "config": {"errors", "messages"},
    "objective": {"errors"},
    "declaration": set(),
    "trial": set(),
    "startup": set(),
    "version": set(),
    "numerics": {"errors", "objective"},
    "database": {"errors", "messages", "declaration", "trial", "version"},
    "graph": {"errors", "declaration"},
    "statistics": {"errors", "numerics"},
    "problems": NAMES | {"numerics", "trial", "startup"},
    "optimize": {"errors", "objective", "numerics"},
    "search": {"errors", "limits", "objective", "numerics", "optimize", "graph"},
    "training": NAMES | {"numerics", "problems", "database"},
    "properties": NAMES | {"numerics", "problems", "optimize", "search"},
    "studies": NAMES | ARRAYS | {"problems", "properties", "thermodynamics"},
    "thermodynamics": {"errors", "messages", "graph", "numerics"},
    "campaign": SCIENCE,
    "exchange": SCIENCE | {"campaign", "version"},
    "plots": NAMES | ARRAYS | {"studies", "thermodynamics"},
    "report": NAMES | ARRAYS | {"studies", "thermodynamics", "problems", "properties", "version"},
    "cli": SCIENCE | {"campaign", "startup", "version", "thermodynamics", "exchange", "plots", "report"},
    "__init__": SCIENCE | {"campaign", "startup", "version", "plots"},
    "__main__": {"cli"},
}
"""The parts of the package, each with those that it may import besides itself."""

INSIDE: dict[str, tuple[str, ...]] = {
    "problems": (
        "data activations",
        "kernels",
        "networks",
        "surfaces energies",
        "terms",
        "energy",
        "problem constructions",
    ),
    "properties": (
        "requirements draws",
        "measurement rounding",
        "sample_means",
        "group",
        "attacks bounds curvature losses",
        "robustness sharpness defences stripes",
        "catalogue",
        "measure",
        "evaluations path_profiles",
    ),
    "campaign": (
        "exits pools interrupt progress",
        "counted",
        "context",
        "identity pairs",
        "rounds",
        "surfaces",
        "preparation",
        "sequences replicas resumption verification continuation",
        "campaign",
        "session job",
    ),
}
"""The parts inside a folder in layers, the lowest first; each may import those in earlier layers and its own."""

MOST_MODULES, MOST_LINES = 14, 300
MODULES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = sorted({path.parent for path in MODULES})
SCRIPTS = sorted((ROOT / "analysis").glob("*.py"))


def dotted(path: Path) -> str:
    """The name under which a file of the package is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


NAMED = {dotted(path): path for path in MODULES}


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Dotted names of all modules that a file imports, anywhere in the file."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} relative import"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in NAMED else node.module or "" for name in whole)


def ours(path: Path) -> list[str]:
    return [name for name in imported(path) if name.split(".")[0] == "landscape"]


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_come_from_earlier_layers_by_their_full_path(path: Path) -> None:
    part = part_of(path)
    assert "landscape" not in ours(path), "the package root is imported inside the package"
    used = {name.split(".")[1] for name in ours(path)}
    assert used <= ALLOWED[part] | {part}, f"{part} may not import {used - ALLOWED[part] - {part}}"


@pytest.mark.parametrize("path", [path for path in MODULES if part_of(path) in INSIDE], ids=relative)
def test_parts_of_a_folder_import_earlier_parts(path: Path) -> None:
    folder = part_of(path)
    if path.name == "__init__.py" and path.parent.name == folder:
        return
    rank = {part: layer for layer, parts in enumerate(INSIDE[folder]) for part in parts.split()}
    own = path.relative_to(PACKAGE / folder).parts[0].removesuffix(".py")
    used = {name.split(".")[2] for name in ours(path) if name.startswith(f"landscape.{folder}.")}
    late = {part for part in used - {own} if rank[part] > rank[own]}
    assert not late, f"{folder}/{own} may not import {late}"


def test_no_circle_of_imports() -> None:
    graph = {name: set(ours(path)) & set(NAMED) - {name} for name, path in NAMED.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(NAMED)


@pytest.mark.parametrize("folder", FOLDERS, ids=relative)
def test_a_folder_can_be_overlooked(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= MOST_MODULES


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_is_no_longer_than_can_be_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("name", [name for name in NAMED if name != "landscape.__main__" and "triton" not in name])
def test_every_module_is_reached_by_its_dotted_name(name: str) -> None:
    found: object = importlib.import_module("landscape")
    importlib.import_module(name)
    for step in name.split(".")[1:]:
        found = getattr(found, step)
    assert found is importlib.import_module(name), f"{name} is hidden by {found!r}"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_only_the_pools_know_mpi(path: Path) -> None:
    is_pool = path.parent == PACKAGE / "campaign/pools"
    assert is_pool or not any(name.split(".")[0] == "mpi4py" for name in imported(path))


@pytest.mark.parametrize("path", [path for path in MODULES if part_of(path) != "plots"], ids=relative)
def test_only_plots_draws_and_only_what_shows_pictures_uses_it(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported(path)} & {"matplotlib", "seaborn", "plotly"}
    shows = path.parent == PACKAGE / "cli/drawing" or path == PACKAGE / "__init__.py"
    assert shows or not any(name.startswith("landscape.plots") for name in imported(path))


def test_nothing_draws_before_a_picture_is_asked_for() -> None:
    script = "import sys, landscape, landscape.cli.drawing.tree; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("path", [path for path in MODULES if part_of(path) != "report"], ids=relative)
def test_only_the_report_needs_bokeh_and_only_its_command_needs_the_report(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported(path)} & {"bokeh", "jinja2"}
    is_command = path == PACKAGE / "cli/drawing/report.py"
    assert is_command or not any(name.startswith("landscape.report") for name in imported(path))


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if part_of(p) in ("database", "config", "messages", "graph", "statistics", "thermodynamics")],
    ids=relative,
)
def test_what_knows_arrays_only_does_without_torch(path: Path) -> None:
    assert "torch" not in {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("path", SCRIPTS, ids=relative)
def test_scripts_do_not_run_searches(path: Path) -> None:
    parts = {name.split(".")[1] for name in imported(path) if name.startswith("landscape.")}
    assert not parts & {"optimize", "search", "campaign", "problems"}


def test_the_package_itself_has_what_is_public_and_nothing_else() -> None:
    package = importlib.import_module("landscape")
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert {name for name in dir(package) if not name.startswith("_")} - parts == set(package.__all__) - {"__version__"}


@pytest.mark.parametrize("folder", ["landscape", "analysis", "tests"])
def test_docstrings_begin_with_a_noun_or_a_verb(folder: str) -> None:
    """No docstring opens with a question word, as subordinate clauses do."""
    opening = re.compile(r"(What|How|Where|Who|Whose|Whether|Which|Why|When)\b")
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = {path: ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for path in (ROOT / folder).rglob("*.py")}
    documented = [(path, node) for path, own in nodes.items() for node in own if isinstance(node, kinds)]
    assert not [
        f"{relative(path)}: {getattr(node, 'name', 'module')}"
        for path, node in documented
        if opening.match(ast.get_docstring(node) or "")
    ]


DOTTED = re.compile(r"`(landscape(?:\.\w+)+)")


@pytest.mark.parametrize("path", [*MODULES, *sorted(PACKAGE.rglob("*.md")), ROOT / "README.md"], ids=relative)
def test_every_dotted_name_in_a_text_is_reached(path: Path) -> None:
    for name in DOTTED.findall(path.read_text(encoding="utf-8")):
        assert reached(name) is not None, f"{path}: there is no {name}"


def reached(name: str) -> object:
    """The object of a dotted name, reached by attributes after importing modules as a user does."""
    found: object = importlib.import_module("landscape")
    for step, last in zip(accumulate(name.split("."), "{}.{}".format), name.split("."), strict=True):
        found = importlib.import_module(step) if step in NAMED else getattr(found, last, None)
    return found


def test_every_part_has_a_row() -> None:
    assert {part_of(path) for path in MODULES} <= set(ALLOWED)
