"""A database file that tests damage."""

from pathlib import Path

import pytest

from tests.database.samples import measure, new_store, property_rows, sample_commit


@pytest.fixture(scope="package")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database of two rounds and a property."""
    path = tmp_path_factory.mktemp("whole") / "a.h5"
    store = new_store(path)
    store.commit(sample_commit(store))
    measure(store, property_rows(rows=3))
    store.close()
    return path.read_bytes()


@pytest.fixture
def path(whole: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "a.h5"
    path.write_bytes(whole)
    return path
