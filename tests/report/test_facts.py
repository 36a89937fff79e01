"""The document that the scripts of a page read."""

import json
import math

import numpy as np
import pytest

from landscape.problems.networks.symmetry import NoSymmetry
from landscape.report.data import page_data
from landscape.report.facts import as_json, facts_of, known_numbers
from tests.report.pages import POINTS, synthetic

HOSTILE = "</script><script>alert(1)</script><!-- & ' \" \u2028"


def test_json_cannot_end_its_element_and_reads_back() -> None:
    text = as_json({"name": HOSTILE, HOSTILE: [1.5, None]})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"name": HOSTILE, HOSTILE: [1.5, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json(math.nan)


def test_numbers_that_are_not_finite_are_none() -> None:
    assert known_numbers([1.0, math.nan, -math.inf]) == [1.0, None, None]


def test_the_facts_are_those_of_the_database() -> None:
    db = synthetic(60)
    facts = json.loads(as_json(facts_of(page_data(db, NoSymmetry(), 50), NoSymmetry(), None)))
    lowest = np.argsort(db.minima.energy)[:50]
    assert facts["rows"] == lowest.tolist()
    columns = {one["name"]: one for one in facts["columns"]}
    assert columns["energy"]["values"] == db.minima.energy[lowest].tolist()
    robust = db.properties("minima")["robust_accuracy"].values
    assert columns["robust_accuracy@0.3"]["values"] == robust[lowest, 1].tolist()
    assert columns["robust_accuracy@0.3"]["epsilon"] == 0.3
    assert facts["first"] == "robust_accuracy"
    occupation = np.array(facts["occupation"])
    assert occupation.shape == (len(facts["temperature"]), 50)
    assert (occupation.sum(axis=1) <= 1.0 + 1e-3).all()


def test_ways_lead_through_states_that_join_their_minima_and_have_profiles() -> None:
    db = synthetic(60)
    facts = facts_of(page_data(db, NoSymmetry(), 50), NoSymmetry(), None)
    for row, energy, following, state, height in facts["ways"].values():
        assert energy == db.minima.energy[row]
        if following < 0:
            assert (state, height) == (-1, None)
            continue
        assert set(db.transition_states.minima[state].tolist()) == {row, facts["ways"][str(following)][0]}
        assert height == db.transition_states.energy[state]
        profile = facts["paths"][str(state)]
        assert profile["from"] == db.transition_states.minima[state, 0]
        assert len(profile["energy"]) == len(profile["distance"]) == len(profile["loss"]) == POINTS
        assert profile["distance"][0] == 0.0
