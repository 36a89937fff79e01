"""Files that a page offers, read by other programs."""

import base64
import json
import struct
from typing import Any

import numpy as np
from safetensors.numpy import load

from landscape.problems.networks.symmetry import NoSymmetry
from landscape.problems.problem import Problem
from landscape.report.data import page_data
from landscape.report.downloads import pathsample, safetensors
from tests.analysis.synthetic import record
from tests.report.pages import synthetic

XOR: dict[str, Any] = {"dataset": "xor", "standardise": False, "l2": 1e-2}


def test_min_data_and_ts_data_are_those_of_the_tables() -> None:
    db = synthetic(40)
    data = page_data(db, NoSymmetry(), 30)
    texts = pathsample(data, NoSymmetry())
    below = np.array([line.split() for line in texts["min.data"].splitlines()], dtype=np.float64)
    above = np.array([line.split() for line in texts["ts.data"].splitlines()], dtype=np.float64)
    lowest = np.argsort(db.minima.energy)[:30]
    np.testing.assert_array_equal(below[:, 0], db.minima.energy[lowest])
    np.testing.assert_array_equal(below[:, 1], db.minima.log_determinant[lowest])
    inside = np.isin(db.transition_states.minima, lowest).all(axis=1)
    np.testing.assert_array_equal(above[:, 0], db.transition_states.energy[inside])
    rows = lowest[above[:, 3:5].astype(np.int64) - 1]
    np.testing.assert_array_equal(np.sort(rows), np.sort(db.transition_states.minima[inside]))
    assert (above[:, 3] <= above[:, 4]).all()
    np.testing.assert_allclose(below[:, 2], 8.0 / np.exp(db.minima.log_orbit_size[lowest]))
    np.testing.assert_array_equal(above[:, 2], 8.0)
    assert below.shape[1] == 6
    assert above.shape[1] == 8


def test_the_state_dict_is_that_of_the_module() -> None:
    problem = Problem(hidden=[2], **XOR)
    data = page_data(synthetic(20, measured=False), NoSymmetry(), 20)
    theta = np.random.default_rng(0).normal(size=(20, problem.n_parameters))
    object.__setattr__(data, "parameters", theta)
    made = safetensors(data, problem)
    values = base64.b64decode(made["values"])
    header = made["header"].encode()
    for place in (0, 19):
        part = values[place * made["bytes"] : (place + 1) * made["bytes"]]
        found = load(struct.pack("<Q", len(header)) + header + part)
        expected = problem.module(theta[place]).state_dict()
        assert found.keys() == expected.keys()
        for name, tensor in expected.items():
            np.testing.assert_array_equal(found[name], tensor.numpy())
    assert made["minima"] == 20
    assert json.loads(made["header"])


def test_without_a_network_there_are_no_weights_and_without_determinants_no_files() -> None:
    db = synthetic(20, problem=record())
    data = page_data(db, NoSymmetry(), 20)
    assert safetensors(data, None) == {}
    object.__setattr__(data, "log_determinant", np.full(20, np.nan))
    assert pathsample(data, NoSymmetry()) == {}


def test_where_an_order_is_too_large_there_are_no_files() -> None:
    data = page_data(synthetic(20, problem=record()), NoSymmetry(), 20)
    assert pathsample(data, NoSymmetry()) != {}
    object.__setattr__(data, "log_orbit_size", np.append(data.log_orbit_size[:-1], -1000.0))
    assert pathsample(data, NoSymmetry()) == {}
