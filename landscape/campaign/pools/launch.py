"""Launchers that start this process as one rank of several.

The environment tells it before MPI is imported. Ranks that a launcher started and that MPI does not see as one world
would each do the whole work, into one file: they are refused before work begins.
"""

import os
import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

from landscape.errors import LaunchError

if TYPE_CHECKING:
    from mpi4py.MPI import Comm  # see `world`

Communicator: TypeAlias = "Comm"
OPEN_MPI = "OMPI_COMM_WORLD_SIZE"
RANKS = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")
SIZES = ("PMI_SIZE", OPEN_MPI)
# Of a step that srun started. Slurm's other variables, such as SLURM_NTASKS, also stand beside one process of a batch
# script.
STEP_RANK, STEP_SIZE = "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"
MPICH_FAMILY = ("MPICH", "Intel MPI", "MVAPICH")


def launcher_rank() -> int | None:
    """Number of this rank from the environment of its launcher, before MPI is imported; None without one."""
    return _number((*RANKS, STEP_RANK) if _in_step() else RANKS)


def launched_ranks() -> int:
    """Number of ranks that the launcher started, as far as the environment tells, else 1."""
    return _number((*SIZES, STEP_SIZE)) or 1


def world() -> "Communicator | None":
    """MPI.COMM_WORLD if a launcher started this process as one of several, else None.

    MPI is imported only under a launcher, so a single process needs no MPI at all. Raises `LaunchError` if several
    processes were started that are no ranks of one job.
    """
    if launcher_rank() is None:
        return None
    ranks = launched_ranks()
    try:
        library = _library()
    except (ImportError, RuntimeError) as error:  # no mpi4py, or no MPI for it
        if ranks == 1:
            return None
        found = str(error).partition("\n")[0]
        raise LaunchError(
            f"{_launcher()} started {ranks} ranks, which need mpi4py; found {found!r}: pip install "
            "'landscape-explorer[mpi]', and take the mpiexec beside its Python"
        ) from None
    comm = _connected(library, ranks)
    return comm if comm.size > 1 else None


def _library() -> ModuleType:
    """The module of MPI, which is not started yet."""
    import mpi4py  # noqa: PLC0415 - see `world`

    mpi4py.rc(initialize=False, finalize=True)
    from mpi4py import MPI  # noqa: PLC0415 - see `world`

    return MPI


def _connected(library: ModuleType, ranks: int) -> Communicator:
    """MPI.COMM_WORLD of that many ranks. Raises `LaunchError` if it has one only."""
    vendor = library.get_vendor()[0]
    if vendor.startswith(MPICH_FAMILY) and OPEN_MPI in os.environ and "PMI_SIZE" not in os.environ:
        raise LaunchError(_remedy(vendor, ranks))  # before the library ends the process for that reason
    if not library.Is_initialized():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # mpi4py's, in place of the error below
            library.Init_thread()
    comm: Communicator = library.COMM_WORLD
    if comm.size == 1 < ranks:
        raise LaunchError(_remedy(vendor, ranks))
    return comm


def _remedy(vendor: str, ranks: int) -> str:
    """The message on ranks that the MPI of mpi4py does not know to be one job."""
    launcher = _launcher()
    mpiexec = shutil.which("mpiexec", path=Path(sys.executable).parent) or f"the mpiexec of {vendor}"
    said = f"{launcher} started {ranks} ranks, which the {vendor} of mpi4py does not see as one job: take {mpiexec}"
    if launcher != "srun":
        return said
    kind = "pmi2" if vendor.startswith(MPICH_FAMILY) else "pmix"
    return f"{said} or srun --mpi={kind}; runs of their own need a step each (srun -n 1)"


def _launcher() -> str:
    """The program that started the ranks."""
    if OPEN_MPI in os.environ:
        return "Open MPI's mpiexec"
    # On several nodes the mpiexec of MPICH is itself started by srun.
    return "srun" if _in_step() and "HYDI_CONTROL_FD" not in os.environ else "MPICH's mpiexec"


def _in_step() -> bool:
    """True in a step of several tasks, which srun started."""
    return (_number((STEP_SIZE,)) or 1) > 1


def _number(names: Sequence[str]) -> int | None:
    """The number in the first of these environment variables that is set, None if none is."""
    return next((int(os.environ[name]) for name in names if name in os.environ), None)
