"""Rounds that survey the landscape: properties that depend on all of it, made again where it has changed."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from landscape.database.records import Commit, PropertyRows
from landscape.database.tables import Tables
from landscape.explore.assimilation import Assimilation, Known
from landscape.explore.context import Context
from landscape.explore.phases import Plan, rounds_done


class Survey(ABC):
    """The round that makes properties of a table, `depth` among them, where what `counts` tells has changed."""

    kind: str
    target: str

    def __init__(self, context: Context, known: Known) -> None:
        self.context, self.known = context, known

    def planned_rounds(self, tables: Tables) -> int:
        """Those done, and one more if the landscape has changed."""
        return rounds_done(tables, self.kind) + (self.plan(tables) is not None)

    def plan(self, tables: Tables) -> Plan | None:
        """A round without tasks: the coordinator does it while assimilating."""
        stored = tables.properties[self.target].get("depth")
        current = stored is not None and dict(stored.settings) == self.counts(tables)
        return None if current or not len(tables.minima) else Plan(tasks=())

    def assimilate(self, tables: Tables, plan: Plan, results: Sequence[object], seconds: float) -> Commit:
        """Adds the properties."""
        del results
        return Assimilation(self.known, tables).commit(
            kind=self.kind, tasks=len(plan.tasks), evaluations=0, seconds=seconds, properties=self.rows(tables)
        )

    def counts(self, tables: Tables) -> dict[str, object]:
        """The sizes of the tables that the properties depend on: their settings."""
        return {"minima": len(tables.minima), "transition_states": len(tables.transition_states)}

    @abstractmethod
    def rows(self, tables: Tables) -> tuple[PropertyRows, ...]:
        """The properties, of all rows of the table."""
