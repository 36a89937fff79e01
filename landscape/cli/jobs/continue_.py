"""The work of `landscape continue`."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

from landscape.campaign.context import Context
from landscape.campaign.continuation.families import family_of, require_smooth
from landscape.campaign.continuation.recording import followed
from landscape.campaign.exits import FAILED, STOPPED, report_error
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import Coordinate, Prepare, run_jobs
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import context_of, resolve_device, stored_data
from landscape.cli.shared import run_exploration
from landscape.config.ranges import KeyRange
from landscape.config.run_file import RunConfig
from landscape.database.database import Database, open_database
from landscape.database.store import open_store
from landscape.errors import DatabaseError
from landscape.messages import counted, number_text
from landscape.studies.continuation.balance import balances
from landscape.studies.continuation.text import continuation_text

MOST_COPIES = 690.0  # in their logarithm: index sums are numbers


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
            status = run_exploration(context, path, pool, interrupt, resume=resume, remedy="continue with --resume")
            return status if status or path != searches[-1][0] else _follow(work, context, interrupt)

        return prepare, coordinate

    run_jobs([part(*one) for one in searches], time_limit)


def _refuse_tracks(path: Path) -> None:
    """Raise DatabaseError if the file exists and has tracks already."""
    if path.exists():
        with open_database(path) as db:
            if len(db.tracks):
                raise DatabaseError(f"{path}: expected a database without tracks, found some: choose another with -o")


def _follow(work: Work, context: Context, interrupt: Interrupt) -> int:
    """Follow the points of the databases, and print what happens to them; returns the exit status."""
    store = open_store(work.path, writable=True)
    try:
        first = Database(store)
        if not len(first.minima):
            raise DatabaseError(
                f"{work.path}: expected stationary points to follow, found none: search longer, see [basin_hopping]"
            )
        most = max(first.minima.log_orbit_size.max(), first.transition_states.log_orbit_size.max(initial=0.0))
        if most > MOST_COPIES:
            raise DatabaseError(
                f"{work.path}: expected at most 1e300 symmetric copies of a point, found e^{most:.0f}: take fewer units"
            )
        points = counted(len(first.minima) + len(first.transition_states), "point")
        ends = f"{work.over.key} from {number_text(work.over.start)} to {number_text(work.over.end)}"
        click.echo(f"{work.path}: follows {points} over {ends}", err=True)
        data = stored_data(first.problem_record, str(work.path))
        family = family_of(work.first.problem, data, work.over, str(context.objective.device))
        with nullcontext(None) if work.last is None else open_database(work.last_path) as last:
            commit = followed(first, last, family, work.over, lambda: interrupt.stop_before(0.0))
        if commit is None:
            report_error(f"stopped early ({interrupt.reason}) while following, no tracks kept; continue with --resume")
            return STOPPED
        store.commit(commit)
        for line in continuation_text(first, searched_last=work.last is not None):
            click.echo(line)
        holds = bool(first.events.conserved.all()) and all(one.adds_up for one in balances(first))
    finally:
        store.close()
    return 0 if holds else FAILED
