import csv

import numpy as np
import pytest

from landscape.database.database import Database
from landscape.database.records import Minima
from landscape.errors import PropertyError
from landscape.studies.thermal.curves import REST, UNKNOWN, csv_text, suggested_temperatures, thermodynamics, wells_of
from landscape.studies.thermal.curves_text import thermodynamics_text
from landscape.thermodynamics.superposition import occupations
from tests.analysis.synthetic import (
    EPSILON,
    SAMPLES,
    build_store,
    funnel,
    made_up_store,
    minima,
    properties,
    property_rows,
    transition_states,
)
from tests.thermodynamics.landscapes import random_landscape

POINTS = funnel(40)


def database(*, slope: float = -0.1) -> Database:
    return Database(build_store(None, POINTS, slope=slope))


def changed(**columns: np.ndarray) -> Database:
    """The database with other columns of its minima, not measured."""
    parameters, energy, pairs, ts_energy = POINTS
    own = minima(parameters, energy)
    below = Minima(**({name: getattr(own, name) for name in own.column_names()} | columns))
    return Database(made_up_store(None, below, transition_states(pairs, ts_energy), ()))


def test_averages_are_those_of_the_stored_columns() -> None:
    db = database()
    found = thermodynamics(db, np.array([0.05, 0.01]))
    np.testing.assert_array_equal(found.curves.temperature, [0.01, 0.05])
    assert list(found.averages) == [
        f"{name}@{eps}" for name in ("robust_accuracy", "adversarial_loss") for eps in EPSILON
    ]
    stored = db.properties("minima")["robust_accuracy"].values
    expected = occupations(*wells_of(db), np.array([0.01, 0.05])) @ stored
    for column, epsilon in enumerate(EPSILON):
        np.testing.assert_allclose(found.averages[f"robust_accuracy@{epsilon}"].value, expected[:, column], rtol=1e-12)


def test_temperatures_are_chosen_from_a_pure_minimum_to_crossed_barriers_and_have_the_posterior() -> None:
    found = thermodynamics(database())
    temperature = found.curves.temperature
    assert 1.0 - found.curves.lowest_occupation[0] <= REST
    assert found.posterior == 1.0 / SAMPLES
    assert found.posterior in temperature
    assert found.highest <= temperature[-1]
    assert (np.diff(temperature) > 0.0).all()
    assert found.in_range.tolist() == (temperature <= found.highest).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_the_lowest_suggested_temperature_is_low_enough_whatever_the_volumes(seed: int) -> None:
    low, _ = random_landscape(seed, 30, 0)
    wells = (low.energy, 40.0 * low.log_determinant, 10.0 * low.log_orbit_size)
    coldest = suggested_temperatures(wells, float("nan"), float("nan"))[0]
    assert 1.0 - occupations(*wells, coldest)[np.argmin(low.energy)] <= REST


def test_an_average_is_given_where_minima_without_a_value_are_hardly_occupied() -> None:
    parameters, energy, pairs, ts_energy = POINTS
    known = properties(parameters, energy, -0.1)
    partly = np.full((len(energy), 2), 0.5)
    partly[3:5, 1] = np.nan
    db = Database(
        made_up_store(
            None,
            minima(parameters, energy),
            transition_states(pairs, ts_energy),
            (*known, property_rows("minima", "noise_accuracy", partly, "accuracy under noise, one column an epsilon")),
        )
    )
    found = thermodynamics(db, np.geomspace(1e-4, 10.0, 9))
    assert found.unknown == {"noise_accuracy@0.3": 2}
    assert "noise_accuracy@0.1" in found.averages
    said = (
        "noise_accuracy@0.3: not known for 2 of 40 minima; R is given where these have less than 0.1% of the occupation"
    )
    assert said in list(thermodynamics_text(found))
    missing = occupations(*wells_of(db), found.curves.temperature)[:, 3:5].sum(axis=1)
    given = np.isfinite(found.averages["noise_accuracy@0.3"].value)
    assert given.tolist() == (missing <= UNKNOWN).tolist()
    assert 0 < given.sum() < len(given)
    np.testing.assert_allclose(found.averages["noise_accuracy@0.3"].value[given], 0.5)


@pytest.mark.parametrize(("slope", "words"), [(-0.5, "falls"), (0.5, "rises")])
def test_words_follow_the_sign_of_accuracies_and_losses(slope: float, words: str) -> None:
    text = list(thermodynamics_text(thermodynamics(database(slope=slope))))
    lines = [line for line in text if "dR/dT" in line and line.endswith("with T")]
    assert len(lines) == 4
    assert all(line.endswith(f"robustness {words} with T") for line in lines)


def test_rows_are_marked_beyond_the_range_and_at_the_posterior() -> None:
    found = thermodynamics(database())
    lines = list(thermodynamics_text(found))
    table = lines[next(place for place, line in enumerate(lines) if "heat capacity" in line and "exp(S)" in line) + 1 :]
    rows = table[: len(found.curves.temperature)]
    assert [line[:2].strip() for line in rows] == [
        ("" if inside else ">") + ("N" if temperature == found.posterior else "")
        for inside, temperature in zip(found.in_range, found.curves.temperature, strict=True)
    ]


def test_the_file_has_all_digits() -> None:
    found = thermodynamics(database())
    rows = list(csv.DictReader(csv_text(found).splitlines()))
    np.testing.assert_array_equal([float(row["temperature"]) for row in rows], found.curves.temperature)
    np.testing.assert_array_equal([float(row["heat_capacity"]) for row in rows], found.curves.heat_capacity)
    slopes = found.averages["robust_accuracy@0.3"].slope
    np.testing.assert_array_equal([float(row["slope_of_robust_accuracy@0.3"]) for row in rows], slopes)


def test_without_transition_states_the_range_is_unknown() -> None:
    parameters, energy, _, _ = POINTS
    empty = transition_states(np.empty((0, 2), dtype=np.int64), np.empty(0))
    found = thermodynamics(Database(made_up_store(None, minima(parameters, energy), empty, ())))
    assert np.isnan(found.highest)
    assert not found.in_range.any()
    lines = list(thermodynamics_text(found))
    assert any(line.startswith("range unknown") for line in lines)
    assert lines[-1] == "no robustness is known: 'landscape measure' adds it"


def test_minima_without_wells_are_refused() -> None:
    flat = np.full(40, 1e-3)
    flat[7] = -1e-9
    with pytest.raises(PropertyError, match="expected positive Hessian eigenvalues at all minima, found 1 of 40"):
        thermodynamics(changed(lowest_eigenvalue=flat))
    unknown = np.full(40, np.nan)
    with pytest.raises(PropertyError, match="expected log_determinant of all stationary points, found none for 40"):
        thermodynamics(changed(log_determinant=unknown))
    with pytest.raises(PropertyError, match="expected temperatures above 0"):
        thermodynamics(database(), np.array([0.1, -0.1]))


def test_one_minimum_has_temperatures_from_its_barrier() -> None:
    """With P = 2 parameters and one degenerate rearrangement, of barrier 0.5."""
    alone = (np.zeros((1, 2)), np.ones(1), np.zeros((1, 2), dtype=np.int64), np.array([1.5]))
    found = thermodynamics(Database(build_store(None, alone)))
    assert found.highest == pytest.approx(0.5)
    assert (found.curves.effective_minima == 1.0).all()
    assert found.peaks == []
