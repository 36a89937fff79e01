"""Endings of commands and scripts, in a process of their own."""

import runpy
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import NamedTuple

from landscape.cli import main


class Ended(NamedTuple):
    """The exit status of a child, and its standard output and error together."""

    status: int
    said: str


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
