"""`landscape study`: exploration of a family of landscapes."""

import shlex
from pathlib import Path

import click

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import Coordinate, Prepare, run_jobs
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import context_of, resolve_device
from landscape.cli.options import RUN_FILE, SETTINGS, TIME_LIMIT, typed_run_file
from landscape.cli.shared import run_exploration
from landscape.config.run_file import RunConfig
from landscape.database.database import open_database
from landscape.errors import DatabaseError
from landscape.problems.problem import data_of, whole_size
from landscape.studies.study import conclude, make_folder


@click.command()
@RUN_FILE
@click.option("--over", metavar="TABLE.KEY=VALUE,...", help="A key that varies, and its values.")
@click.option("--replicates", type=click.IntRange(min=2), help="Subsets of the data, each searched on its own.")
@click.option("--sampled", is_flag=True, help="Independent quenches instead of a search: for too many minima.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder to write; by default RUN_FILE's name.")
@SETTINGS
@TIME_LIMIT
def study(
    run_file: Path,
    over: str | None,
    replicates: int | None,
    sampled: bool,
    output: Path | None,
    settings: tuple[str, ...],
    time_limit: float | None,
) -> None:
    """Explore a family of landscapes and correlate depth and curvature with robustness.

    \b
    landscape study runs/replicates-digits.toml --replicates 12 -o digits
    landscape study runs/iris.toml --over problem.l2=1e-5,1e-4,1e-3 -o iris
    mpiexec -n 8 landscape study runs/iris.toml --over problem.hidden=[4],[10] --time-limit 3h

    The command writes a database for each value and replicate, correlations.csv and report.txt. A replicate has
    problem.subset samples; replicates are disjoint if the data have enough samples for all, otherwise drawn
    independently. With --sampled each database holds measured quenches instead, as set by the table [sample], and
    there are no other files. The same command continues a study that was begun.
    """  # noqa: D301 - click wants the backspace character itself
    if over is None and replicates is None:
        raise click.UsageError("expected --over, --replicates or both, found neither: say what varies")
    if over is not None and any(one.split("=")[0].strip() == over.split("=")[0].strip() for one in settings):
        raise click.UsageError(f"expected another key with --set than with --over, found {over.split('=')[0]} in both")
    folder = output or Path(run_file.stem)
    members = members_of(RunConfig.from_toml(run_file).override(settings), over, replicates)
    family = {folder / f"{name}.h5": config for name, config in members.items()}

    def part(path: Path, config: RunConfig) -> tuple[Prepare, Coordinate]:
        def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
            make_folder(folder)
            _refuse_another_kind(path, sampled=sampled)
            click.echo(f"{path.stem}, landscape {list(family).index(path) + 1} of {len(family)}", err=True)
            remedy = "continue with the same command"
            status = run_exploration(context, path, pool, interrupt, resume=True, remedy=remedy, sampled=sampled)
            if not status and path == list(family)[-1] and sampled:
                click.echo(f"written to {folder}: 'landscape answer {folder}' says what it shows")
            elif not status and path == list(family)[-1]:
                command = _typed(run_file, over, replicates, settings, folder)
                next_step = f": 'landscape answer {folder}' says what replicates show" if replicates else ""
                for line in [*conclude(folder, list(family), command), "", f"written to {folder}{next_step}"]:
                    click.echo(line)
            return status

        return lambda local: context_of(
            config, resolve_device(config.run.device, local), path, str(run_file)
        ), coordinate

    run_jobs([part(*member) for member in family.items()], time_limit)


def _typed(run_file: Path, over: str | None, replicates: int | None, settings: tuple[str, ...], folder: Path) -> str:
    """The command that makes the study, as a shell understands it."""
    varies = ["--over", over] if over is not None else []
    varies += ["--replicates", str(replicates)] if replicates is not None else []
    varies += [part for one in settings for part in ("--set", one)]
    return shlex.join(["landscape", "study", typed_run_file(run_file), *varies, "-o", str(folder)])


def _refuse_another_kind(path: Path, *, sampled: bool) -> None:
    """Raises DatabaseError if the database exists and holds no search, or no sample if `sampled`, but other points."""
    if not path.exists():
        return
    with open_database(path) as db:
        found = {"a search": len(db.minima), "a sample": len(db.sampled_quenches), "trained networks": len(db.training)}
    other = [name for name, rows in found.items() if rows and name != ("a sample" if sampled else "a search")]
    if other:
        raise DatabaseError(
            f"{path}: expected a database of this study, found {other[0]}: choose another folder with -o"
        )


def members_of(config: RunConfig, over: str | None, replicates: int | None) -> dict[str, RunConfig]:
    """The configurations of a study by name: one for each value of a key, for each replicate, or for each pair of both.

    Raises `ConfigError`, and `DataError` if the samples of replicates cannot be read or drawn.
    """
    family = {"": config} if over is None else config.family(over)
    if replicates is None:
        return family
    drawn = {value: member.replicates(replicates, whole_size(member.problem)) for value, member in family.items()}
    for members in drawn.values():
        data_of(members[-1].problem, members[-1].run.seed)  # refuses, before any search, samples that cannot be drawn
    digits = len(str(replicates - 1))
    return {
        "-".join(filter(None, (f"replicate-{number:0{digits}}", value))): members[number]
        for number in range(replicates)
        for value, members in drawn.items()
    }
