"""The wheel alone, in an environment without the checkout that cannot be written: it maps XOR and draws its tree."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(".*", "build", "*.egg-info", "*.h5", "results", "tests", "__pycache__")
SCRIPT = """
import landscape

with landscape.open("xor.h5") as db:
    landscape.plot_tree(db, labels=True).figure.savefig("xor.svg")
print(landscape.__file__)
"""


def ended(command: list[str], folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A command once it has ended well."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XDG", "NUMBA"))}
    found = subprocess.run(command, cwd=folder, env=kept | variables, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    return found


def close(package: Path) -> None:
    """Let no compiled code be written beside the modules, also by a superuser."""
    for folder in [path for path in (package, *package.rglob("*")) if path.is_dir() and path.name != "__pycache__"]:
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
        (folder / "__pycache__").touch()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=LEFT_OUT, symlinks=True)
    build = ["pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q", "-w", str(folder), "./source"]
    ended([sys.executable, "-m", *build], folder)
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_has_the_library_and_the_run_files(wheel: Path) -> None:
    assert wheel.name.startswith("landscape_explorer-")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    files = {name for name in names if ".dist-info/" not in name}
    expected = {
        "landscape/py.typed",
        "landscape/plots/paper.mplstyle",
        "landscape/report/assets/page.html.j2",
        "landscape/report/assets/style.css",
        "landscape/report/assets/start.js",
        "landscape/runs/xor.toml",
        "landscape/runs/iris.toml",
    }
    assert expected <= files
    assert {name.split("/")[0] for name in files} == {"landscape"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert wheel.stat().st_size < 2_000_000


@pytest.mark.timeout(600)  # an environment, and commands that each start an interpreter
def test_from_the_wheel_alone_xor_is_mapped_drawn_and_correlated(wheel: Path, tmp_path: Path) -> None:
    """The environment has the wheel; what it depends on is lent by the environment of the tests."""
    venv.create(tmp_path / "environment", with_pip=True, symlinks=True)
    python, scripts = str(tmp_path / "environment/bin/python"), tmp_path / "environment/bin"
    ended([python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)], tmp_path)
    (own,) = (tmp_path / "environment/lib").glob("python*/site-packages")
    lent = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (own / "lent.pth").write_text("".join(f"{folder}\n" for folder in sorted(lent)))
    close(own / "landscape")
    folder, temporary = tmp_path / "empty", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    said = []

    def done(command: list[str], folder: Path) -> str:
        found = ended(command, folder, HOME="/dev/null", TMPDIR=str(temporary))
        said.append(found.stderr)
        return found.stdout

    command = str(scripts / "landscape")
    larger = "problem.l2=1e-4", "problem.hidden=[4]"
    few = "explore.searches=0", "basin_hopping.walkers=32", "basin_hopping.steps=20", "connect.rounds=1"
    brief = *few, "connect.single_ended=4", "measure.pgd_steps=3"
    assert "transition" in done([command, "run", "xor", *(f"--set={one}" for one in (*larger, *brief))], folder)
    assert said[0].startswith(f"landscape: compiled code is kept in {temporary}/landscape-{os.getuid()}: ")
    assert "every one is what it says" in done([command, "verify", "xor.h5"], folder)
    place = done([python, "-c", SCRIPT], folder).strip()
    assert Path(place).is_relative_to(own)
    assert (folder / "xor.svg").stat().st_size > 1000
    assert "rank correlations of a measure" in done([command, "correlations", "xor.h5", "-o", "table.csv"], folder)
    assert (folder / "table.csv").exists()
    assert "".join(said).count("compiled code is kept in") == 1
