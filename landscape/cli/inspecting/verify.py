"""`landscape verify`: verification of all stored points."""

from pathlib import Path

import click

from landscape.campaign.context import Context
from landscape.campaign.exits import FAILED, STOPPED, report_error
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import run_job
from landscape.campaign.pools.pool import Abandoned, Pool
from landscape.campaign.verification.contents import content_faults, unchecked_line
from landscape.campaign.verification.origin import origin_line
from landscape.campaign.verification.properties import AMOUNTS, Amount, remeasured
from landscape.campaign.verification.sides import sampled_states
from landscape.campaign.verification.verify import summary, verify
from landscape.cli.options import FILE
from landscape.cli.shared import database_context
from landscape.database.database import open_database


@click.command(name="verify")
@FILE
@click.option(
    "--sides",
    type=click.IntRange(min=0),
    metavar="N",
    help="Descend again from N transition states drawn at random; 0: from none; by default from all.",
)
@click.option(
    "--properties",
    "amount",
    type=click.Choice(AMOUNTS),
    default="sample",
    show_default=True,
    help="Measure again: cheap properties of 3 minima drawn at random, all properties of all rows, or none.",
)
def verify_command(file: Path, sides: int | None, amount: Amount) -> None:
    """Recompute energy, gradient, index and sides of every stationary point; exit status 1 on any fault.

    Depths and some measured properties are computed again too, see --properties. Everything else is compared with the
    digests of the last commit.
    """

    def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        with open_database(file) as db:
            rows = sampled_states(db, context, sides)
            faults, known = content_faults(db, context)
            try:
                faults += verify(db, context, pool, interrupt.give_up_round, sides_of=rows)
                again = remeasured(db, context, pool, interrupt.give_up_round, amount=amount)
            except Abandoned:
                report_error(f"stopped early ({interrupt.reason}), nothing was verified; start again")
                return STOPPED
            faults += again.faults
            seen = [*again.lines, summary(db, faults, len(rows)), unchecked_line(again.left, known)]
            for line in [*faults, *origin_line(context, faults), *seen]:
                click.echo(line)
        return FAILED if faults else 0

    run_job(lambda local: database_context(file, local), coordinate)
