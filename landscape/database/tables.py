"""The tables of one committed state, and the state after a further commit.

Every store keeps `Tables`: all tables and properties as of its last commit. `after(commit)` defines the effect of a
commit for every store: rows are appended, hits and walkers replaced, properties replaced or continued. A store on disk
also writes the commit to its file, and passes a reader of that file for the columns that are not in memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np

from landscape.database.continuation.tables import EventBranches, Events, Tracks
from landscape.database.lazy import Read, Table, joined, read_only
from landscape.database.points.saddles import Saddles
from landscape.database.records import (
    TARGETS,
    Attempts,
    Commit,
    Floats,
    Minima,
    Property,
    PropertyRows,
    Rounds,
    TransitionStates,
    Walkers,
)
from landscape.database.sampled import Sampled, SampledPairs, SampledQuenches
from landscape.database.trained_points import TrainedPoints

Reader = Callable[[str], Read | None]
"""From the path of a table or property in a file to the function that reads its columns or values."""

AnyTable = TypeVar("AnyTable", bound=Table)
Properties = Mapping[str, Mapping[str, Property]]
"""Properties by target and name; they hold the measured rows only."""


def no_file(path: str) -> None:
    """Reader of tables that are wholly in memory: nothing is left to read."""


@dataclass(frozen=True, kw_only=True)
class Tables:
    """All tables as of one commit; see `records.py`, `trained_points.py`, `sampled.py`, `continuation/tables.py` and
    `points/saddles.py` in `landscape/database/`.
    """

    minima: Minima
    transition_states: TransitionStates
    attempts: Attempts
    rounds: Rounds
    walkers: Walkers
    training: TrainedPoints
    sampled_quenches: SampledQuenches
    sampled_pairs: SampledPairs
    tracks: Tracks
    events: Events
    event_branches: EventBranches
    saddles: Saddles
    regimes: Mapping[str, str]
    evaluations: Mapping[str, str]
    properties: Properties

    @classmethod
    def empty(cls, n_parameters: int) -> Self:
        """The tables of a database without commits."""
        return cls(
            minima=Minima.empty(n_parameters),
            transition_states=TransitionStates.empty(n_parameters),
            attempts=Attempts.empty(n_parameters),
            rounds=Rounds.empty(n_parameters),
            walkers=Walkers.empty(n_parameters),
            training=TrainedPoints.empty(n_parameters),
            sampled_quenches=SampledQuenches.empty(n_parameters),
            sampled_pairs=SampledPairs.empty(n_parameters),
            tracks=Tracks.empty(n_parameters),
            events=Events.empty(n_parameters),
            event_branches=EventBranches.empty(n_parameters),
            saddles=Saddles.empty(n_parameters),
            regimes={},
            evaluations={},
            properties={target: {} for target in TARGETS},
        )

    def after(self, commit: Commit, reader: Reader = no_file) -> Self:
        """The tables after a commit that passed `checks.checked`. The reader reads columns that are not in memory."""
        sampled = commit.sampled or Sampled()
        followed = {} if commit.continuation is None else vars(commit.continuation)
        trained = None if commit.training is None else commit.training.points
        return type(self)(
            minima=self.minima.extended(commit.minima, reader("minima"), hits=commit.hits),
            transition_states=self.transition_states.extended(commit.transition_states, reader("transition_states")),
            attempts=self.attempts.extended(commit.attempts, reader("attempts")),
            rounds=self.rounds.extended(commit.summary(), reader("rounds")),
            walkers=with_walkers(self.walkers, commit.walkers, reader),
            training=with_added(self.training, trained, reader("training")),
            sampled_quenches=with_added(self.sampled_quenches, sampled.quenches, reader("sampled_quenches")),
            sampled_pairs=with_added(self.sampled_pairs, sampled.pairs, reader("sampled_pairs")),
            tracks=with_added(self.tracks, followed.get("tracks"), reader("tracks")),
            events=with_added(self.events, followed.get("events"), reader("events")),
            event_branches=with_added(self.event_branches, followed.get("event_branches"), reader("event_branches")),
            saddles=with_added(self.saddles, commit.saddles, reader("saddles")),
            regimes=self.regimes if commit.training is None else commit.training.regimes,
            evaluations=self.evaluations if commit.training is None else commit.training.evaluations,
            properties=with_rows(self.properties, commit.properties, reader),
        )


def with_walkers(walkers: Walkers, moved: Walkers | None, reader: Reader) -> Walkers:
    """The walkers after a round: `moved`, or unchanged if that is None."""
    if moved is None:
        return walkers.extended(Walkers.empty(0), reader("walkers"))
    return Walkers.empty(0).extended(moved, None)


def with_added(table: AnyTable, added: AnyTable | None, read: Read | None) -> AnyTable:
    """A table after a round; unchanged if `added` is None."""
    if added is None:
        return type(table).lazy(read, **table.loaded(), _rows=len(table))
    return table.extended(added, read)


def with_rows(properties: Properties, added: tuple[PropertyRows, ...], reader: Reader) -> Properties:
    """The properties after all of `added`; the reader reads values that are not in memory."""
    result = {
        target: {name: stored.reread(reader(f"properties/{target}/{name}")) for name, stored in known.items()}
        for target, known in properties.items()
    }
    for rows in added:
        known = result[rows.target]
        known[rows.name] = continued(known.get(rows.name), rows)
    return result


def continued(stored: Property | None, rows: PropertyRows) -> Property:
    """The stored property continued by these rows, or the rows alone if they start at row 0 or nothing is stored."""
    values = read_only(rows.values.copy()) if stored is None or rows.start == 0 else joined(stored.values, rows.values)
    return Property(values=values, description=rows.description, units=rows.units, settings=rows.settings)


def padded(values: Floats, rows: int) -> Floats:
    """Property values padded to `rows` rows, with NaN where not measured yet."""
    if len(values) == rows:
        return values
    result = np.full((rows, *values.shape[1:]), np.nan)
    result[: len(values)] = values
    return read_only(result)


SEARCH_KINDS = ("basin_hopping", "connect", "single_ended", "saddles")
"""Kinds of the rounds that search a landscape."""
EXPLORED = "explored_rounds"
"""Setting of the depths: the number of search rounds after which an exploration ran to its end."""


def searched_rounds(tables: Tables) -> int:
    """Number of committed rounds that searched the landscape."""
    return int(np.isin(tables.rounds.kind, SEARCH_KINDS).sum())


def explored_rounds(tables: Tables) -> int | None:
    """Number of search rounds after which the last exploration ran to its end; None if none did."""
    stored = tables.properties["minima"].get("depth")
    return None if stored is None else stored.settings.get(EXPLORED)
