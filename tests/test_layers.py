"""The layers of the package, read from its imports: each part may use only those listed for it.

`landscape.errors` and its neighbours stand at the top; a package may import itself and what its row names.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "landscape"

NAMES = {"errors", "messages", "config", "objective"}
SCIENCE = NAMES | {"numerics", "problems", "optimize", "search", "database", "properties", "training"}
ALLOWED = {
    "errors": set(),
    "messages": {"errors"},
    "config": {"errors", "messages"},
    "objective": {"errors"},
    "numerics": NAMES,
    "problems": NAMES | {"numerics"},
    "optimize": {"errors", "objective", "numerics"},
    "search": {"errors", "objective", "numerics", "optimize"},
    "database": {"errors", "messages", "config"},
    "properties": SCIENCE - {"properties", "training"},
    "training": SCIENCE - {"training"},
    "explore": SCIENCE,
    "cli": SCIENCE | {"explore"},
    "__init__": SCIENCE | {"explore"},
    "__main__": {"cli"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted((ROOT / "analysis").glob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Dotted names of all modules that a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} relative import"
            yield node.module or ""


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_come_from_earlier_layers_by_their_full_path(path: Path) -> None:
    part = part_of(path)
    ours = [name for name in imported(path) if name.split(".")[0] == "landscape"]
    assert "landscape" not in ours, "the package root is imported inside the package"
    used = {name.split(".")[1] for name in ours}
    assert used <= ALLOWED[part] | {part}, f"{part} may not import {used - ALLOWED[part] - {part}}"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_only_the_pool_knows_mpi(path: Path) -> None:
    is_pool = path.parent == PACKAGE / "explore" and path.name.startswith("pool")
    assert is_pool or not any(name.split(".")[0] == "mpi4py" for name in imported(path))


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_the_library_does_not_draw(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported(path)} & {"matplotlib", "seaborn", "plotly"}


@pytest.mark.parametrize("path", [p for p in MODULES if part_of(p) in ("database", "config", "messages")], ids=relative)
def test_the_database_does_without_torch(path: Path) -> None:
    assert "torch" not in {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("path", SCRIPTS, ids=relative)
def test_scripts_do_not_run_searches(path: Path) -> None:
    parts = {name.split(".")[1] for name in imported(path) if name.startswith("landscape.")}
    assert not parts & {"optimize", "search", "explore", "problems"}


def test_every_part_has_a_row() -> None:
    assert {part_of(path) for path in MODULES} <= set(ALLOWED)
