"""A pool that gives up a round, as a user does who stops a campaign there."""

from landscape.campaign.context import Context
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.pools.pool import Abandoned
from landscape.database.database import Database


class StoppingPool(LocalPool):
    """Gives up the round after `rounds` more of them; with None it gives up none."""

    def __init__(self, context: Context, db: Database, rounds: int | None) -> None:
        super().__init__(context.execute)
        self._db, self._last = db, None if rounds is None else len(db.rounds) + rounds

    def run(self, *arguments: object) -> list[object]:
        if len(self._db.rounds) == self._last:
            raise Abandoned
        return super().run(*arguments)  # type: ignore[arg-type] # handed on as they came
