"""The list of what was measured, of made-up values."""

from dataclasses import replace

import numpy as np

from landscape.database.database import Database
from landscape.database.records import PropertyRows
from landscape.declaration import BY_EPSILON
from landscape.studies.contents import contents
from tests.database.samples import new_store, sample_commit


def rows(name: str, values: np.ndarray, description: str, **settings: object) -> PropertyRows:
    return PropertyRows(
        target="minima", name=name, start=0, values=values, description=description, units="energy", settings=settings
    )


def test_each_property_has_its_epsilons_settings_and_number_of_rows() -> None:
    store = new_store(None)
    commit = sample_commit(store, minima=3)
    table = np.array([[0.5, 0.25], [0.5, np.nan], [np.nan, np.nan]])
    measured = (
        rows("attacked", table, f"worst loss{BY_EPSILON}", group="robustness", epsilon=[0.1, [0.2, 0.3]], steps=4),
        rows("largest", np.ones(2), "largest eigenvalue", group="curvature"),
        rows("block", np.ones((3, 2, 2)), "a block", group="curvature"),
        rows("plain", np.ones((3, 2)), f"without settings{BY_EPSILON}"),
    )
    store.commit(replace(commit, properties=measured))
    lines = [" ".join(line.split()) for line in contents(Database(store))]
    assert lines[0] == "minima: 3, 4 properties"
    assert "1. group robustness: epsilon = [0.1, [0.2, 0.3]], steps = 4" in lines
    assert "attacked @0.1,[0.2, 0.3] 2 of 3 energy worst loss" in lines
    assert "largest 1 2 of 3 energy largest eigenvalue" in lines
    assert "block 2 x 2 all energy a block" in lines
    assert "plain 2 all energy without settings" in lines
    assert lines.count("2. group curvature") == 1
    assert any(line.startswith("transition states: 2, 0 properties") for line in lines)


def test_a_database_without_points_says_so() -> None:
    assert list(contents(Database(new_store(None)))) == ["no points yet: find some with 'landscape run'"]
