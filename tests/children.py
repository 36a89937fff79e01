"""Commands and scripts in a child of this process, which has imported torch, numba and matplotlib already.

A new interpreter takes seconds to import them; a fork takes none.
"""

import importlib
import os
import pkgutil
import tempfile
import warnings
from collections.abc import Callable, Sequence

import landscape
from tests.endings import Ended, status_of

importlib.import_module("matplotlib.pyplot")
for _module in pkgutil.walk_packages(landscape.__path__, "landscape."):
    if not _module.name.endswith(("__main__", "triton_energy")) and ".runs" not in _module.name:
        importlib.import_module(_module.name)


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
