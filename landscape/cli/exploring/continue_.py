"""`landscape continue`: stationary points followed while a key of the problem changes."""

from pathlib import Path

import click

from landscape.cli.mistakes import told_once
from landscape.cli.options import OUTPUT, RESUME, RUN_FILE, SETTINGS, TIME_LIMIT
from landscape.config.ranges import KeyRange
from landscape.config.run_file import RunConfig
from landscape.startup import without_collections


@click.command("continue")
@RUN_FILE
@click.option("--over", required=True, metavar="TABLE.KEY=FROM:TO", help="The key, and its first and last value.")
@click.option("--both-ends", is_flag=True, help="Search at the last value too, into FILE-KEY-TO.h5.")
@OUTPUT
@SETTINGS
@RESUME
@TIME_LIMIT
def continue_command(
    run_file: Path,
    over: str,
    both_ends: bool,
    output: Path | None,
    settings: tuple[str, ...],
    resume: bool,
    time_limit: float | None,
) -> None:
    """Follow all minima and transition states of a landscape while a key of the problem changes.

    \b
    landscape continue runs/xor.toml --over problem.l2=1e-2:1e-3 -o xor-tracks.h5 --both-ends
    landscape continue runs/xor.toml --over problem.l2=1e-2:1e-3 -o xor.h5 --resume

    The landscape at the first value is searched as 'landscape run' does, or taken from the file with --resume. Every
    point is followed through turning points, and so are the branches that are born on the way. Printed are the events
    at which points are born, die, split or change their index, and whether the sum of (-1)^index is conserved there.
    Points that are born and die between the two values, apart from all others, cannot be found. Those that are born on
    the way and reach the last value are found with --both-ends.
    """  # noqa: D301 - click wants the backspace character itself
    with told_once():
        followed = KeyRange.of(over)
        if any(one.split("=")[0].strip() == followed.key for one in settings):
            raise click.UsageError(f"expected another key with --set than with --over, found {followed.key} in both")
        config = RunConfig.from_toml(run_file).override(settings)
        first, last = followed.at(config, followed.start), followed.at(config, followed.end)
    path = output or Path(run_file.with_suffix(".h5").name)
    with without_collections():  # torch; mistakes are told without it
        from landscape.cli.jobs.continue_ import Work, continue_landscape  # noqa: PLC0415

    work = Work(over=followed, first=first, last=last if both_ends else None, source=str(run_file), path=path)
    continue_landscape(work, resume=resume, time_limit=time_limit)
