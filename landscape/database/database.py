"""The database as users see it: tables, properties, the graph of minima and transition states, and a frame.

`Database` reads and never writes; rounds are committed to `Database.store`. Its tables are those of the last commit.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from landscape.database.continuation.tables import EventBranches, Events, Tracks
from landscape.database.points.saddles import Saddles
from landscape.database.records import (
    TARGETS,
    Attempts,
    Header,
    Minima,
    ProblemRecord,
    Property,
    Rounds,
    TransitionStates,
    Walkers,
)
from landscape.database.sampled import SampledPairs, SampledQuenches
from landscape.database.store import Store, open_store
from landscape.database.tables import explored_rounds, padded, searched_rounds
from landscape.database.trained_points import TrainedPoints
from landscape.database.views.frames import dataset, frame
from landscape.errors import DatabaseError

if TYPE_CHECKING:
    import networkx as nx


class Database:
    """Stationary points of one landscape, with the history of their discovery and their properties.

    Usable as a context manager, which closes it. Arrays are read-only and shared: copy one before changing it.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def path(self) -> Path | None:
        """The file, or None for a database in memory."""
        return self.store.path

    @property
    def problem_record(self) -> ProblemRecord:
        """The explored problem."""
        return self.store.record

    @property
    def header(self) -> Header:
        """Versions of the software and time of creation."""
        return self.store.header

    @property
    def minima(self) -> Minima:
        """The minima [M]."""
        return self.store.tables.minima

    @property
    def transition_states(self) -> TransitionStates:
        """The transition states [T]."""
        return self.store.tables.transition_states

    @property
    def saddles(self) -> Saddles:
        """The saddles [S] of index 2 and more, if the run file asks for them."""
        return self.store.tables.saddles

    @property
    def attempts(self) -> Attempts:
        """The searches for transition states [A]."""
        return self.store.tables.attempts

    @property
    def rounds(self) -> Rounds:
        """The committed rounds [R]."""
        return self.store.tables.rounds

    @property
    def walkers(self) -> Walkers:
        """The walkers [W] after the last round that moved them."""
        return self.store.tables.walkers

    @property
    def training(self) -> TrainedPoints:
        """The end points of training [T]."""
        return self.store.tables.training

    @property
    def sampled_quenches(self) -> SampledQuenches:
        """The independent quenches [Q] of a sample."""
        return self.store.tables.sampled_quenches

    @property
    def sampled_pairs(self) -> SampledPairs:
        """The pairs [S] of sampled minima."""
        return self.store.tables.sampled_pairs

    @property
    def tracks(self) -> Tracks:
        """The points [K] of stationary points that were followed while a key changed, track after track."""
        return self.store.tables.tracks

    @property
    def events(self) -> Events:
        """The singular points [V] at which tracks begin, end or change their index."""
        return self.store.tables.events

    @property
    def event_branches(self) -> EventBranches:
        """The branches [B] that leave the events."""
        return self.store.tables.event_branches

    @property
    def regimes(self) -> Mapping[str, str]:
        """The settings (TOML) of each regime of training by name, in the order of the codes in `training.regime`."""
        return self.store.tables.regimes

    @property
    def evaluations(self) -> Mapping[str, str]:
        """The settings (TOML) of each evaluation of trained networks by name: ensembles and preprocessed inputs."""
        return self.store.tables.evaluations

    @property
    def complete(self) -> bool:
        """True if the exploration ran to its end: its goal or its limits were reached and the wanted minima measured.

        False after a stop by Ctrl-C, a signal or a time limit, while a resumed exploration has not ended again, and for
        files of older versions until they are resumed. The judgement of the search itself is in `landscape info`.
        """
        return explored_rounds(self.store.tables) == searched_rounds(self.store.tables)

    def properties(self, target: str) -> dict[str, Property]:
        """Properties by name of the rows of `target`, one of `TARGETS`, NaN where not measured yet.

        Raises:
            DatabaseError: no table of that name has properties.
        """
        if target not in TARGETS:
            raise DatabaseError(f"properties belong to one of {', '.join(TARGETS)}, found {target!r}")
        rows = len(getattr(self, target))
        return {
            name: Property(
                values=padded(stored.values, rows),
                description=stored.description,
                units=stored.units,
                settings=stored.settings,
            )
            for name, stored in sorted(self.store.tables.properties[target].items())
        }

    def graph(self) -> "nx.MultiGraph[int]":
        """The landscape as a graph: nodes are rows of minima, edges are transition states.

        Node attributes: energy, and degenerate, the number of degenerate rearrangements of the minimum, which have no
        edges. Edge attributes: energy, eigenvalue, and row, the row of the transition state.
        """
        import networkx as nx  # noqa: PLC0415 - half a second that no other use of a database needs

        states = self.transition_states
        rows = states.minima.tolist()
        loops = np.bincount([a for a, b in rows if a == b], minlength=len(self.minima)).tolist()
        graph = nx.MultiGraph()
        for row, energy in enumerate(self.minima.energy.tolist()):
            graph.add_node(row, energy=energy, degenerate=loops[row])
        columns = zip(rows, states.energy.tolist(), states.eigenvalue.tolist(), strict=True)
        for row, ((a, b), energy, eigenvalue) in enumerate(columns):
            if a != b:
                graph.add_edge(a, b, energy=energy, eigenvalue=eigenvalue, row=row)
        return graph

    def frame(self) -> Any:  # noqa: ANN401 - a pandas.DataFrame, which is an optional dependency
        """A pandas.DataFrame with one row per minimum: all columns except the parameters, then all properties.

        A property with one value for each epsilon has the columns NAME@EPSILON, as in pgd_accuracy@0.3; another one
        with several values per minimum has NAME[0], NAME[1] and so on.

        Raises:
            DatabaseError: pandas is not installed.
        """
        return frame(self.minima, self.properties("minima"))

    def to_xarray(self) -> Any:  # noqa: ANN401 - an xarray.Dataset, which is an optional dependency
        """An xarray.Dataset of the minima: all columns, and all properties with their description, units and settings.

        Dimensions are minimum, parameter, and epsilon for the properties with one value for each epsilon: the
        coordinate epsilon has those of all properties, and values are NaN where a property was not measured.

        Raises:
            DatabaseError: xarray is not installed.
        """
        return dataset(self.minima, self.properties("minima"))

    def close(self) -> None:
        """Close the file; columns that were not read yet cannot be read any more."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self.store.closed:
            return f"<Database {self.path or 'in memory'}: closed>"
        lowest = f", lowest energy {self.minima.energy.min():.9g}" if len(self.minima) else ""
        return (
            f"<Database {self.path or 'in memory'}: {len(self.minima)} minima, {len(self.transition_states)} "
            f"transition states, {len(self.rounds)} rounds{lowest}>"
        )


def open_database(path: str | Path) -> Database:
    """The database in a file, for reading.

    Raises:
        DatabaseError: there is no such file, or it is not a whole database of a known version.
    """
    return Database(open_store(path))
