"""A process that commits until it is killed."""

from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from landscape.database.store import open_store
from tests.database.samples import property_rows, sample_commit


def commit_for_ever(path: Path, progress: Connection) -> None:
    """Commit rounds of 50 minima with a property of all, sending the number of rounds after each."""
    store = open_store(path, writable=True)
    progress.send(store.n_rounds)
    while True:
        commit = sample_commit(store, minima=50)
        store.commit(replace(commit, properties=(property_rows(rows=len(commit.hits)),)))
        progress.send(store.n_rounds)
