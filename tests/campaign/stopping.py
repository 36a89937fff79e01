"""A pool that gives up a round, as if a user stopped the campaign in it."""

from landscape.campaign.context import Context
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.pools.pool import Abandoned
from landscape.database.database import Database


class StoppingPool(LocalPool):
    """Gives up the round after `rounds` further rounds; none for None."""

    def __init__(self, context: Context, db: Database, rounds: int | None) -> None:
        super().__init__(context.execute)
        self._db, self._last = db, None if rounds is None else len(db.rounds) + rounds

    def run(self, *arguments: object) -> list[object]:
        if len(self._db.rounds) == self._last:
            raise Abandoned
        return super().run(*arguments)  # type: ignore[arg-type] # handed on as they came
