"""The work of `landscape study`."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import Coordinate, Prepare, run_jobs
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import context_of, resolve_device
from landscape.cli.mistakes import told_once
from landscape.cli.options import typed_run_file
from landscape.cli.shared import run_exploration
from landscape.config.run_file import RunConfig
from landscape.database.database import open_database
from landscape.errors import DatabaseError
from landscape.problems.problem import data_of, whole_size
from landscape.studies.study import conclude, make_folder


@dataclass(frozen=True, kw_only=True)
class Study:
    """A family of landscapes as the arguments of the command give it; `config` is the run file with `settings`."""

    run_file: Path
    config: RunConfig
    over: str | None
    replicates: int | None
    sampled: bool
    settings: tuple[str, ...]
    folder: Path

    @property
    def command(self) -> str:
        """The command that makes the study, as a shell understands it."""
        varies = ["--over", self.over] if self.over is not None else []
        varies += ["--replicates", str(self.replicates)] if self.replicates is not None else []
        varies += [part for one in self.settings for part in ("--set", one)]
        return shlex.join(["landscape", "study", typed_run_file(self.run_file), *varies, "-o", str(self.folder)])


def explore_family(study: Study, time_limit: float | None) -> NoReturn:
    """Explore every landscape of the study in turn; ends the process with its exit status."""
    with told_once():
        members = members_of(study.config, study.over, study.replicates)
    family = {study.folder / f"{name}.h5": config for name, config in members.items()}

    def part(path: Path, config: RunConfig) -> tuple[Prepare, Coordinate]:
        def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
            make_folder(study.folder)
            _refuse_another_kind(path, sampled=study.sampled)
            click.echo(f"{path.stem}, landscape {list(family).index(path) + 1} of {len(family)}", err=True)
            remedy = "continue with the same command"
            status = run_exploration(context, path, pool, interrupt, resume=True, remedy=remedy, sampled=study.sampled)
            if not status and path == list(family)[-1] and study.sampled:
                click.echo(f"written to {study.folder}: 'landscape answer {study.folder}' says what it shows")
            elif not status and path == list(family)[-1]:
                command = study.command
                next_step = f": 'landscape answer {study.folder}' says what replicates show" if study.replicates else ""
                for line in [
                    *conclude(study.folder, list(family), command),
                    "",
                    f"written to {study.folder}{next_step}",
                ]:
                    click.echo(line)
            return status

        return lambda local: context_of(
            config, resolve_device(config.run.device, local), path, str(study.run_file)
        ), coordinate

    run_jobs([part(*member) for member in family.items()], time_limit)


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
