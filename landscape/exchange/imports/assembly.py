"""From the verified points of a file to the one round of a new database.

Points come in the order of the file. A minimum that is a copy of an earlier one gets no row; nor does a transition
state. Minima that descent reaches but the file lacks follow. A transition state must lie above both its minima.

Shapes: M minima and T transition states of the file.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import record_of
from landscape.campaign.resumption import open_or_create
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.database.records import Commit
from landscape.database.store import Store
from landscape.errors import ExchangeError
from landscape.exchange.format import FilePoints
from landscape.exchange.imports.importing import MinimaResult, StatesResult, import_tasks

KIND = "import"
NONE = -1


@dataclass(kw_only=True)
class Assembly:
    """The fate of the points of a file."""

    minima_row: np.ndarray  # int64[M]: rows of the database, -1 for refused points
    states_row: np.ndarray  # int64[T]
    refused: list[str] = field(default_factory=list)
    other_pairs: int = 0  # transition states that join other minima than the file says
    beyond: int = 0  # minima that the file lacks

    @classmethod
    def of(cls, points: FilePoints) -> "Assembly":
        """No point has a row yet."""
        return cls(
            minima_row=np.full(len(points.minima), NONE),
            states_row=np.full(len(points.states), NONE),
        )

    def copies(self, rows: np.ndarray) -> int:
        """Number of points that are copies of earlier ones."""
        return int((rows >= 0).sum()) - len(np.unique(rows[rows >= 0]))

    def lines(self) -> Iterator[str]:
        """Lines for the user on all that is not as the file says."""
        yield from self.refused
        for what, rows in (("minima", self.minima_row), ("transition states", self.states_row)):
            if copies := self.copies(rows):
                yield f"{copies} {what} are copies of others, by symmetry or written twice: one of each is kept"
        if self.other_pairs:
            yield f"{self.other_pairs} transition states join other minima by steepest descent than the file says"
        if self.beyond:
            yield f"{self.beyond} minima that the file lacks lie below its transition states: they are added"


def imported(
    context: Context, points: FilePoints, pool: Pool, task_done: Callable[[], None], interrupted: Callable[[], bool]
) -> tuple[Store, Assembly]:
    """A store in memory with the verified points, and what became of each.

    Raises `ExchangeError` for an energy without Hessians, `Abandoned` once `interrupted()` is true.
    """
    if not context.objective.smooth:
        raise ExchangeError("expected an energy with Hessians, which tell minima and transition states, found none")
    store, began = open_or_create(None, record_of(context), resume=False), time.monotonic()
    results = pool.run(import_tasks(points), task_done, interrupted)
    commit, assembly = assembled(context, store, points, results, time.monotonic() - began)
    store.commit(commit)
    return store, assembly


def assembled(
    context: Context, store: Store, points: FilePoints, results: Sequence[MinimaResult | StatesResult], seconds: float
) -> tuple[Commit, Assembly]:
    """The commit of the round, and what became of each point, from the results of `import_tasks`."""
    assimilation, assembly = Assimilation(LandscapeIndex(context, store.tables), store.tables), Assembly.of(points)
    evaluations = done = 0
    for result in (one for one in results if isinstance(one, MinimaResult)):
        rows = np.append(assimilation.add_distinct(result.minima, counted=False), NONE)[result.number]
        assembly.minima_row[done : done + len(rows)] = rows
        assembly.refused += [f"minimum {points.minima_number[done + at]}: {why}" for at, why in result.refused]
        done += len(rows)
    known = len(assimilation.index.minima)
    first = 0
    for task in (one for one in results if isinstance(one, StatesResult)):
        evaluations += task.found.evaluations
        _add_states(assimilation, assembly, points, task, first)
        first += task.size
    assembly.beyond = len(assimilation.index.minima) - known
    commit = assimilation.commit(kind=KIND, tasks=len(results), evaluations=evaluations, seconds=seconds)
    return commit, assembly


def _add_states(
    assimilation: Assimilation, assembly: Assembly, points: FilePoints, task: StatesResult, first: int
) -> None:
    """Add the transition states of a task, whose first point is number `first` of the file."""
    rows = assimilation.add_distinct(task.found.minima, counted=False)
    states, refused = task.found.transition_states, dict(task.refused)
    for place, at in enumerate(task.found.search.tolist()):
        ends = np.sort(rows[states.minima[place]])
        if not assimilation.is_above(float(states.energy[place]), ends):
            refused[at] = "no higher than one of its minima"
            continue
        assembly.states_row[first + at], _ = assimilation.add_transition_state(states, place, ends, np.full(2, NONE))
        said = np.sort(assembly.minima_row[points.pairs[first + at]])
        assembly.other_pairs += bool((said != ends).any())
    assembly.refused += [
        f"transition state {points.states_number[first + at]}: {why}" for at, why in sorted(refused.items())
    ]
