"""Two short searches of XOR with different seeds, which know a part of its points."""

from pathlib import Path
from typing import Any

import pytest

import landscape
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.exchange.formats import FORMATS, chosen_rows, exported
from tests.campaign.xor import HASTE, xor

RUN = """
[problem]
dataset = "xor"
standardise = false
hidden = [2]
l2 = 1e-2
[basin_hopping]
walkers = 8
round_steps = 1
"""


def searched(path: Path, seed: int) -> Path:
    tables: dict[str, Any] = {"connect": {"pairs": 3, "rounds": 1, "single_ended": 3}, "measure": HASTE}
    landscape.explore(xor(), path=path, walkers=3, steps=2, seed=seed, **tables).close()
    return path


@pytest.fixture(scope="package")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search with seed 0; do not change it."""
    return searched(tmp_path_factory.mktemp("first") / "first.h5", 0)


@pytest.fixture(scope="package")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search with seed 3; do not change it."""
    return searched(tmp_path_factory.mktemp("second") / "second.h5", 3)


def written(file: Path, folder: Path, name: str, rows: tuple[int, ...] = ()) -> Path:
    """The folder of an export in the format `name`."""
    with Database(open_store(file)) as db:
        exported(db, folder, FORMATS[name], chosen_rows(db, rows, None))
    return folder


@pytest.fixture
def db(first: Path) -> Database:
    return Database(open_store(first))


@pytest.fixture(scope="package")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run file of the problem."""
    path = tmp_path_factory.mktemp("run") / "xor.toml"
    path.write_text(RUN)
    return path
