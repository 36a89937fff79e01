"""`landscape measure`: properties of stored minima."""

from collections.abc import Callable
from pathlib import Path

import click

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import run_job
from landscape.campaign.pools.pool import Pool
from landscape.campaign.rounds.phase import MakePhase
from landscape.campaign.sequences import measuring, measuring_sample, measuring_training, replacements
from landscape.cli.options import FILE, TIME_LIMIT, numbers
from landscape.cli.shared import database_context, run_phases, show_overview
from landscape.config.tables import MeasureConfig
from landscape.database.store import open_store
from landscape.properties.catalogue import GROUPS

Command = Callable[..., None]


def _measure_options(command: Command) -> Command:
    """The command with an option for each key of the [measure] table; lists are numbers separated by commas."""
    for name, field in reversed(MeasureConfig.model_fields.items()):
        one = field.annotation in (int, float)
        kind = {"type": field.annotation} if one else {"callback": numbers, "metavar": "NUMBER,..."}
        text = f"{field.description}."
        option = click.option(f"--{name.replace('_', '-')}", **kind, help=text[0].upper() + text[1:])
        command = option(command)
    return command


@click.command(epilog=f"The groups of properties are {', '.join(GROUPS)}.")
@FILE
@click.argument("names", nargs=-1)
@_measure_options
@click.option("--paths", is_flag=True, help="Along the path through every transition state, and what is named.")
@click.option("--training", is_flag=True, help="Of the end points of training, and of their evaluations.")
@click.option("--sampled", is_flag=True, help="Of the minima that sampled quenches ended in.")
@TIME_LIMIT
def measure(
    file: Path,
    names: tuple[str, ...],
    paths: bool,
    training: bool,
    sampled: bool,
    time_limit: float | None,
    **settings: object,
) -> None:
    """Add or refresh properties of the stored minima: all, or those named and those measured together with them.

    Further values of --epsilon are added to those in the file. Another setting that changes replaces stored values.

    \b
    landscape measure iris.h5 --epsilon 0.05,0.1,0.2
    landscape measure iris.h5 curvature certified_accuracy_ibp
    mpiexec -n 8 landscape measure iris.h5 --pgd-steps 100
    landscape measure iris.h5 --paths
    landscape measure regimes.h5 --training
    landscape measure sample.h5 --sampled
    """  # noqa: D301 - click wants the backspace character itself
    changed = {key: value for key, value in settings.items() if value is not None}
    if paths + training + sampled > 1:
        raise click.UsageError("expected one of --paths, --training and --sampled, found several: name one at a time")

    def phases_of(context: Context) -> tuple[MakePhase, ...]:
        if sampled:
            return measuring_sample(context, names)
        return measuring_training(context, names) if training else measuring(context, names, paths=paths)

    points = "training" if training else "sampled_quenches" if sampled else "minima"

    def prepare(local: int) -> Context:
        context = database_context(file, local, changed, of=points)
        phases_of(context)  # refuses, before anything begins, properties that cannot be measured
        return context

    def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        store = open_store(file, writable=True)
        for line in replacements(context, store.tables, phases_of(context)):
            click.echo(f"landscape: {line}", err=True)
        status = run_phases(context, store, pool, interrupt, phases_of(context), "continue with the same command")
        return status or show_overview(file)

    run_job(prepare, coordinate, time_limit)
