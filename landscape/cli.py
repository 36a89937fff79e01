"""The `landscape` command: arguments in, exit status out. Everything else happens in `explore/`.

Under an MPI launcher every rank runs this same file. Rank 0 reads and writes the database and prints; the others
serve tasks. What goes wrong while a rank gets ready is told to all, so that the job ends and never hangs.

Exit status: 0 done, 1 the check asked for failed, 2 bad usage or input, 75 stopped early with everything committed.
"""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from landscape.config import RunConfig
from landscape.database.database import Database
from landscape.database.store import Store, open_store
from landscape.errors import ConfigError, LandscapeError
from landscape.explore.campaign import ALL_PHASES, MEASURING, Ending
from landscape.explore.context import Context
from landscape.explore.interrupt import Interrupt, ignore_signals
from landscape.explore.pool import Pool, ThreadPool
from landscape.explore.pool_mpi import MpiPool, local_rank, serve, world
from landscape.explore.progress import Console
from landscape.explore.report import overview
from landscape.explore.session import (
    context_of,
    executor,
    open_or_create,
    record_of,
    resolve_device,
    run_campaign,
    stored_context,
    threads_for,
)
from landscape.explore.verify import summary, verify

STOPPED = 75


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="landscape")
def cli() -> None:
    """Map the loss landscapes of small neural networks.

    \b
    landscape run runs/iris.toml -o iris.h5          one process, all its processors
    mpiexec -n 64 landscape run runs/iris.toml -o iris.h5 --resume
    landscape info iris.h5
    landscape verify iris.h5
    """


@cli.command()
@click.argument("run_file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Database to write; RUN_FILE's name with .h5.")
@click.option("--set", "settings", multiple=True, metavar="TABLE.KEY=VALUE", help="Override a key of the run file.")
@click.option("--resume", is_flag=True, help="Continue the database if it exists.")
@click.option("--time-limit", help="Stop in time with everything committed: 90s, 45m, 3h, 1h30m.")
def run(run_file: Path, output: Path | None, settings: tuple[str, ...], resume: bool, time_limit: str | None) -> None:  # noqa: FBT001 - click passes flags so
    """Explore the landscape of a run file.

    \b
    landscape run runs/iris.toml -o iris.h5
    landscape run runs/iris.toml -o iris-1e-3.h5 --set problem.l2=1e-3 --time-limit 30m
    landscape run runs/iris.toml -o iris.h5 --resume
    """
    path = output or Path(run_file.with_suffix(".h5").name)

    def prepare(local: int) -> tuple[Context, float | None]:
        config = RunConfig.from_toml(run_file).override(settings)
        return context_of(config, resolve_device(config.run.device, local)), _seconds(time_limit)

    def work(context: Context, seconds: float | None, pool: Pool) -> int:
        with Interrupt(seconds) as interrupt:
            store = open_or_create(path, record_of(context.objective, context.settings), resume=resume)
            return _campaign(context, store, pool, interrupt, ALL_PHASES)

    _on_all_ranks(prepare, work)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--epsilon", help="Attack radii, for instance 0.1,0.3.")
@click.option("--pgd-steps", type=int, help="Steps of projected gradient descent.")
@click.option("--pgd-restarts", type=int, help="Starts of projected gradient descent.")
@click.option("--time-limit", help="Stop in time with everything committed.")
def measure(
    file: Path, epsilon: str | None, pgd_steps: int | None, pgd_restarts: int | None, time_limit: str | None
) -> None:
    """Add or refresh properties of the stored minima.

    \b
    landscape measure iris.h5 --epsilon 0.05,0.1,0.2
    mpiexec -n 8 landscape measure iris.h5 --pgd-steps 100
    """
    given = {"epsilon": _numbers(epsilon), "pgd_steps": pgd_steps, "pgd_restarts": pgd_restarts}
    changed = {key: value for key, value in given.items() if value is not None}

    def prepare(local: int) -> tuple[Context, float | None]:
        store = open_store(file)
        context = stored_context(store.record, resolve_device("auto", local), changed)
        store.close()
        return context, _seconds(time_limit)

    def work(context: Context, seconds: float | None, pool: Pool) -> int:
        with Interrupt(seconds) as interrupt:
            return _campaign(context, open_store(file, writable=True), pool, interrupt, MEASURING)

    _on_all_ranks(prepare, work)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lowest", default=10, show_default=True, help="Minima to list.")
def info(file: Path, lowest: int) -> None:
    """Show what a database holds: coverage, the lowest minima, the last commits."""
    click.echo(overview(Database(open_store(file)), lowest))


@cli.command(name="verify")
@click.argument("file", type=click.Path(path_type=Path))
def verify_command(file: Path) -> None:
    """Recompute energy, gradient and index of every stationary point; exit status 1 on any fault."""

    def prepare(local: int) -> tuple[Context, None]:
        return stored_context(open_store(file).record, resolve_device("auto", local)), None

    def work(context: Context, seconds: None, pool: Pool) -> int:
        del seconds
        with Database(open_store(file)) as db:
            faults = verify(db, context, pool)
            for fault in faults:
                click.echo(fault)
            click.echo(summary(db, faults))
        return 1 if faults else 0

    _on_all_ranks(prepare, work)


def main() -> None:
    """Entry point: errors a user can cause become one line and exit status 2."""
    try:
        cli(standalone_mode=False)
    except LandscapeError as error:
        _fail(str(error))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(STOPPED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _on_all_ranks(
    prepare: Callable[[int], tuple[Context, Any]], work: Callable[[Context, Any, Pool], int]
) -> NoReturn:
    """Every rank prepares; rank 0 then works with a pool of them all, the others serve. Ends the process."""
    comm = world()
    if comm is None:
        context, argument = prepare(0)
        pool: Pool = ThreadPool(executor(context), threads_for(context.objective))
    else:
        context, argument = _prepare_together(comm, prepare)
        if comm.rank:
            ignore_signals()
            sys.exit(serve(comm, executor(context)))
        pool = MpiPool(comm, executor(context))
    status = 1
    try:
        status = work(context, argument, pool)
    except LandscapeError as error:
        status = 2
        click.echo(f"landscape: {error}", err=True)
    finally:
        pool.end(status)
    sys.exit(status)


def _prepare_together(comm: Any, prepare: Callable[[int], tuple[Context, Any]]) -> tuple[Context, Any]:  # noqa: ANN401
    """`prepare` on every rank; if it fails on any, all end with the first message."""
    prepared, message = None, None
    try:
        prepared = prepare(local_rank(comm))
    except LandscapeError as error:
        message = str(error)
    messages = [text for text in comm.allgather(message) if text is not None]
    if prepared is None or messages:
        if comm.rank == 0:
            click.echo(f"landscape: {messages[0]}", err=True)
        sys.exit(2)
    return prepared


def _campaign(context: Context, store: Store, pool: Pool, interrupt: Interrupt, phases: Any) -> int:  # noqa: ANN401
    try:
        ending = run_campaign(context, store, pool, Console(), interrupt, phases)
        if ending is Ending.STOPPED:
            click.echo(
                f"landscape: stopped early ({interrupt.reason}), everything committed to {store.path}; "
                "continue with --resume",
                err=True,
            )
            return STOPPED
        click.echo(overview(Database(store), 5))
        return 0
    finally:
        store.close()


def _seconds(text: str | None) -> float | None:
    """Seconds of a duration such as 90s, 45m, 3h or 1h30m."""
    if text is None:
        return None
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", text.strip())
    if not text.strip() or match is None:
        raise ConfigError(f"--time-limit: expected a duration such as 90s, 45m, 3h or 1h30m, found {text!r}")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return 3600.0 * hours + 60.0 * minutes + seconds


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"--epsilon: expected numbers such as 0.1,0.3, found {text!r}") from None


def _fail(message: str) -> NoReturn:
    click.echo(f"landscape: {message}", err=True)
    sys.exit(2)
