"""Processes of a running job: found through /proc and killed all at once, as by a power cut."""

import contextlib
import os
import signal
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """All descendants of a process."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for known in found:
        found.extend(child for child, parent in parents.items() if parent == known)
    return found[1:]


def kill_all(pid: int) -> None:
    """Send SIGKILL to a process and its descendants; an MPI launcher puts each rank into its own session."""
    for victim in [*descendants(pid), pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)


def first_rank(pid: int) -> int:
    """The process of rank 0 of a job under mpiexec."""
    ranks = [child for child in descendants(pid) if b"PMI_RANK=0\0" in Path(f"/proc/{child}/environ").read_bytes()]
    return ranks[0]
