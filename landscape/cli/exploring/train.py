"""`landscape train`: training in the regimes of a run file."""

from functools import partial
from pathlib import Path

import click

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import Coordinate, Prepare, run_jobs
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import context_of, record_of, resolve_device
from landscape.campaign.resumption import FIXED_FOR_TRAINING, open_or_create
from landscape.campaign.rounds.training import Train, chosen_regimes
from landscape.cli.exploring.study import members_of
from landscape.cli.options import OUTPUT, RESUME, RUN_FILE, SETTINGS, TIME_LIMIT
from landscape.cli.shared import run_phases
from landscape.config.run_file import RunConfig
from landscape.database.database import open_database
from landscape.studies.overview import trained_lines
from landscape.studies.study import make_folder


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
    config = RunConfig.from_toml(run_file).override(settings)
    folder = output or Path(run_file.stem)
    if replicates is None:
        members = {output or Path(run_file.with_suffix(".h5").name): config}
    else:
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
