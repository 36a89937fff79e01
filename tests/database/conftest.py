from collections.abc import Iterator
from pathlib import Path

import pytest

from landscape.database.store import Store
from tests.database.samples import new_store


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of either kind: tests must hold for both."""
    made = new_store(None if request.param == "memory" else tmp_path / "sample.h5")
    yield made
    made.close()
