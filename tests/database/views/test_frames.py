"""Names of columns, and the minima as an xarray data set."""

import json
import sys

import numpy as np
import pytest

from landscape.database.database import Database
from landscape.database.records import Property
from landscape.database.store import Store
from landscape.database.views.frames import column_names
from landscape.declaration import BY_EPSILON
from landscape.errors import DatabaseError
from tests.database.samples import P, measure, property_rows, sample_commit


def stored(values: np.ndarray, description: str, **settings: object) -> Property:
    return Property(values=values, description=description, units="", settings=settings)


@pytest.mark.parametrize(
    ("shape", "description", "epsilon", "names"),
    [
        ((3,), "depth", [0.1], ["depth"]),
        ((3, 2), f"depth{BY_EPSILON}", [0.1, 0.3], ["depth@0.1", "depth@0.3"]),
        ((3, 1), f"depth{BY_EPSILON}", [1e-5], ["depth@1e-05"]),
        ((3, 2), f"depth{BY_EPSILON}", [0.1], ["depth[0]", "depth[1]"]),
        ((3, 2), "depth", [0.1, 0.3], ["depth[0]", "depth[1]"]),
        ((3, 1, 2), f"depth{BY_EPSILON}", [0.1], ["depth[0,0]", "depth[0,1]"]),
    ],
)
def test_columns_are_named_by_epsilon(
    shape: tuple[int, ...], description: str, epsilon: list[float], names: list[str]
) -> None:
    assert column_names("depth", stored(np.zeros(shape), description, epsilon=epsilon)) == names


@pytest.fixture
def db(store: Store) -> Database:
    store.commit(sample_commit(store))
    described = f"accuracy{BY_EPSILON}"
    measure(
        store,
        property_rows("pgd_accuracy", description=described),
        property_rows("other", description=described, values=np.arange(2.0)[:, None], settings={"epsilon": [0.2]}),
        property_rows("trace"),
        property_rows("depth", values=np.array([0.0, 1.0])),
    )
    return Database(store)


def test_frames_have_the_names_of_scripts(db: Database) -> None:
    frame = db.frame()
    assert list(frame.columns)[6:] == [
        "depth",
        "other@0.2",
        "pgd_accuracy@0.1",
        "pgd_accuracy@0.3",
        "trace[0]",
        "trace[1]",
    ]
    np.testing.assert_array_equal(frame["pgd_accuracy@0.3"], [1.0, 3.0, 5.0])
    np.testing.assert_array_equal(frame["other@0.2"], [0.0, 1.0, np.nan])


def test_xarray_has_one_epsilon_coordinate_for_all(db: Database) -> None:
    found = db.to_xarray()
    assert dict(found.sizes) == {"minimum": 3, "parameter": P, "epsilon": 3, "trace_1": 2}
    np.testing.assert_array_equal(found["epsilon"], [0.1, 0.2, 0.3])
    np.testing.assert_array_equal(found["pgd_accuracy"].sel(epsilon=0.3), [1.0, 3.0, 5.0])
    np.testing.assert_array_equal(found["other"].sel(epsilon=0.2), [0.0, 1.0, np.nan])
    assert np.isnan(found["other"].sel(epsilon=0.1)).all()
    np.testing.assert_array_equal(found["parameters"], db.minima.parameters)
    np.testing.assert_array_equal(found["hits"], db.minima.hits)
    assert found["pgd_accuracy"].attrs["units"] == "loss"
    assert json.loads(found["pgd_accuracy"].attrs["settings"]) == {"epsilon": [0.1, 0.3]}
    assert found["hits"].attrs["description"] == "quenches that ended in the minimum"


def test_without_epsilons_there_is_no_such_coordinate(store: Store) -> None:
    store.commit(sample_commit(store))
    assert set(Database(store).to_xarray().coords) == {"minimum"}


@pytest.mark.parametrize("package", ["pandas", "xarray"])
def test_a_missing_package_is_named(db: Database, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DatabaseError, match=f"needs {package}, which is not installed: pip install {package}"):
        db.frame() if package == "pandas" else db.to_xarray()
