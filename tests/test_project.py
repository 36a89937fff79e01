"""Requirements on the whole project: run files, pins, scripts, and no traces of a machine in tracked files."""

import os
import re
import signal
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from landscape.config.fields import DATASETS
from landscape.config.run_file import RunConfig
from landscape.problems.data.datasets import load
from landscape.studies.words import LEAST_REPLICATES
from tests.patience import patient

ROOT = Path(__file__).parents[1]
RUN_FILES = sorted((ROOT / "runs").glob("*.toml"))
SLURM_SCRIPTS = sorted((ROOT / "runs").glob("slurm-?pu.sh"))
SHELL_SCRIPTS = [*sorted((ROOT / "runs").glob("*.sh")), *sorted((ROOT / "tests").glob("*.sh")), ROOT / ".ci/run"]
COMMANDS = [ROOT / "runs/quickstart.sh", *sorted((ROOT / "tests").glob("*.sh")), ROOT / ".ci/run", *SLURM_SCRIPTS]


def data_of(run_file: Path) -> str:
    return str(tomllib.loads(run_file.read_text())["problem"]["dataset"])


def tracked_files() -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in requirements}


def requirements() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    return [Requirement(text) for text in texts if not text.startswith("landscape-explorer")]


# Run files with folders of images, which a checkout lacks, are tested in tests/problems/test_images.py.
@pytest.mark.parametrize("path", [path for path in RUN_FILES if ":" not in data_of(path)], ids=lambda path: path.name)
def test_run_files_are_understood_and_their_data_load(path: Path) -> None:
    problem = RunConfig.from_toml(path).problem
    data = load(
        problem.dataset, standardise=problem.standardise, subset=problem.subset, test_fraction=problem.test_fraction
    )
    assert len(data.inputs) > 0


@pytest.mark.parametrize("path", sorted((ROOT / "runs").glob("study-*.toml")), ids=lambda path: path.name)
def test_studies_have_their_command_in_their_head(path: Path) -> None:
    command = re.search(r"^# *landscape study (\S+) --over (\S+) -o (\S+)$", path.read_text(), re.MULTILINE)
    assert command is not None
    file, over, folder = command.groups()
    name = path.stem.removeprefix("study-")
    assert (file, folder) == (f"runs/{path.name}", f"analysis/results/{name}")
    assert len(RunConfig.from_toml(path).family(over)) > 2
    assert name in (ROOT / "runs/studies.sh").read_text()


@pytest.mark.parametrize("path", sorted((ROOT / "runs").glob("replicates-*.toml")), ids=lambda path: path.name)
def test_replicates_have_their_command_in_their_head(path: Path) -> None:
    command = re.search(
        r"^# *landscape study (\S+) --replicates (\d+)(?: --sampled)? -o (\S+)$", path.read_text(), re.MULTILINE
    )
    assert command is not None
    file, count, folder = command.groups()
    name = path.stem.removeprefix("replicates-")
    assert (file, folder) == (f"runs/{path.name}", name)
    assert int(count) >= LEAST_REPLICATES
    assert re.search(rf"datasets=\(.*\b{name}\b", (ROOT / "runs/replicates.sh").read_text())


def test_comparisons_of_regimes_have_run_files_with_regimes() -> None:
    script = (ROOT / "runs/regimes.sh").read_text()
    names = re.findall(r"studies=\((.+?)\)$", script, re.MULTILINE)[-1].split()
    assert len(names) == 6
    for name in names:
        path = ROOT / "runs" / f"{name}.toml"
        assert len(RunConfig.from_toml(path).train.members) > 3
        assert "landscape train" in path.read_text() or f"runs/regimes.sh {name}" in path.read_text()


def test_every_known_data_set_has_a_run_file() -> None:
    assert {data for data in map(data_of, RUN_FILES) if ":" not in data} == set(DATASETS)


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_dependencies_are_pinned_within_their_range_and_the_pin_is_installed(requirement: Requirement) -> None:
    pin = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pin)
    assert version(requirement.name).partition("+")[0] == pin


def test_the_pin_of_torch_leaves_the_build_open() -> None:
    assert pins()["torch"] == "2.13.0"


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.name)
def test_commands_are_executable(path: Path) -> None:
    assert os.access(path, os.X_OK)
    assert path.read_text().startswith("#!/usr/bin/env bash\n")


@pytest.mark.parametrize("path", SHELL_SCRIPTS, ids=lambda path: path.name)
def test_shell_scripts_parse(path: Path) -> None:
    subprocess.run(["bash", "-n", path], check=True)


# The brackets keep a pattern from matching its own line.
FORBIDDEN = {
    "a package registry's host": r"p[y]pi\.org|p[y]thonhosted|n[p]mjs|download\.p[y]torch|an[a]conda\.org|deb[i]an\.o",
    "a path of one machine": r"(?<![\w.~$}-])/(?:w[o]rk|t[m]p|r[o]ot|h[o]me|f[a]rm|U[s]ers)/",
    "a folder beside the checkout": r"\.\./sh[a]red|\.l[i]brary",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_tracked_files_do_not_mention(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    texts = {path: path.read_bytes().decode("utf-8", errors="replace") for path in tracked_files()}
    found = [f"{path.relative_to(ROOT)}: {hit[0]}" for path, text in texts.items() for hit in pattern.finditer(text)]
    assert found == []


class SlurmJob:
    """runs/slurm-job.sh with stand-ins for mpiexec and scontrol that record their calls."""

    def __init__(self, folder: Path, mpiexec: str, **variables: str) -> None:
        self.folder = folder
        self._stand_in("mpiexec", 'printf "%s " "$@" >mpiexec.called\n' + mpiexec)
        self._stand_in("srun", 'printf "%s " "$@" >srun.called')
        self._stand_in("scontrol", 'printf "%s " "$@" >scontrol.called')
        script = f'set -euo pipefail\nsource "{ROOT}/runs/slurm-job.sh"'
        environment = {"PATH": f"{folder}:{os.environ['PATH']}", "SLURM_NTASKS": "4", "SLURM_JOB_ID": "17"}
        environment |= variables
        command = ["bash", "-c", script, "job", "run.toml", "out.h5"]
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)

    def _stand_in(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/usr/bin/env bash\n{text}\n")
        path.chmod(0o755)

    def called(self, name: str) -> str | None:
        path = self.folder / f"{name}.called"
        return path.read_text().strip() if path.exists() else None


@pytest.mark.parametrize(("status", "requeued"), [(0, None), (2, None), (75, "requeue 17")])
def test_a_slurm_job_is_requeued_if_it_stopped_early(tmp_path: Path, status: int, requeued: str | None) -> None:
    job = SlurmJob(tmp_path, f"exit {status}")
    job.process.communicate(timeout=patient(20.0))
    assert job.process.returncode == status
    assert job.called("scontrol") == requeued
    assert job.called("mpiexec") == "-n 4 landscape run run.toml -o out.h5 --time-limit 3h"


def test_a_slurm_job_resumes_its_database(tmp_path: Path) -> None:
    (tmp_path / "out.h5").touch()
    job = SlurmJob(tmp_path, "exit 0")
    job.process.communicate(timeout=patient(20.0))
    assert (job.called("mpiexec") or "").endswith("--resume")


def test_a_slurm_job_of_another_mpi_has_the_launcher_that_is_asked_for(tmp_path: Path) -> None:
    job = SlurmJob(tmp_path, "exit 1", LAUNCHER="srun --mpi=pmix")
    job.process.communicate(timeout=patient(20.0))
    assert job.process.returncode == 0
    assert job.called("srun") == "--mpi=pmix landscape run run.toml -o out.h5 --time-limit 3h"


def test_a_slurm_job_hands_the_warning_signal_on(tmp_path: Path) -> None:
    job = SlurmJob(
        tmp_path,
        'trap "exit 75" TERM\nsleep 0.3 # the job sets its own trap\necho ready\nwhile true; do sleep 0.05; done',
    )
    with job.process as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=patient(20.0)) == 75
    assert job.called("scontrol") == "requeue 17"
