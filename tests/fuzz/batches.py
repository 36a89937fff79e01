"""Cases in batches: each batch is a child of this process, so that a crash or an endless loop ends only the child.

A fork takes the longer the more a process has imported: 30 ms of processor time with everything, 5 ms without torch,
and a command on a database forks too. So cases are tried first in a process without torch. In its children torch cannot
be imported, and the outcome of a case that tries to is unknown: this case is for a process that has everything.
"""

import gc
import importlib
import os
import pickle
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

from tests.fuzz.cases import Kind, Outcome, continued_content, good_content, tried

BATCH = 100
SECONDS, MEMORY = 20, 4 * 2**30
"""Limits: processor time of a case, and memory beyond what the process has."""

LIGHT = ("exploring.run", "inspecting.info")
"""Commands that do without torch, or refuse most mistakes without it."""
HEAVY = ("matplotlib", "numba", "torch")

Case = tuple[Kind, int]


class Barred:
    """A finder of modules that bars the heavy ones, and notes that one was wanted."""

    wanted = False

    def find_spec(self, name: str, *_: object) -> None:
        """Raise ImportError for a heavy module."""
        if name in HEAVY:
            self.wanted = True
            raise ImportError(f"{name} is for a process that has it already")


def outcomes_of(cases: Sequence[Case]) -> Iterator[Outcome | None]:
    """The outcomes of cases, given as kind and seed, in their order; None if torch is needed, and is not here."""
    for command in LIGHT:
        importlib.import_module(f"landscape.cli.{command}")
    for kind, _ in cases[:1]:
        good_content(kind.begin / "xor.h5")
        continued_content(kind.begin / "xor.h5")
    gc.collect()
    gc.freeze()  # a collection in a child would copy the memory of this process
    place = 0
    while place < len(cases):
        found, status = _batch(cases[place : place + BATCH])
        yield from found
        place += len(found)
        if status:
            kind, seed = cases[place]
            word = "hangs" if status in (-signal.SIGPROF, -signal.SIGALRM) else "crashes"
            yield Outcome(word, True, f"{kind.name}, seed {seed}: ended by {signal.Signals(-status).name}")
            place += 1
    gc.unfreeze()


def _batch(cases: Sequence[Case]) -> tuple[list[Outcome | None], int]:
    """The outcomes of the cases before the one that ends the child, and the status of the child: 0 if none does."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "outcomes").open("w+b") as told:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside the threads of xdist
            child = os.fork()
        if child == 0:
            _run(cases, told, folder)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status <= 0, f"a batch of cases ended with status {status}"
        told.seek(0)
        found = []
        while told.peek(1):
            found.append(pickle.load(told))
        return found, status


def _run(cases: Sequence[Case], told: BinaryIO, folder: str) -> NoReturn:
    """Run the cases in this child, and end it."""
    status = 1
    try:
        tempfile.tempdir = folder
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for name in (signal.SIGPROF, signal.SIGALRM):
            signal.signal(name, signal.SIG_DFL)
        barred = Barred()
        if "torch" not in sys.modules:
            sys.meta_path.insert(0, barred)
        for kind, seed in cases:
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            signal.alarm(20 * SECONDS)
            barred.wanted = False
            outcome = tried(kind, seed)
            pickle.dump(None if barred.wanted else outcome, told)
            told.flush()
        status = 0
    except BaseException:  # noqa: BLE001 - a mistake in the cases themselves
        traceback.print_exc()
    finally:
        os._exit(status)
