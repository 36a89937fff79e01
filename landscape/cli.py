"""The `landscape` command: arguments in, exit status out. Everything else happens in `explore/`.

Under an MPI launcher every rank runs this same file; rank 0 alone reads and writes the database and prints.

Exit status: 0 done, 1 the check asked for failed, 2 bad usage or input, 75 stopped early with everything committed.
"""

import os
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import click

from landscape.config.run_file import RunConfig
from landscape.config.tables import MeasureConfig
from landscape.database.database import Database
from landscape.database.store import Store, open_store
from landscape.errors import PropertyError
from landscape.explore.campaign import ALL_PHASES, Ending, MakePhase, asked_for
from landscape.explore.context import Context
from landscape.explore.interrupt import Interrupt
from landscape.explore.job import (
    BAD_INPUT,
    FAILED,
    STOPPED,
    USER_ERRORS,
    Prepare,
    Work,
    complain,
    one_line,
    run_job,
    run_jobs,
)
from landscape.explore.pool import Abandoned, Pool
from landscape.explore.pool_mpi import launcher_rank
from landscape.explore.progress import Console
from landscape.explore.report import overview
from landscape.explore.session import (
    context_of,
    open_or_create,
    record_of,
    resolve_device,
    run_campaign,
    stored_context,
)
from landscape.explore.study import conclude, make_folder
from landscape.explore.verify import summary, verify
from landscape.problems.compiled import compiled_before
from landscape.problems.problem import Problem

Command = Callable[..., None]


def _seconds(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    """Seconds of a duration such as 90s, 45m, 3h or 1h30m."""
    if text is None:
        return None
    match = re.fullmatch(r"(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", text)
    if match is None:
        raise click.BadParameter(f"expected a duration such as 90s, 45m, 3h or 1h30m, found {text!r}")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return 3600.0 * hours + 60.0 * minutes + seconds


def _numbers(_: click.Context, __: click.Parameter, text: str | None) -> list[float] | None:
    """Numbers separated by commas; none of an empty text."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",") if text]
    except ValueError:
        raise click.BadParameter(f"expected numbers such as 0.1,0.3, found {text!r}") from None


def _measure_options(command: Command) -> Command:
    """Adds an option for each key of the [measure] table; a list is numbers separated by commas."""
    for name, field in reversed(MeasureConfig.model_fields.items()):
        one = field.annotation in (int, float)
        kind = {"type": field.annotation} if one else {"callback": _numbers, "metavar": "NUMBER,..."}
        text = f"{field.description}."
        option = click.option(f"--{name.replace('_', '-')}", **kind, help=text[0].upper() + text[1:])
        command = option(command)
    return command


TIME_LIMIT = click.option(
    "--time-limit", callback=_seconds, help="Stop in time with everything committed: 90s, 45m, 3h, 1h30m."
)
KINKS = (
    "landscape: found {}: only minima off the kinks, where the gradient vanishes, are found, and no transition states; "
    "tanh, sigmoid, softplus, gelu and silu without adversarial_weight have whole landscapes"
)
FIRST_USE = "landscape: compiles its energies and searches for this machine, once; that takes about half a minute"
FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(package_name="landscape")
def cli() -> None:
    """Map the loss landscapes of small neural networks.

    \b
    landscape run runs/iris.toml -o iris.h5          one process, on one core
    mpiexec -n 64 landscape run runs/iris.toml -o iris.h5 --resume
    landscape info iris.h5
    landscape verify iris.h5
    landscape measure iris.h5 --epsilon 0.05,0.1
    landscape study runs/iris.toml --over problem.l2=1e-4,1e-3
    """  # noqa: D301 - click wants the backspace character itself


@cli.command()
@click.argument("run_file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Database to write; RUN_FILE's name with .h5.")
@click.option("--set", "settings", multiple=True, metavar="TABLE.KEY=VALUE", help="Override a key of the run file.")
@click.option("--resume", is_flag=True, help="Continue the database if it exists.")
@TIME_LIMIT
def run(run_file: Path, output: Path | None, settings: tuple[str, ...], resume: bool, time_limit: float | None) -> None:
    """Explore the landscape of a run file.

    \b
    landscape run runs/iris.toml -o iris.h5
    landscape run runs/iris.toml -o iris-1e-3.h5 --set problem.l2=1e-3 --time-limit 30m
    landscape run runs/iris.toml -o iris.h5 --resume
    """  # noqa: D301 - click wants the backspace character itself
    path = output or Path(run_file.with_suffix(".h5").name)

    def prepare(local: int) -> Context:
        config = RunConfig.from_toml(run_file).override(settings)
        return context_of(config, resolve_device(config.run.device, local), path if resume else None)

    def work(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        status = _explored(context, path, pool, interrupt, resume=resume, remedy="continue with --resume")
        return status or _overview(path)

    run_job(prepare, work, time_limit)


@cli.command()
@click.argument("run_file", type=click.Path(path_type=Path))
@click.option("--over", required=True, metavar="TABLE.KEY=VALUE,...", help="The key that varies, and its values.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder to write; RUN_FILE's name.")
@TIME_LIMIT
def study(run_file: Path, over: str, output: Path | None, time_limit: float | None) -> None:
    """Explore a family of landscapes and pool what they say about robustness.

    \b
    landscape study runs/iris.toml --over problem.l2=1e-5,1e-4,1e-3 -o iris
    mpiexec -n 8 landscape study runs/iris.toml --over problem.hidden=[4],[10] --time-limit 3h

    Writes a database for each value, correlations.csv and verdicts.txt. The same command continues what is there.
    """  # noqa: D301 - click wants the backspace character itself
    folder = output or Path(run_file.stem)
    family = {folder / f"{name}.h5": config for name, config in RunConfig.from_toml(run_file).family(over).items()}

    def part(path: Path, config: RunConfig) -> tuple[Prepare, Work]:
        def work(context: Context, pool: Pool, interrupt: Interrupt) -> int:
            make_folder(folder)
            click.echo(f"{path.stem}, landscape {list(family).index(path) + 1} of {len(family)}", err=True)
            status = _explored(context, path, pool, interrupt, resume=True, remedy="continue with the same command")
            if not status and path == list(family)[-1]:
                command = shlex.join(["landscape", "study", str(run_file), "--over", over, "-o", str(folder)])
                for line in [*conclude(folder, list(family), command), "", f"written to {folder}"]:
                    click.echo(line)
            return status

        return lambda local: context_of(config, resolve_device(config.run.device, local), path), work

    run_jobs([part(*member) for member in family.items()], time_limit)


@cli.command()
@FILE
@click.argument("names", nargs=-1)
@_measure_options
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
        context = _stored(file, local, changed)
        asked_for(context.objective, names, paths=paths)
        return context

    def work(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        store = open_store(file, writable=True)
        phases = asked_for(context.objective, names, paths=paths)
        status = _campaign(context, store, pool, interrupt, phases, "continue with the same command")
        return status or _overview(file)

    run_job(prepare, work, time_limit)


@cli.command()
@FILE
@click.option("--lowest", type=click.IntRange(min=0), default=10, show_default=True, help="Minima to list.")
def info(file: Path, lowest: int) -> None:
    """Show what a database holds: coverage, the lowest minima, the last commits."""
    with Database(open_store(file)) as db:
        if not launcher_rank():
            click.echo(overview(db, lowest))


@cli.command(name="verify")
@FILE
def verify_command(file: Path) -> None:
    """Recompute energy, gradient and index of every stationary point; exit status 1 on any fault."""

    def work(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        with Database(open_store(file)) as db:
            try:
                faults = verify(db, context, pool, interrupt.give_up_round)
            except Abandoned:
                complain(f"stopped early ({interrupt.reason}), nothing was verified; start again")
                return STOPPED
            for line in [*faults, summary(db, faults)]:
                click.echo(line)
        return FAILED if faults else 0

    run_job(lambda local: _stored(file, local), work)


def main() -> None:
    """Entry point: errors a user can cause become one line and exit status 2."""
    try:
        cli(standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except (*USER_ERRORS, click.ClickException) as error:
        if not launcher_rank():
            complain(one_line(error) if isinstance(error, USER_ERRORS) else _usage(error))
        sys.exit(BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(STOPPED)


def _usage(error: click.ClickException) -> str:
    """A mistake in the arguments as one line."""
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "landscape"
    return f"{' '.join(error.format_message().split()).rstrip('.')}; see '{command} --help'"


def _stored(file: Path, local: int, changed: dict[str, object] | None = None) -> Context:
    """The context of a database, which must have minima where they are to be measured."""
    with Database(open_store(file)) as db:
        if changed is not None and not len(db.minima):
            raise PropertyError(f"{file}: expected minima to measure, found none yet: find some with 'landscape run'")
        return stored_context(db.problem_record, resolve_device("auto", local), changed, str(file))


def _explored(context: Context, path: Path, pool: Pool, interrupt: Interrupt, *, resume: bool, remedy: str) -> int:
    """Explores a landscape; the exit status."""
    store = open_or_create(path, record_of(context.objective, context.settings), resume=resume)
    if isinstance(context.objective, Problem) and context.objective.kinks:
        click.echo(KINKS.format(context.objective.kinks), err=True)
    if not compiled_before():
        click.echo(FIRST_USE, err=True)
    return _campaign(context, store, pool, interrupt, ALL_PHASES, remedy)


def _campaign(
    context: Context,
    store: Store,
    pool: Pool,
    interrupt: Interrupt,
    phases: tuple[MakePhase, ...],
    remedy: str,
) -> int:
    if store.n_rounds:
        click.echo(f"{store.path}: continuing after {store.n_rounds} committed rounds", err=True)
    try:
        ending = run_campaign(context, store, pool, Console(), interrupt, phases)
        if ending is not Ending.COMPLETE:
            lost = ", all but the open round" if ending is Ending.GIVEN_UP else ""
            complain(f"stopped early ({interrupt.reason}), everything committed to {store.path}{lost}; {remedy}")
            return STOPPED
        return 0
    finally:
        store.close()


def _overview(path: Path) -> int:
    with Database(open_store(path)) as db:
        click.echo(overview(db, 5))
    return 0
