"""`landscape locate`: the minima below the end points of training."""

from pathlib import Path

import click

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import run_job
from landscape.campaign.pools.pool import Pool
from landscape.campaign.sequences import LOCATING
from landscape.cli.options import FILE, TIME_LIMIT
from landscape.cli.shared import database_context, run_phases
from landscape.database.database import open_database
from landscape.database.store import open_store
from landscape.studies.locations import locations_report


@click.command()
@FILE
@TIME_LIMIT
def locate(file: Path, time_limit: float | None) -> None:
    """Quench the end points of training on the energy of [problem] and look up, or add, the minima below them.

    \b
    landscape locate regimes.h5
    mpiexec -n 8 landscape locate regimes.h5 --time-limit 3h
    """  # noqa: D301 - click wants the backspace character itself

    def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        store = open_store(file, writable=True)
        status = run_phases(context, store, pool, interrupt, LOCATING, "continue with the same command")
        if not status:
            with open_database(file) as db:
                for line in locations_report(db):
                    click.echo(line)
        return status

    run_job(lambda local: database_context(file, local, {}, of="training"), coordinate, time_limit)
