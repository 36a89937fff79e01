"""`landscape import`: points of another program, verified, in a new database."""

from pathlib import Path

import click

from landscape.campaign.context import Context
from landscape.campaign.exits import FAILED, STOPPED, report_error
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import run_job
from landscape.campaign.pools.pool import Abandoned, Pool
from landscape.campaign.preparation import context_of, resolve_device
from landscape.cli.options import SETTINGS, found_run_file
from landscape.cli.shared import show_overview
from landscape.config.run_file import RunConfig
from landscape.database.hdf5 import require_place
from landscape.exchange.completion import finished
from landscape.exchange.formats import READABLE, read_points
from landscape.exchange.imports.assembly import Assembly, imported


@click.command(name="import")
@click.argument("place", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--format", "name", type=click.Choice(list(READABLE)), required=True, help="The format of the files.")
@click.option(
    "--problem",
    "run_file",
    type=click.Path(path_type=Path),
    callback=found_run_file,
    required=True,
    help="Run file of the problem that was explored.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Database to write.")
@SETTINGS
@click.option("--skip", is_flag=True, help="Leave out points that are refused; by default one refuses all.")
@click.option("--trust-pickles", is_flag=True, help="Read pickles of arrays, in which pele stores points.")
def import_command(
    place: Path, name: str, run_file: Path, output: Path, settings: tuple[str, ...], skip: bool, trust_pickles: bool
) -> None:
    """Verify every point of another program and write a database that is continued, measured and verified as any other.

    Every point that is no stationary point of the problem is named with the reason. Then nothing is written and the
    exit status is 1, unless --skip leaves these points out.

    \b
    landscape import iris-pathsample --format pathsample --problem runs/iris.toml -o again.h5
    mpiexec -n 8 landscape import old --format pele --trust-pickles --problem runs/iris.toml -o old.h5
    """  # noqa: D301 - click wants the backspace character itself

    def prepare(local: int) -> Context:
        config = RunConfig.from_toml(run_file).override(settings)
        return context_of(config, resolve_device(config.run.device, local), source=str(run_file))

    def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        require_place(output)
        points = read_points(READABLE[name], place, context.objective.n_parameters, trusted=trust_pickles)
        try:
            store, assembly = imported(context, points, pool, lambda: None, interrupt.give_up_round)
        except Abandoned:
            report_error(f"stopped early ({interrupt.reason}), nothing was written; start again")
            return STOPPED
        for line in assembly.lines():
            click.echo(f"landscape: {line}", err=True)
        if assembly.refused and not skip:
            report_error(f"{place}: {_refusal(assembly)}, nothing was written: --skip leaves them out")
            return FAILED
        finished(context, store, output)
        return show_overview(output)

    run_job(prepare, coordinate)


def _refusal(assembly: Assembly) -> str:
    """A part of a sentence with the number of refused points."""
    points = len(assembly.minima_row) + len(assembly.states_row)
    return f"expected stationary points of this problem, found {len(assembly.refused)} of {points} that are none"
