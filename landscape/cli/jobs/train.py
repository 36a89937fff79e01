"""The work of `landscape train`."""

from functools import partial
from pathlib import Path
from typing import NoReturn

import click

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import Coordinate, Prepare, run_jobs
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import context_of, record_of, resolve_device
from landscape.campaign.resumption import FIXED_FOR_TRAINING, open_or_create
from landscape.campaign.rounds.training import Train, chosen_regimes
from landscape.cli.jobs.study import members_of
from landscape.cli.mistakes import told_once
from landscape.cli.shared import run_phases
from landscape.config.run_file import RunConfig
from landscape.database.database import open_database
from landscape.studies.overview import trained_lines
from landscape.studies.study import make_folder


def train_networks(
    config: RunConfig,
    run_file: Path,
    output: Path | None,
    *,
    replicates: int | None,
    names: list[str],
    resume: bool,
    time_limit: float | None,
) -> NoReturn:
    """Train in the regimes `names` (all if there are none), once or for each replicate; ends the process."""
    folder = output or Path(run_file.stem)
    if replicates is None:
        members = {output or Path(run_file.with_suffix(".h5").name): config}
    else:
        with told_once():
            members = {folder / f"{name}.h5": one for name, one in members_of(config, None, replicates).items()}
            make_folder(folder)

    def part(path: Path, config: RunConfig) -> tuple[Prepare, Coordinate]:
        def prepare(local: int) -> Context:
            device = resolve_device(config.run.device, local)
            context = context_of(config, device, path if resume else None, str(run_file))
            chosen_regimes(context, names)  # refuses, before anything begins, regimes that cannot be trained
            return context

        def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
            if replicates is not None:
                click.echo(f"{path.stem}, subset {list(members).index(path) + 1} of {replicates}", err=True)
            store = open_or_create(path, record_of(context), resume=resume, fixed=FIXED_FOR_TRAINING)
            phases = (partial(Train, names=names),)
            status = run_phases(context, store, pool, interrupt, phases, "continue with --resume") or _show(path)
            if not status and replicates is not None and path == list(members)[-1]:
                click.echo(f"next: 'landscape measure FILE --training' for each file, then 'landscape answer {folder}'")
            return status

        return prepare, coordinate

    run_jobs([part(*member) for member in members.items()], time_limit)


def _show(path: Path) -> int:
    """Print a summary of the regimes of a database; returns the exit status."""
    with open_database(path) as db:
        for line in trained_lines(db):
            click.echo(line)
    return 0
