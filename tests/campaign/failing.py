"""Jobs in which something fails on rank 1 (on every rank without MPI): `failing.py FILE WHAT ...`.

Several jobs run one after the other, as long as the processes survive; the exit status is that of the last job.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import run_job
from landscape.campaign.pools.launch import launcher_rank
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import context_of, record_of
from landscape.campaign.progress import Silent
from landscape.campaign.resumption import open_or_create
from landscape.campaign.sequences import exploring
from landscape.campaign.session import run_campaign
from landscape.config.run_file import RunConfig
from landscape.database.database import Database
from landscape.errors import DataError, PropertyError
from tests.campaign.commands import XOR

RANK = launcher_rank()


class Failing:
    """An objective whose gradients fail."""

    def __init__(self, objective: Any, what: str) -> None:  # noqa: ANN401
        self._objective = objective
        self._what = what

    def energy_and_gradient(self, theta: object) -> NoReturn:
        """Fail in the chosen way."""
        del theta
        if self._what == "death":
            os._exit(9)
        if self._what == "user":
            raise PropertyError("expected something else,\nfound this: change it")
        raise ZeroDivisionError("a gradient")

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._objective, name)


def run(what: str, path: Path) -> int:
    """The exit status of a job that fails in the way `what`."""

    def prepare(_: int) -> Context:
        if what.startswith("prepare") and RANK == 1:
            raise DataError("no data here") if what == "prepare-user" else ZeroDivisionError("preparing")
        context = context_of(RunConfig.from_text(XOR), "cpu")
        if RANK == 0 or what == "coordinator":
            return context
        return replace(context, objective=Failing(context.objective, what))

    def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        if what == "coordinator":
            raise ZeroDivisionError("coordinating")
        record = record_of(context_of(RunConfig.from_text(XOR), "cpu"))
        with Database(open_or_create(path, record, resume=False)) as db:
            run_campaign(context, db.store, pool, Silent(), interrupt, exploring(context))
        return 0

    try:
        run_job(prepare, coordinate)
    except SystemExit as ending:
        return int(ending.code or 0)


if __name__ == "__main__":
    sys.exit([run(what, Path(sys.argv[1])) for what in sys.argv[2:]][-1])
