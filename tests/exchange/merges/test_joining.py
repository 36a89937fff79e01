"""Saddles of several files in one table: each once, with the round that found it first."""

from collections.abc import Sequence

from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.database.database import Database
from landscape.exchange.merges.joining import Joining
from tests.campaign.points import minima, plane, saddles, store_of

CONTEXT = plane()


def database(places: Sequence[float]) -> Database:
    """Two rounds: one that found a minimum, and one that found saddles at these places."""
    store = store_of(CONTEXT)
    for number, kind in enumerate(("basin_hopping", "saddles")):
        assimilation = Assimilation(LandscapeIndex(CONTEXT, store.tables), store.tables)
        assimilation.add_minima(minima([0.0]), counted=True)
        if kind == "saddles":
            assimilation.add_saddles(saddles(places, [2] * len(places), number))
        store.commit(assimilation.commit(kind=kind, tasks=1, evaluations=1, seconds=0.0))
    return Database(store)


def test_saddles_are_joined() -> None:
    joining = Joining(CONTEXT)
    for places in ([0.0, 1.0], [2.0, 1.0, 3.0]):
        joining.add(database(places))
    found = joining.saddles()
    assert found.parameters[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert found.round.tolist() == [1, 1, 3, 3]
