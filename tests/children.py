"""Commands and scripts in a child of this process, which has imported torch, numba and matplotlib already.

A new interpreter takes seconds to import them; a fork takes none.
"""

import importlib
import os
import pkgutil
import runpy
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import landscape
from landscape.cli import main

importlib.import_module("matplotlib.pyplot")
for _module in pkgutil.walk_packages(landscape.__path__, "landscape."):
    if not _module.name.endswith(("__main__", "triton_energy")) and ".runs" not in _module.name:
        importlib.import_module(_module.name)


class Ended(NamedTuple):
    """The exit status of a child, and its standard output and error together."""

    status: int
    said: str


def forked(words: Sequence[str], prepare: Callable[[], None] = lambda: None) -> Ended:
    """`landscape ARGUMENTS` or `python SCRIPT ARGUMENTS`, given as words, in the present folder.

    The child calls `prepare` first.
    """
    with tempfile.TemporaryFile("w+") as output, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside the threads of xdist
        child = os.fork()
        if child == 0:
            for stream in (1, 2):
                os.dup2(output.fileno(), stream)
            try:
                prepare()
                status = status_of(words)
            except BaseException:  # noqa: BLE001 - nothing of the child may run on
                status = 1
            os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        return Ended(status, output.read())


def status_of(words: Sequence[str]) -> int:
    """The exit status of the words, as the interpreter makes it; for a process of their own."""
    warnings.resetwarnings()
    name, *arguments = words
    errors = "backslashreplace"
    with open(1, "w", closefd=False) as sys.stdout, open(2, "w", errors=errors, closefd=False) as sys.stderr:
        try:
            if name == "landscape":
                sys.argv = [name, *arguments]
                main()
            else:
                sys.argv = arguments
                runpy.run_path(arguments[0], run_name="__main__")
        except SystemExit as ending:
            return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        except BaseException:  # noqa: BLE001 - the child ends here, as the interpreter would
            traceback.print_exc()
            return 1
        return 0
