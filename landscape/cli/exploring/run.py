"""`landscape run`: exploration of one landscape."""

from pathlib import Path

import click

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import run_job
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import context_of, resolve_device
from landscape.cli.options import OUTPUT, RESUME, RUN_FILE, SETTINGS, TIME_LIMIT
from landscape.cli.shared import run_exploration, show_overview
from landscape.config.run_file import RunConfig
from landscape.studies.completeness.goal import Goal


@click.command()
@RUN_FILE
@OUTPUT
@SETTINGS
@RESUME
@TIME_LIMIT
def run(run_file: Path, output: Path | None, settings: tuple[str, ...], resume: bool, time_limit: float | None) -> None:
    """Find and measure the minima and transition states of the loss landscape that a run file describes.

    \b
    landscape run runs/iris.toml -o iris.h5
    landscape run runs/iris.toml -o iris-1e-3.h5 --set problem.l2=1e-3 --time-limit 30m
    landscape run runs/iris.toml -o iris.h5 --resume
    """  # noqa: D301 - click wants the backspace character itself
    path = output or Path(run_file.with_suffix(".h5").name)

    def prepare(local: int) -> Context:
        config = RunConfig.from_toml(run_file).override(settings)
        return context_of(config, resolve_device(config.run.device, local), path if resume else None, str(run_file))

    def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        status = run_exploration(context, path, pool, interrupt, resume=resume, remedy="continue with --resume")
        return status or show_overview(path, Goal.of(context.settings))

    run_job(prepare, coordinate, time_limit)
