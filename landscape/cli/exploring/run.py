"""`landscape run`: exploration of one landscape."""

from pathlib import Path

import click

from landscape.cli.mistakes import told_once
from landscape.cli.options import OUTPUT, RESUME, RUN_FILE, SETTINGS, TIME_LIMIT
from landscape.config.run_file import RunConfig
from landscape.startup import without_collections


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
    with told_once():
        config = RunConfig.from_toml(run_file).override(settings)
    path = output or Path(run_file.with_suffix(".h5").name)
    with without_collections():  # torch; mistakes are told without it
        from landscape.cli.jobs.run import explore  # noqa: PLC0415

    explore(config, str(run_file), path, resume=resume, time_limit=time_limit)
