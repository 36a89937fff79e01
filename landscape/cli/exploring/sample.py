"""`landscape sample`: independent quenches, and barriers between random pairs of them."""

from collections.abc import Callable, Iterator
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
from landscape.cli.options import OUTPUT, RESUME, SETTINGS, TIME_LIMIT, found_run_file
from landscape.cli.shared import database_context, run_phases
from landscape.config.run_file import RunConfig
from landscape.database.database import Database, open_database
from landscape.database.store import open_store
from landscape.studies.samples.report import sampled_report, sampled_training_report


@click.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="RUN_FILE|FILE.h5", callback=found_run_file)
@OUTPUT
@click.option("--quenches", type=click.IntRange(1), help="Independent quenches; by default as in the run file.")
@click.option("--pairs", type=click.IntRange(0), help="Pairs to connect; by default as in the run file.")
@click.option("--training", is_flag=True, help="Pairs of end points of training in FILE.h5 instead, of each regime.")
@SETTINGS
@RESUME
@TIME_LIMIT
def sample(
    source: Path,
    output: Path | None,
    quenches: int | None,
    pairs: int | None,
    training: bool,
    settings: tuple[str, ...],
    resume: bool,
    time_limit: float | None,
) -> None:
    """Sample a landscape with too many minima to list: quenches from one law of starts, and barriers between pairs.

    \b
    landscape sample runs/digits-dense.toml -o sample.h5 --quenches 200 --pairs 30
    landscape sample runs/digits-dense.toml -o sample.h5 --pairs 60 --resume --time-limit 1h
    landscape sample regimes.h5 --training --pairs 20

    With --resume the database may hold a searched landscape of the same problem; the two are kept apart.
    """  # noqa: D301 - click wants the backspace character itself
    given = {"quenches": quenches, "pairs": pairs}
    changed = [*settings, *(f"sample.{key}={value}" for key, value in given.items() if value is not None)]
    if training:
        if output or quenches or resume:
            raise click.UsageError("expected --training without --output, --quenches and --resume")
        if fixed := [setting for setting in settings if setting.startswith((*FIXED_FOR_SAMPLE, "run."))]:
            raise click.UsageError(f"expected other keys for --set with --training, found {fixed[0]!r}: FILE.h5 has it")
        _sample_training(source, changed, time_limit)
    path = output or Path(source.with_suffix(".h5").name)

    def prepare(local: int) -> Context:
        config = RunConfig.from_toml(source).override(changed)
        return context_of(config, resolve_device(config.run.device, local), path if resume else None, str(source))

    def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        store = open_or_create(path, record_of(context), resume=resume, fixed=FIXED_FOR_SAMPLE)
        status = run_phases(context, store, pool, interrupt, SAMPLING, "continue with --resume")
        return status or _show(path, sampled_report)

    run_job(prepare, coordinate, time_limit)


def _sample_training(path: Path, changed: list[str], time_limit: float | None) -> NoReturn:
    """Connect random pairs of the minima that `landscape locate` found below end points of training.

    The settings are those of the run file in the database at `path`, with the keys `changed`.
    """

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
