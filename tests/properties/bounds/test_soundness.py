"""Certificates of networks with huge and nearly equal weights, in exact rational arithmetic and as computed."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch

from landscape.properties.bounds.certificates import certified
from landscape.properties.bounds.crown import relax_network
from landscape.properties.bounds.ibp import margin_lower_bound
from landscape.properties.requirements import require_layers
from tests.properties.small_problems import small_problem, unpack

HUGE = 1e8
HALF_WIDTH = (0.25, 0.125, 0.5)


def exact_margins(theta: np.ndarray, inputs: np.ndarray, target: int) -> list[Fraction]:
    """z_y - z_j of a ReLU network 3-4-3 in exact arithmetic."""
    values = [Fraction(value) for value in inputs.tolist()]
    layers = unpack(theta, [3, 4, 3])
    for weight, bias in layers:
        rows = zip(weight.tolist(), bias.tolist(), strict=True)
        values = [
            sum((Fraction(w) * v for w, v in zip(row, values, strict=True)), Fraction(constant))
            for row, constant in rows
        ]
        if weight is not layers[-1][0]:
            values = [max(value, Fraction(0)) for value in values]
    return [values[target] - value for value in values]


@pytest.mark.parametrize("difference", [0.0, 1e-16, 1e-12, 1e-8])
def test_no_bound_on_a_margin_exceeds_the_exact_margin(difference: float) -> None:
    problem, random = small_problem("relu", [4]), np.random.default_rng(0)
    theta = random.normal(size=(6, problem.n_parameters))
    for parameters in theta:
        (last, bias) = unpack(parameters, [3, 4, 3])[1]
        last[:] = HUGE * (last[0] * (1.0 + difference * random.normal(size=last.shape)))
        bias[:] = HUGE * (bias[0] * (1.0 + difference * random.normal(size=bias.shape)))
    network, half_width = require_layers(problem), torch.tensor(HALF_WIDTH, dtype=torch.float64)
    arguments = network, torch.tensor(theta), problem.inputs, half_width
    targets = problem.targets
    by_intervals = margin_lower_bound(*arguments[:3], targets, half_width)
    bounds = torch.maximum(by_intervals, relax_network(*arguments).margins(targets)).numpy()
    for row, sample in itertools.product(range(len(theta)), range(4)):
        target = int(targets[sample])
        for signs in itertools.product((-1.0, 0.0, 1.0), repeat=3):
            point = problem.inputs[sample].numpy() + np.array(signs) * HALF_WIDTH
            margins = exact_margins(theta[row], point, target)
            for other, margin in enumerate(margins):
                assert other == target or Fraction(bounds[row, sample, other]) <= margin


def test_what_is_certified_is_computed_right() -> None:
    problem, random = small_problem("relu", [4]), np.random.default_rng(0)
    theta = random.normal(size=(300, problem.n_parameters))
    for parameters in theta:
        (last, bias) = unpack(parameters, [3, 4, 3])[1]
        last[:], bias[:] = HUGE * last[0], HUGE * bias[0]
        bias += np.spacing(bias) * random.integers(-30, 31, bias.shape)
    network, half_width = require_layers(problem), torch.full((3,), 1e-3, dtype=torch.float64)
    points = torch.tensor(theta)
    by_method = certified(network, points, problem.inputs, problem.targets, half_width).values()
    right = network.outputs(points, problem.inputs).argmax(2) == problem.targets
    for proven in by_method:
        assert proven.any()
        assert right[proven].all()
