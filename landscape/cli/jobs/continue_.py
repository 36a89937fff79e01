"""The work of `landscape continue`."""

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from landscape.campaign.context import Context
from landscape.campaign.continuation.families import require_smooth
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import Coordinate, Prepare, run_jobs
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import context_of, resolve_device
from landscape.cli.jobs.following import Following, follow
from landscape.cli.shared import run_exploration
from landscape.config.ranges import KeyRange
from landscape.config.run_file import RunConfig
from landscape.database.database import open_database
from landscape.errors import DatabaseError
from landscape.messages import number_text

REMEDY = "continue with --resume"


@dataclass(frozen=True, kw_only=True)
class Work:
    """A range of a key, the run files at its first and, if it is searched, its last value, and the file to write."""

    over: KeyRange
    first: RunConfig
    last: RunConfig | None
    source: str
    path: Path

    @property
    def last_path(self) -> Path:
        """The file of the search at the last value."""
        return self.path.with_stem(f"{self.path.stem}-{self.over.name}-{number_text(self.over.end)}")

    @property
    def following(self) -> Following:
        """The step after the searches: points followed from the first value to the last."""
        last = None if self.last is None else self.last_path
        return Following(over=self.over, problem=self.first.problem, path=self.path, last=last)


def continue_landscape(work: Work, *, resume: bool, time_limit: float | None) -> NoReturn:
    """Search at the first value, at the last one if wanted, then follow; ends the process with its exit status."""
    searches = [(work.path, work.first)] + ([] if work.last is None else [(work.last_path, work.last)])

    def part(path: Path, config: RunConfig) -> tuple[Prepare, Coordinate]:
        def prepare(local: int) -> Context:
            context = context_of(
                config, resolve_device(config.run.device, local), path if resume else None, work.source
            )
            require_smooth(context.require_problem())
            return context

        def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
            _refuse_tracks(work.path)
            if not resume and path == work.path and work.last is not None and work.last_path.exists():
                raise DatabaseError(
                    f"{work.last_path}: expected no file, found one: continue with --resume or choose another with -o"
                )
            status = run_exploration(context, path, pool, interrupt, resume=resume, remedy=REMEDY)
            if status or path != searches[-1][0]:
                return status
            return follow(work.following, context, interrupt, REMEDY)

        return prepare, coordinate

    run_jobs([part(*one) for one in searches], time_limit)


def _refuse_tracks(path: Path) -> None:
    """Raise DatabaseError if the file exists and has tracks already."""
    if path.exists():
        with open_database(path) as db:
            if len(db.tracks):
                raise DatabaseError(f"{path}: expected a database without tracks, found some: choose another with -o")
