"""Columns by name, and their comparison."""

import numpy as np
import pytest

from landscape.database.database import Database
from landscape.database.records import Property
from landscape.errors import PropertyError
from landscape.studies.columns import Column, column, column_family, known_names, property_columns
from landscape.studies.minima_table import _ranked_differently, compare
from tests.analysis.synthetic import build_store, funnel


@pytest.fixture
def db() -> Database:
    return Database(build_store(None, funnel(12)))


def test_columns_of_all_three_sources(db: Database) -> None:
    np.testing.assert_array_equal(column(db, "depth").values, db.minima.energy - db.minima.energy.min())
    np.testing.assert_array_equal(column(db, "hits").values, db.minima.hits)
    trace = column(db, "hessian_trace")
    np.testing.assert_array_equal(trace.values, db.properties("minima")["hessian_trace"].values)
    assert (trace.description, trace.units) == ("trace of the Hessian", "energy")
    assert {"depth", "hits", "hessian_trace"} <= set(known_names(db))


@pytest.mark.parametrize(
    "name", ["robust_accuracy@0.3", "robust_accuracy@0.30", "robust_accuracy@3e-1", "robust_accuracy[1]"]
)
def test_one_epsilon_by_value_or_index(db: Database, name: str) -> None:
    found = column(db, name)
    np.testing.assert_array_equal(found.values, db.properties("minima")["robust_accuracy"].values[:, 1])
    assert (found.name, found.property, found.epsilon) == ("robust_accuracy@0.3", "robust_accuracy", 0.3)
    assert found.description == "accuracy under all attacks, at epsilon 0.3"


def test_epsilons_that_agree_in_six_digits_have_names_of_their_own() -> None:
    settings, values = {"epsilon": [1.0, 1.0000001, 1e-05]}, np.arange(6.0).reshape(2, 3)
    stored = Property(values=values, description="accuracy, one column an epsilon", units="", settings=settings)
    assert [one.name for one in property_columns("a", stored)] == ["a@1", "a@1.0000001", "a@1e-05"]


@pytest.mark.parametrize(
    "name", ["robust_accuracy", "robust_accuracy@0.2", "robust_accuracy[2]", "robust_accuracy@wide"]
)
def test_a_property_with_several_values_must_be_selected(db: Database, name: str) -> None:
    with pytest.raises(PropertyError, match=r"one of robust_accuracy@0.1, robust_accuracy@0.3, found 'robust_accuracy"):
        column(db, name)


@pytest.mark.parametrize(("name", "near"), [("hessian_trase", "hessian_trace"), ("dept", "depth")])
def test_an_unknown_name_is_told_the_nearest(db: Database, name: str, near: str) -> None:
    with pytest.raises(PropertyError, match=f"'{name}'.*'{near}'"):
        column(db, name)


@pytest.mark.parametrize("name", ["", "@", "[1]", "depth@", "depth[1]"])
def test_malformed_names_are_property_errors(db: Database, name: str) -> None:
    with pytest.raises(PropertyError):
        column(db, name)


def test_families(db: Database) -> None:
    assert [one.name for one in column_family(db, "adversarial_loss")] == [
        "adversarial_loss@0.1",
        "adversarial_loss@0.3",
    ]
    assert [one.name for one in column_family(db, "energy")] == ["energy"]


def test_comparison_of_one_database(db: Database) -> None:
    found = compare([db])
    assert list(found.measures) == ["depth", "escape_barrier", "barrier_to_global", "hessian_trace", "hessian_largest"]
    assert found.robustness_signs == {
        "robust_accuracy@0.1": 1,
        "robust_accuracy@0.3": 1,
        "adversarial_loss@0.1": -1,
        "adversarial_loss@0.3": -1,
    }
    assert (found.minima, found.distinct) == (12, 12)


def test_measures_without_l2_that_rank_minima_as_those_with_it_are_left_out() -> None:
    values = {
        "keskar_sharpness": np.array([3.0, 1.0, 2.0, 1.0]),
        "task_keskar_sharpness": np.array([9.0, 7.0, 2.0, 1.0]),  # the same order within both landscapes
        "sam_sharpness": np.array([3.0, 1.0, 2.0, 1.0]),
        "task_sam_sharpness": np.array([3.0, 1.0, 1.0, 2.0]),
        "task_squared_fisher_rao_norm": np.arange(4.0),
    }
    columns = {
        name: Column(name=name, property=name, epsilon=None, description="", units="", values=one)
        for name, one in values.items()
    }
    found = _ranked_differently(columns, np.array([0, 0, 1, 1]))
    assert list(found) == [name for name in values if name != "task_keskar_sharpness"]


def test_mirror_images_count_once() -> None:
    parameters, energy, pairs, ts_energy = funnel(12)
    points = np.tile(parameters, (2, 1)), np.tile(energy, 2), pairs[:0], ts_energy[:0]
    found = compare([Database(build_store(None, points))])
    assert (found.minima, found.distinct) == (24, 12)
    assert all(len(one.values) == 12 for one in (*found.measures.values(), *found.robustness.values()))
    assert len(found.controls["squared_norm"]) == 12


def test_robustness_must_have_been_measured() -> None:
    with pytest.raises(PropertyError, match=r"measured robustness .*'landscape measure'"):
        compare([Database(build_store(None, funnel(12), measured=False))])


def test_there_must_be_minima() -> None:
    with pytest.raises(PropertyError, match="Expected minima to compare, found none"):
        compare([Database(build_store(None, funnel(0), measured=False))])


def test_databases_of_one_problem_are_one_landscape() -> None:
    databases = [Database(build_store(None, funnel(10), l2=l2)) for l2 in (1e-3, 1e-4, 1e-3)]
    found = compare(databases)
    assert [(one.minima, one.distinct) for one in found.landscapes] == [(20, 10), (10, 10)]
    assert found.landscape.tolist() == [0] * 10 + [1] * 10


def test_databases_are_pooled_by_landscape() -> None:
    databases = [Database(build_store(None, funnel(10, seed), l2=l2)) for seed, l2 in ((0, 1e-3), (1, 1e-4))]
    found = compare(databases)
    assert found.landscape.tolist() == [0] * 10 + [1] * 10
    assert found.measures["depth"].values[:10].min() == 0.0
    assert found.measures["depth"].values[10:].min() == 0.0


def part(minima: np.ndarray, states: np.ndarray) -> Database:
    """Some minima of a funnel of 12, with the given transition states that join two of them."""
    parameters, energy, pairs, ts_energy = funnel(12)
    row = np.full(12, -1)
    row[minima] = np.arange(len(minima))
    states = states[(row[pairs[states]] >= 0).all(axis=1)]
    return Database(build_store(None, (parameters[minima], energy[minima], row[pairs[states]], ts_energy[states])))


@pytest.mark.parametrize("order", [1, -1])
def test_a_database_without_the_lowest_minimum_adds_nothing_to_one_with_all(order: int) -> None:
    energy, states = funnel(12)[1], np.arange(len(funnel(12)[2]))
    whole, one = part(np.arange(12), states), part(np.array([energy.argmax()]), states)
    found, alone = compare([whole, one][::order]), compare([whole])
    assert [(landscape.minima, landscape.distinct) for landscape in found.landscapes] == [(13, 12)]
    for name in ("depth", "escape_barrier", "barrier_to_global"):
        np.testing.assert_array_equal(np.sort(found.measures[name].values), np.sort(alone.measures[name].values))


def test_barriers_are_those_of_the_transition_states_of_all_databases() -> None:
    everything, count = np.arange(12), len(funnel(12)[2])
    parts = [part(everything, np.arange(start, count, 9)) for start in range(9)]
    found, whole = compare(parts), compare([part(everything, np.arange(count))])
    assert found.distinct == 12
    for name in ("escape_barrier", "barrier_to_global"):
        assert np.isnan([column(one, name).values for one in parts]).any()
        np.testing.assert_array_equal(found.measures[name].values, whole.measures[name].values)


def test_barriers_of_several_landscapes_are_their_own() -> None:
    databases = [Database(build_store(None, funnel(10, seed), l2=l2)) for seed, l2 in ((0, 1e-3), (1, 1e-4))]
    found = compare(databases)
    for name in ("escape_barrier", "barrier_to_global"):
        expected = np.concatenate([column(db, name).values for db in databases])
        np.testing.assert_array_equal(found.measures[name].values, expected)


def test_one_column_a_layer_is_none_an_epsilon() -> None:
    description, settings = "spectral norm, one column a layer", {"epsilon": [0.1, 0.3]}
    stored = Property(values=np.ones((12, 2)), description=description, units="", settings=settings)
    assert [one.name for one in property_columns("spectral_norm", stored)] == ["spectral_norm[0]", "spectral_norm[1]"]
