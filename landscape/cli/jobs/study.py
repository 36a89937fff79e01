"""The work of `landscape study`."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import click

from landscape.campaign.context import Context
from landscape.campaign.continuation.families import require_smooth
from landscape.campaign.exits import STOPPED
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import Coordinate, Prepare, run_jobs
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import context_of, resolve_device
from landscape.cli.jobs.following import Following, follow, tell_tracks
from landscape.cli.mistakes import told_once
from landscape.cli.options import typed_run_file
from landscape.cli.shared import run_exploration
from landscape.config.ranges import KeyRange
from landscape.config.run_file import RunConfig
from landscape.database.database import open_database
from landscape.errors import ConfigError, DatabaseError
from landscape.messages import number_text
from landscape.problems.problem import data_of, whole_size
from landscape.studies.continuation.balance import ends_of
from landscape.studies.study import conclude, make_folder

REMEDY = "continue with the same command"


@dataclass(frozen=True, kw_only=True)
class Study:
    """A family of landscapes as the arguments of the command give it; `config` is the run file with `settings`."""

    run_file: Path
    config: RunConfig
    over: str | None
    replicates: int | None
    sampled: bool
    follow: bool
    settings: tuple[str, ...]
    folder: Path

    @property
    def command(self) -> str:
        """The command that makes the study, as a shell understands it."""
        varies = ["--over", self.over] if self.over is not None else []
        varies += ["--replicates", str(self.replicates)] if self.replicates is not None else []
        varies += ["--follow"] if self.follow else []
        varies += [part for one in self.settings for part in ("--set", one)]
        return shlex.join(["landscape", "study", typed_run_file(self.run_file), *varies, "-o", str(self.folder)])


def explore_family(study: Study, time_limit: float | None) -> NoReturn:
    """Explore every landscape of the study in turn; ends the process with its exit status."""
    with told_once():
        members = members_of(study.config, study.over, study.replicates)
        family = {study.folder / f"{name}.h5": config for name, config in members.items()}
        steps = followings(family, study.over) if study.follow and study.over is not None else []

    def part(path: Path, config: RunConfig) -> tuple[Prepare, Coordinate]:
        def prepare(local: int) -> Context:
            context = context_of(config, resolve_device(config.run.device, local), path, str(study.run_file))
            if study.follow:
                require_smooth(context.require_problem())
            return context

        def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
            make_folder(study.folder)
            _refuse_another_kind(path, sampled=study.sampled)
            click.echo(f"{path.stem}, landscape {list(family).index(path) + 1} of {len(family)}", err=True)
            status = run_exploration(context, path, pool, interrupt, resume=True, remedy=REMEDY, sampled=study.sampled)
            if status or path != list(family)[-1]:
                return status
            for step in steps:
                status = max(status, _follow_once(step, context, interrupt))
                if status == STOPPED:
                    return status
            _tell(study, list(family))
            return status

        return prepare, coordinate

    run_jobs([part(*member) for member in family.items()], time_limit)


def _tell(study: Study, paths: list[Path]) -> None:
    """Write the report of a study that is complete and print what it says of all landscapes."""
    if study.sampled:
        click.echo(f"written to {study.folder}: 'landscape answer {study.folder}' says what it shows")
        return
    next_step = f": 'landscape answer {study.folder}' says what replicates show" if study.replicates else ""
    for line in [*conclude(study.folder, paths, study.command), "", f"written to {study.folder}{next_step}"]:
        click.echo(line)


def followings(family: Mapping[Path, RunConfig], over: str) -> list[Following]:
    """Each landscape of a family with the next one, in the order of the key from its greatest value on.

    Raises `ConfigError` if the key is no number above 0 on which the energy depends smoothly, or has one value alone.
    """
    if len(family) == 1:
        raise ConfigError(f"--over {over!r}: expected two values or more with --follow, found one")
    key = over.partition("=")[0].strip()
    values = {path: str(getattr(config.problem, key.partition(".")[2], "")) for path, config in family.items()}
    for one, other in pairwise(family):
        KeyRange.of(f"{key}={values[one]}:{values[other]}")
    ordered = sorted(family, key=lambda path: -float(values[path]))
    return [
        Following(
            over=KeyRange.of(f"{key}={values[path]}:{values[last]}"),
            problem=family[path].problem,
            path=path,
            last=last,
        )
        for path, last in pairwise(ordered)
    ]


def _follow_once(step: Following, context: Context, interrupt: Interrupt) -> int:
    """Follow one landscape to the next unless it has these tracks already; returns the exit status."""
    with open_database(step.path) as db:
        if len(db.tracks):
            if ends_of(db.tracks) != (step.over.start, step.over.end):
                raise DatabaseError(
                    f"{step.path}: expected tracks to {number_text(step.over.end)}, found some to "
                    f"{number_text(ends_of(db.tracks)[1])}: choose another folder with -o"
                )
            return tell_tracks(db, step)
    return follow(step, context, interrupt, REMEDY)


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
