"""`landscape sample`: independent quenches, and barriers between random pairs of them."""

from pathlib import Path

import click

from landscape.cli.mistakes import told_once
from landscape.cli.options import OUTPUT, RESUME, SETTINGS, TIME_LIMIT, found_run_file
from landscape.config.run_file import RunConfig
from landscape.startup import without_collections


@click.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="RUN_FILE|FILE.h5", callback=found_run_file)
@OUTPUT
@click.option("--quenches", type=click.IntRange(1), help="Independent quenches; by default as in the run file.")
@click.option("--pairs", type=click.IntRange(0), help="Pairs to connect; by default as in the run file.")
@click.option("--training", is_flag=True, help="Pairs of end points of training in FILE.h5 instead, of each regime.")
@SETTINGS
@RESUME
@TIME_LIMIT
def sample(
    source: Path,
    output: Path | None,
    quenches: int | None,
    pairs: int | None,
    training: bool,
    settings: tuple[str, ...],
    resume: bool,
    time_limit: float | None,
) -> None:
    """Sample a landscape with too many minima to list: quenches from one law of starts, and barriers between pairs.

    \b
    landscape sample runs/digits-dense.toml -o sample.h5 --quenches 200 --pairs 30
    landscape sample runs/digits-dense.toml -o sample.h5 --pairs 60 --resume --time-limit 1h
    landscape sample regimes.h5 --training --pairs 20

    With --resume the database may hold a searched landscape of the same problem; the two are kept apart.
    """  # noqa: D301 - click wants the backspace character itself
    given = {"quenches": quenches, "pairs": pairs}
    changed = [*settings, *(f"sample.{key}={value}" for key, value in given.items() if value is not None)]
    if training:
        if output or quenches or resume:
            raise click.UsageError("expected --training without --output, --quenches and --resume")
        with without_collections():  # torch; mistakes are told without it
            from landscape.cli.jobs.sample import sample_training  # noqa: PLC0415

        sample_training(source, settings, changed, time_limit)
    with told_once():
        config = RunConfig.from_toml(source).override(changed)
    path = output or Path(source.with_suffix(".h5").name)
    with without_collections():  # torch; mistakes are told without it
        from landscape.cli.jobs.sample import sample_landscape  # noqa: PLC0415

    sample_landscape(config, str(source), path, resume=resume, time_limit=time_limit)
