"""The script that tests with every Python, with programs in the places of Pythons that keep their arguments."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = ("bash", "cat", "cp", "dirname", "grep", "mkdir", "mktemp", "rm")
PYTHON = """#!/bin/bash
echo "VERSION $*" >>"LOG"
case "$1 $2" in
    *version_info*) echo "VERSION" ;;
    *tomllib*) exec "REAL" "$@" ;;
    "-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip") [[ VERSION != "$UNINSTALLABLE" ]] || { echo "ERROR: no torch" >&2; exit 1; } ;;
    "-m pytest") [[ VERSION != "$FAILING" ]] ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of little but the script, with Pythons 3.12 and 3.14 in its folder `bin`."""
    for name in ("tests", "landscape", "runs", "bin"):
        (tmp_path / name).mkdir()
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "tests/pythons.sh"):
        shutil.copy(ROOT / name, tmp_path / name)
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    for version in ("3.14", "3.12"):
        put_python(tmp_path / "bin" / f"python{version}", version, tmp_path / "log")
    return tmp_path


def put_python(path: Path, version: str, log: Path) -> None:
    text = PYTHON.replace("VERSION", version).replace("LOG", str(log)).replace("REAL", sys.executable)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def run(checkout: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """The script once it has ended, with these environment variables."""
    env = {"PATH": str(checkout / "bin"), "PYENV_ROOT": str(checkout), "TMPDIR": str(checkout)}
    line = [str(checkout / "tests/pythons.sh"), *arguments]
    return subprocess.run(line, env=env | variables, capture_output=True, text=True, check=False, timeout=60)


def calls(checkout: Path, module: str) -> list[str]:
    """The calls of `python -m MODULE`, each with the version first."""
    lines = (checkout / "log").read_text().splitlines()
    return [line.replace(f"-m {module} ", "") for line in lines if f" -m {module} " in line]


def test_every_python_is_tested_the_oldest_first(checkout: Path) -> None:
    said = run(checkout)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == "pythons: Python 3.12\npythons: Python 3.14\n"
    assert [line[:4] for line in calls(checkout, "pytest")] == ["3.12", "3.14"]
    assert all("source[plots]" in line and "--constraint constraints.txt" in line for line in calls(checkout, "pip"))
    assert not list(checkout.glob("tmp.*"))


def test_a_failure_is_the_status_and_the_others_are_tested(checkout: Path) -> None:
    assert run(checkout, FAILING="3.12", UNINSTALLABLE="3.14").returncode == 1
    said = run(checkout, UNINSTALLABLE="3.12")
    assert (said.returncode, said.stdout) == (2, "pythons: Python 3.14\n")
    assert said.stderr.startswith(
        "pythons: Python 3.12 is not tested, the dependencies cannot be installed: ERROR: no "
    )


def test_the_newest_without_torch(checkout: Path) -> None:
    said = run(checkout, "--newest", "--without-torch", "tests/graph", "-x")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == "pythons: Python 3.14 without torch, so that networks and searches are left out\n"
    assert calls(checkout, "pytest") == ["3.14 -q tests/graph -x"]
    dependencies, own = calls(checkout, "pip")
    assert "--requirement" in dependencies
    assert "--no-deps" in own


def test_dependencies_without_torch_are_all_others(checkout: Path) -> None:
    kept = checkout / "kept"
    log = f'[[ "$*" != *--requirement* ]] || cp "${{*: -5:1}}" "{kept}"\n'
    python = checkout / "bin" / "python3.14"
    python.write_text(python.read_text().replace("case ", f"{log}case ", 1))
    assert run(checkout, "--newest", "--without-torch").returncode == 0
    names = [line.partition(">")[0] for line in kept.read_text().splitlines()]
    assert "numpy" in names
    assert "torch" not in names


def test_the_newest_is_left_out_where_the_environment_has_it(checkout: Path) -> None:
    put_python(checkout / ".venv/bin/python", "3.14", checkout / "log")
    said = run(checkout, "--newest")
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    assert calls(checkout, "venv") == []
