"""Launchers by their environment, with stand-ins for mpi4py: a world of the started ranks, or one sentence."""

import os
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from landscape.campaign.pools.launch import launcher_rank, world
from landscape.errors import LaunchError

MPICH = {"PMI_RANK": "1", "PMI_SIZE": "2", "HYDI_CONTROL_FD": "7"}
OPEN_MPI = {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "PMIX_RANK": "1"}
BATCH = {"SLURM_JOB_ID": "17", "SLURM_NTASKS": "32", "SLURM_NPROCS": "32", "SLURM_PROCID": "0"}
SALLOC = BATCH | {"SLURM_STEP_ID": "4294967290", "SLURM_STEP_NUM_TASKS": "1"}
STEP = BATCH | {"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "1"}


class Library:
    """A stand-in for mpi4py and its MPI, which refuses to start where MPICH would end the process."""

    def __init__(self, vendor: str, size: int) -> None:
        self.started = False
        self.rc: Callable[..., object] = SimpleNamespace
        self.MPI = self
        self.COMM_WORLD = SimpleNamespace(size=size)
        self.vendor = vendor

    def get_vendor(self) -> tuple[str, tuple[int, int, int]]:
        return self.vendor, (5, 0, 2)

    def Is_initialized(self) -> bool:  # noqa: N802 - as MPI names it
        return self.started

    def Init_thread(self) -> None:  # noqa: N802 - as MPI names it
        assert self.vendor != "MPICH" or "PMIX_RANK" not in os.environ
        self.started = True


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without a launcher, beside a Python without mpi4py and mpiexec."""
    for name in [name for name in os.environ if name.startswith(("PMI", "OMPI", "SLURM", "HYDI"))]:
        monkeypatch.delenv(name)
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.setattr(sys, "executable", "none/python")
    return monkeypatch


def started_by(launched: pytest.MonkeyPatch, environment: dict[str, str], library: Library | None) -> None:
    for name, value in environment.items():
        launched.setenv(name, value)
    if library is not None:
        launched.setitem(sys.modules, "mpi4py", library)


@pytest.mark.parametrize(
    ("environment", "vendor", "size"),
    [
        (MPICH, "MPICH", 2),
        (OPEN_MPI, "Open MPI", 2),
        (STEP | {"PMIX_RANK": "1"}, "Open MPI", 4),
        (STEP | {"PMI_RANK": "1", "PMI_SIZE": "4"}, "MPICH", 4),
        (STEP, "MPICH", 4),  # connected by what only the library knows
        (OPEN_MPI | MPICH, "Open MPI", 2),
    ],
)
def test_ranks_of_a_launcher_are_a_world(
    launched: pytest.MonkeyPatch, environment: dict[str, str], vendor: str, size: int
) -> None:
    library = Library(vendor, size)
    started_by(launched, environment, library)
    assert launcher_rank() == 1
    comm: object = world()
    assert comm is library.COMM_WORLD
    assert library.started


@pytest.mark.parametrize(
    ("environment", "rank"),
    [({}, None), (BATCH, None), (SALLOC, None), (MPICH | {"PMI_RANK": "0", "PMI_SIZE": "1"}, 0)],
)
def test_a_single_process_needs_no_mpi(
    launched: pytest.MonkeyPatch, environment: dict[str, str], rank: int | None
) -> None:
    started_by(launched, environment, None)
    assert launcher_rank() == rank
    assert world() is None


def test_one_rank_of_a_launcher_inside_a_step_is_alone(launched: pytest.MonkeyPatch) -> None:
    started_by(launched, STEP | {"PMI_RANK": "0", "PMI_SIZE": "1"}, Library("MPICH", 1))
    assert launcher_rank() == 0
    assert world() is None


WRONG = [
    (
        OPEN_MPI,
        "MPICH",
        "Open MPI's mpiexec started 2 ranks, which the MPICH of mpi4py does not see as one job",
    ),
    (
        MPICH,
        "Open MPI",
        "MPICH's mpiexec started 2 ranks, which the Open MPI of mpi4py does not see as one job",
    ),
    (MPICH | STEP, "Open MPI", "MPICH's mpiexec started 2 ranks"),
    (
        STEP,
        "MPICH",
        "srun started 4 ranks, .* take the mpiexec of MPICH or srun --mpi=pmi2; runs of their own",
    ),
    (STEP, "Open MPI", "srun started 4 ranks, .* take the mpiexec of Open MPI or srun --mpi=pmix; runs of their own"),
    (
        MPICH,
        None,
        "MPICH's mpiexec started 2 ranks, which need mpi4py; found .*: pip install 'landscape",
    ),
    (STEP, None, "srun started 4 ranks, which need mpi4py"),
]


@pytest.mark.parametrize(("environment", "vendor", "message"), WRONG)
def test_ranks_that_are_no_world_are_refused(
    launched: pytest.MonkeyPatch, environment: dict[str, str], vendor: str | None, message: str
) -> None:
    started_by(launched, environment, None if vendor is None else Library(vendor, 1))
    assert launcher_rank() == 1
    with pytest.raises(LaunchError, match=message):
        world()
