"""`landscape study`: exploration of a family of landscapes."""

from pathlib import Path

import click

from landscape.cli.mistakes import told_once
from landscape.cli.options import RUN_FILE, SETTINGS, TIME_LIMIT
from landscape.config.run_file import RunConfig
from landscape.startup import without_collections


@click.command()
@RUN_FILE
@click.option("--over", metavar="TABLE.KEY=VALUE,...", help="A key that varies, and its values.")
@click.option("--replicates", type=click.IntRange(min=2), help="Subsets of the data, each searched on its own.")
@click.option("--sampled", is_flag=True, help="Independent quenches instead of a search: for too many minima.")
@click.option("--follow", is_flag=True, help="Follow points from each value to the next, as 'continue' does.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder to write; by default RUN_FILE's name.")
@SETTINGS
@TIME_LIMIT
def study(
    run_file: Path,
    over: str | None,
    replicates: int | None,
    sampled: bool,
    follow: bool,
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
    there are no other files. With --follow tracks lead from the minima at each value of the key to those at the next,
    and tracks.csv says which minima are the same. The same command continues a study that was begun.
    """  # noqa: D301 - click wants the backspace character itself
    if over is None and replicates is None:
        raise click.UsageError("expected --over, --replicates or both, found neither: say what varies")
    if follow and (over is None or replicates is not None or sampled):
        raise click.UsageError("expected --follow with --over alone, found --replicates, --sampled or no --over")
    if over is not None and any(one.split("=")[0].strip() == over.split("=")[0].strip() for one in settings):
        raise click.UsageError(f"expected another key with --set than with --over, found {over.split('=')[0]} in both")
    with told_once():
        config = RunConfig.from_toml(run_file).override(settings)
    with without_collections():  # torch; mistakes are told without it
        from landscape.cli.jobs.study import Study, explore_family  # noqa: PLC0415

    explore_family(
        Study(
            run_file=run_file,
            config=config,
            over=over,
            replicates=replicates,
            sampled=sampled,
            follow=follow,
            settings=settings,
            folder=output or Path(run_file.stem),
        ),
        time_limit,
    )
