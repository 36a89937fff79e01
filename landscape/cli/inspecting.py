"""`landscape info` and `landscape verify`: what a database holds, and whether it is true."""

from pathlib import Path

import click

from landscape.cli.campaigns import stored
from landscape.cli.options import FILE
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.explore.context import Context
from landscape.explore.interrupt import Interrupt
from landscape.explore.job import FAILED, STOPPED, complain, run_job
from landscape.explore.pool import Abandoned, Pool
from landscape.explore.pool_mpi import launcher_rank
from landscape.explore.report import overview
from landscape.explore.verify import summary, verify


@click.command()
@FILE
@click.option("--lowest", type=click.IntRange(min=0), default=10, show_default=True, help="Minima to list.")
def info(file: Path, lowest: int) -> None:
    """Show what a database holds: coverage, the lowest minima, the last commits."""
    with Database(open_store(file)) as db:
        if not launcher_rank():
            click.echo(overview(db, lowest))


@click.command(name="verify")
@FILE
def verify_command(file: Path) -> None:
    """Recompute energy, gradient and index of every stationary point; exit status 1 on any fault."""

    def work(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        with Database(open_store(file)) as db:
            try:
                faults = verify(db, context, pool, interrupt.give_up_round)
            except Abandoned:
                complain(f"stopped early ({interrupt.reason}), nothing was verified; start again")
                return STOPPED
            for line in [*faults, summary(db, faults)]:
                click.echo(line)
        return FAILED if faults else 0

    run_job(lambda local: stored(file, local), work)
