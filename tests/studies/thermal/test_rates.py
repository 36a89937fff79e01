import math

import numpy as np
import pytest

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.studies.thermal.rates import kinetics
from landscape.studies.thermal.rates_text import power, rates_text
from tests.analysis.synthetic import build_store, funnel

POINTS = funnel(40)


def database() -> Database:
    return Database(build_store(None, POINTS))


def test_both_ways_agree_with_linear_algebra_and_with_detailed_balance() -> None:
    found = kinetics(database(), [3, 5], [0], 0.01, "tst")
    there, back = found.ways
    for way in found.ways:
        assert way.direct == pytest.approx(way.rates.log_mean_time, rel=1e-9)
        assert way.rates.log_rate >= -way.rates.log_mean_time - 1e-12
    flux = found.occupation[[3, 5]].sum() * np.exp(there.rates.log_steady_state)
    assert found.occupation[0] * np.exp(back.rates.log_steady_state) == pytest.approx(flux, rel=1e-10)
    assert found.committor[0] == 1.0
    assert found.committor[3] == found.committor[5] == 0.0


def test_barriers_are_climbs_from_the_first_minimum_of_a_path() -> None:
    db = database()
    found = kinetics(db, [3], [0], 0.01, "kramers")
    energy, states = db.minima.energy, db.transition_states.energy
    assert found.lowest_barrier == pytest.approx(states[list(found.lowest.states)].max() - energy[3])
    assert found.ways[0].barrier >= found.lowest_barrier
    assert found.ways[1].fastest.minima == found.ways[0].fastest.minima[::-1]  # of single minima, by detailed balance


def test_the_text_names_dynamics_range_rates_and_paths() -> None:
    lines = list(rates_text(kinetics(database(), [3, 5], [0], 0.5, "kramers")))
    assert lines[0].startswith("T = 0.5, kramers: Eyring-Kramers rates of gradient flow with noise")
    assert lines[1].endswith("so T is BEYOND the range")
    assert "from 3, 5 to 0" in lines
    assert "from 0 to 3, 5" in lines
    assert sum(line.startswith("fastest path") for line in lines) == 2
    assert any(line.startswith("committors: ") for line in lines)


def test_what_linear_algebra_loses_is_said() -> None:
    lines = list(rates_text(kinetics(database(), [3], [0], 1e-5, "kramers")))
    assert any("lost to rounding" in line for line in lines)


def test_a_landscape_without_states_has_no_rates() -> None:
    parameters, energy, _, _ = POINTS
    alone = Database(build_store(None, (parameters, energy, np.empty((0, 2), dtype=np.int64), np.empty(0))))
    with pytest.raises(PropertyError, match="expected transition states, found none"):
        kinetics(alone, [0], [1], 0.1, "tst")


@pytest.mark.parametrize(
    ("logarithm", "text"),
    [
        (0.0, "1e+0"),
        (math.log(1.5), "1.5e+0"),
        (-2000.0 * math.log(10.0) + math.log(2.5), "2.5e-2000"),
        (math.log(9.9999999), "1e+1"),
        (math.log(123456.0), "1.23456e+5"),
        (-math.inf, "0"),
        (math.inf, "infinite"),
        (math.nan, "unknown"),
    ],
)
def test_numbers_of_any_size_are_written(logarithm: float, text: str) -> None:
    assert power(logarithm) == text
