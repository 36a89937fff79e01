"""Points of a database followed to another value of a key, and what happened to them on the way."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import click

from landscape.campaign.context import Context
from landscape.campaign.continuation.families import family_of
from landscape.campaign.continuation.recording import followed
from landscape.campaign.exits import FAILED, STOPPED, report_error
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.preparation import stored_data
from landscape.config.ranges import KeyRange
from landscape.config.tables import ProblemConfig
from landscape.database.database import Database, open_database
from landscape.database.store import open_store
from landscape.errors import DatabaseError
from landscape.messages import counted, number_text
from landscape.studies.continuation.balance import balances
from landscape.studies.continuation.text import continuation_text

MOST_COPIES = 690.0  # in their logarithm: index sums are numbers


@dataclass(frozen=True, kw_only=True)
class Following:
    """The range of a key, the database and the problem at its first value, and the database at the last one, if any."""

    over: KeyRange
    problem: ProblemConfig
    path: Path
    last: Path | None


def follow(work: Following, context: Context, interrupt: Interrupt, remedy: str) -> int:
    """Follow the points, store the tracks with the first database and print the events; returns the exit status.

    `remedy` tells how to go on after a stop. Raises `DatabaseError` if there is no point to follow, or if a point has
    too many copies.
    """
    store = open_store(work.path, writable=True)
    try:
        first = Database(store)
        _require_points(first, work.path)
        points = counted(len(first.minima) + len(first.transition_states), "point")
        ends = f"{work.over.key} from {number_text(work.over.start)} to {number_text(work.over.end)}"
        click.echo(f"{work.path}: follows {points} over {ends}", err=True)
        data = stored_data(first.problem_record, str(work.path))
        family = family_of(work.problem, data, work.over, str(context.objective.device))
        with nullcontext(None) if work.last is None else open_database(work.last) as last:
            commit = followed(first, last, family, work.over, lambda: interrupt.stop_before(0.0))
        if commit is None:
            report_error(f"stopped early ({interrupt.reason}) while following, no tracks kept; {remedy}")
            return STOPPED
        store.commit(commit)
        return tell_tracks(first, work)
    finally:
        store.close()


def tell_tracks(first: Database, work: Following) -> int:
    """Print the events of the stored tracks; returns the exit status, which tells whether all index sums hold."""
    for line in continuation_text(first, searched_last=work.last is not None):
        click.echo(line)
    holds = bool(first.events.conserved.all()) and all(one.adds_up for one in balances(first))
    return 0 if holds else FAILED


def _require_points(db: Database, path: Path) -> None:
    if not len(db.minima):
        raise DatabaseError(
            f"{path}: expected stationary points to follow, found none: search longer, see [basin_hopping]"
        )
    most = max(db.minima.log_orbit_size.max(), db.transition_states.log_orbit_size.max(initial=0.0))
    if most > MOST_COPIES:
        raise DatabaseError(
            f"{path}: expected at most 1e300 symmetric copies of a point, found e^{most:.0f}: take fewer units"
        )
