"""`landscape embed`: verification of all stationary points in a wider network."""

from pathlib import Path

import click

from landscape.campaign.context import Context
from landscape.campaign.exits import FAILED, STOPPED, report_error
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import run_job
from landscape.campaign.pools.pool import Abandoned, Pool
from landscape.campaign.verification.embedding import embed, widened_context
from landscape.cli.options import FILE
from landscape.cli.shared import database_context
from landscape.database.database import open_database
from landscape.errors import DatabaseError
from landscape.messages import counted


@click.command(name="embed")
@FILE
def embed_command(file: Path) -> None:
    """Verify that every stationary point of a network stays one with a zero unit more in each hidden layer.

    Exit status 1 if one does not. This is a theorem for activations with f(0) = 0 (tanh, gelu, silu, relu, identity),
    and for all others without a penalty. A point may become a saddle of higher index: the line of its table counts
    them.
    """

    def prepare(local: int) -> Context:
        return widened_context(database_context(file, local), str(file))

    def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        with open_database(file) as db:
            try:
                tables = embed(db, context, pool, interrupt.give_up_round)
            except Abandoned:
                report_error(f"stopped early ({interrupt.reason}), nothing was verified; start again")
                return STOPPED
        if not tables:
            raise DatabaseError(f"{file}: expected stationary points, found none yet: find some with 'landscape run'")
        for line in (line for table in tables for line in table.lines()):
            click.echo(line)
        points, faults = sum(len(table.faulty) for table in tables), sum(int(table.faulty.sum()) for table in tables)
        stationary = f"{counted(points, 'point')}: every one is stationary with a zero unit more in each hidden layer"
        click.echo(f"{counted(faults, 'fault')} in {counted(points, 'point')}" if faults else stationary)
        return FAILED if faults else 0

    run_job(prepare, coordinate)
