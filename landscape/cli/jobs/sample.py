"""The work of `landscape sample`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import click

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import run_job
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import context_of, record_of, resolve_device
from landscape.campaign.resumption import FIXED_FOR_SAMPLE, open_or_create
from landscape.campaign.sequences import SAMPLING, SAMPLING_TRAINING
from landscape.cli.shared import database_context, run_phases
from landscape.config.run_file import RunConfig
from landscape.database.database import Database, open_database
from landscape.database.store import open_store
from landscape.studies.samples.report import sampled_report, sampled_training_report


def sample_landscape(config: RunConfig, source: str, path: Path, *, resume: bool, time_limit: float | None) -> NoReturn:
    """Sample the landscape of a run file, called `source` in messages; ends the process with its exit status."""

    def prepare(local: int) -> Context:
        return context_of(config, resolve_device(config.run.device, local), path if resume else None, source)

    def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        store = open_or_create(path, record_of(context), resume=resume, fixed=FIXED_FOR_SAMPLE)
        status = run_phases(context, store, pool, interrupt, SAMPLING, "continue with --resume")
        return status or _show(path, sampled_report)

    run_job(prepare, coordinate, time_limit)


def sample_training(path: Path, given: Sequence[str], changed: Sequence[str], time_limit: float | None) -> NoReturn:
    """Connect pairs of the located end points in a database, with its run file and some keys changed.

    `given` are the settings as they were typed, which may not change what the database fixes.
    """
    if fixed := [setting for setting in given if setting.startswith((*FIXED_FOR_SAMPLE, "run."))]:
        raise click.UsageError(f"expected other keys for --set with --training, found {fixed[0]!r}: FILE.h5 has it")

    def prepare(local: int) -> Context:
        context = database_context(path, local, {}, of="training")
        with open_database(path) as db:
            config = RunConfig.from_text(db.problem_record.run_toml, str(path)).override(changed)
        return replace(context, settings=config)

    def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        store = open_store(path, writable=True)
        status = run_phases(context, store, pool, interrupt, SAMPLING_TRAINING, "continue with the same command")
        return status or _show(path, sampled_training_report)

    run_job(prepare, coordinate, time_limit)


def _show(path: Path, report: Callable[[Database], Iterator[str]]) -> int:
    """Print a report of a database; returns the exit status."""
    with open_database(path) as db:
        for line in report(db):
            click.echo(line)
    return 0
