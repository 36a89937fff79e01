"""`landscape measure`: properties of stored minima."""

from pathlib import Path

import click

from landscape.cli.campaigns import campaign, show_overview, stored
from landscape.cli.options import FILE, TIME_LIMIT, numbers
from landscape.database.store import open_store
from landscape.explore.campaign import asked_for
from landscape.explore.context import Context
from landscape.explore.interrupt import Interrupt
from landscape.explore.job import run_job
from landscape.explore.pool import Pool


@click.command()
@FILE
@click.argument("names", nargs=-1)
@click.option("--epsilon", callback=numbers, help="Attack radii, rising, for instance 0.1,0.3.")
@click.option("--pgd-steps", type=int, help="Steps of projected gradient descent.")
@click.option("--pgd-restarts", type=int, help="Starts of projected gradient descent.")
@click.option("--paths", is_flag=True, help="Along the path through every transition state, and what is named.")
@TIME_LIMIT
def measure(file: Path, names: tuple[str, ...], paths: bool, time_limit: float | None, **settings: object) -> None:
    """Add or refresh properties of the stored minima: all, or those named and what is measured with them.

    \b
    landscape measure iris.h5 --epsilon 0.05,0.1,0.2
    landscape measure iris.h5 curvature certified_accuracy_ibp
    mpiexec -n 8 landscape measure iris.h5 --pgd-steps 100
    landscape measure iris.h5 --paths
    """  # noqa: D301 - click wants the backspace character itself
    changed = {key: value for key, value in settings.items() if value is not None}

    def prepare(local: int) -> Context:
        context = stored(file, local, changed)
        asked_for(context.objective, names, paths=paths)
        return context

    def work(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        store = open_store(file, writable=True)
        phases = asked_for(context.objective, names, paths=paths)
        status = campaign(context, store, pool, interrupt, phases, "continue with the same command")
        return status or show_overview(file)

    run_job(prepare, work, time_limit)
