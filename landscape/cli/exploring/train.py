"""`landscape train`: training in the regimes of a run file."""

from pathlib import Path

import click

from landscape.cli.mistakes import told_once
from landscape.cli.options import OUTPUT, RESUME, RUN_FILE, SETTINGS, TIME_LIMIT
from landscape.config.run_file import RunConfig
from landscape.startup import without_collections


def _names(_: click.Context, __: click.Parameter, text: str) -> list[str]:
    """Names separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


@click.command()
@RUN_FILE
@OUTPUT
@click.option("--replicates", type=click.IntRange(min=2), help="Subsets of the data, each with a database of its own.")
@click.option("--regimes", "names", default="", callback=_names, help="Only these, for instance plain,dropout.")
@SETTINGS
@RESUME
@TIME_LIMIT
def train(
    run_file: Path,
    output: Path | None,
    replicates: int | None,
    names: list[str],
    settings: tuple[str, ...],
    resume: bool,
    time_limit: float | None,
) -> None:
    """Train networks in the regimes of a run file, and keep their end points.

    \b
    landscape train runs/regimes-digits.toml -o digits.h5
    landscape train runs/regimes-digits.toml -o digits.h5 --regimes plain,pgd --set train.epochs=20
    mpiexec -n 2 landscape train runs/regimes-digits.toml -o digits.h5 --resume --time-limit 1h
    landscape train runs/regimes-digits.toml --replicates 10 -o digits

    With --resume the database may hold an explored landscape of the same problem, or other regimes. With --replicates
    the output is a folder of databases, one for each subset of problem.subset samples.
    """  # noqa: D301 - click wants the backspace character itself
    with told_once():
        config = RunConfig.from_toml(run_file).override(settings)
    with without_collections():  # torch; mistakes are told without it
        from landscape.cli.jobs.train import train_networks  # noqa: PLC0415

    train_networks(config, run_file, output, replicates=replicates, names=names, resume=resume, time_limit=time_limit)
