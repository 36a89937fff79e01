"""The settings of a measurement, one table for run file, command and database, and draws that are independent."""

import json

import numpy as np
import pytest
import torch

from landscape.config.tables import MeasureConfig
from landscape.errors import ConfigError, PropertyError
from landscape.properties import draws
from landscape.properties.curvature import sharpness
from landscape.properties.measure import measure
from landscape.properties.measurement import prepare, stored_settings
from tests.properties.small_problems import small_problem

SETTINGS = MeasureConfig()


def test_the_run_file_and_the_stored_settings_have_the_same_keys_and_values() -> None:
    stored = stored_settings(MeasureConfig(epsilon=(0.1, (0.2, 0.3))), 7)
    assert stored == {**SETTINGS.model_dump(), "epsilon": [0.1, [0.2, 0.3]], "input_bounds": [], "seed": 7}


def test_stored_settings_are_what_json_gives_back_in_the_order_of_all_databases() -> None:
    stored = stored_settings(SETTINGS, 0)
    assert json.loads(json.dumps(stored)) == stored
    assert list(stored) == [
        "epsilon",
        "pgd_steps",
        "pgd_restarts",
        "seed",
        "input_bounds",
        "apgd_steps",
        "search_queries",
        "noise_draws",
        "distance_limit",
    ]


def test_no_two_purposes_draw_the_same_numbers() -> None:
    problem = small_problem("tanh", [4])
    shape = tuple(problem.inputs.shape)
    directions = sharpness._directions(problem, torch.zeros(1, problem.n_parameters, dtype=torch.float64), 0)
    drawn = np.concatenate(
        [
            draws.noise(SETTINGS, 0, *shape).ravel(),
            draws.offsets(SETTINGS, 0, *shape).ravel(),
            directions[:, 1:].numpy().ravel(),
        ]
    )
    assert len(np.unique(drawn)) == len(drawn)


@pytest.mark.parametrize(
    ("epsilon", "message"),
    [
        ((), "at least one"),
        ((0.0,), "greater than 0, found 0.0"),
        ((-0.1,), "greater than 0, found -0.1"),
        ((float("nan"),), "finite"),
        ((float("inf"),), "finite"),
        (((),), "at least one"),
        (((0.1, -0.1),), "greater than 0, found -0.1"),
        ((0.3, 0.1), "rising"),
    ],
)
def test_unusable_epsilons_are_refused(epsilon: tuple[object, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MeasureConfig.from_table({"epsilon": epsilon})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, -1) for name in ("pgd_steps", "pgd_restarts", "apgd_steps", "search_queries", "noise_draws")),
        ("distance_limit", 0.0),
        ("input_bounds", (1.0, 0.0)),
        ("input_bounds", (0.0,)),
    ],
)
def test_unusable_effort_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=name):
        MeasureConfig.from_table({name: value})


def test_a_negative_seed_is_refused() -> None:
    problem = small_problem("tanh", [4])
    with pytest.raises(PropertyError, match="seed must be a whole number >= 0, found -1"):
        prepare(problem, SETTINGS, -1)
    with pytest.raises(PropertyError, match="seed"):
        measure(problem, np.zeros((1, problem.n_parameters)), ["robustness"], SETTINGS, seed=-1)
