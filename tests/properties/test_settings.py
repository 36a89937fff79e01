"""What a measurement is told: one table for run file, command and stored settings, and draws that share nothing."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from landscape.config.fields import Radius
from landscape.config.tables import MeasureConfig
from landscape.errors import ConfigError
from landscape.properties.curvature import sharpness
from landscape.properties.settings import MeasureSettings
from tests.properties.small_problems import small_problem

SETTINGS = MeasureSettings((0.1, 0.3))


def test_the_run_file_and_the_stored_settings_have_the_same_keys_and_defaults() -> None:
    assert asdict(SETTINGS) == MeasureConfig().model_dump() | {"seed": 0}


def test_no_two_purposes_draw_the_same_numbers() -> None:
    problem = small_problem("tanh", [4])
    n_samples, n_inputs = problem.inputs.shape
    directions = sharpness._directions(problem, torch.zeros(1, problem.n_parameters, dtype=torch.float64), 0)
    draws = [
        SETTINGS.noise(n_samples, n_inputs).ravel(),
        SETTINGS.offsets(n_samples, n_inputs).ravel(),
        directions[:, 1:].numpy().ravel(),
    ]
    drawn = np.concatenate(draws)
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
def test_unusable_epsilons_are_refused(epsilon: tuple[Radius, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MeasureSettings(epsilon)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, -1) for name in ("pgd_steps", "pgd_restarts", "seed", "apgd_steps", "search_queries", "noise_draws")),
        ("distance_limit", 0.0),
        ("input_bounds", (1.0, 0.0)),
        ("input_bounds", (0.0,)),
    ],
)
def test_unusable_effort_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=name):
        replace(SETTINGS, **{name: value})  # type: ignore[arg-type]
