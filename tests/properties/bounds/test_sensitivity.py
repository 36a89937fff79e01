from decimal import Decimal, localcontext

import numpy as np
import pytest
import torch

from landscape.config.tables import MeasureConfig
from landscape.problems.problem import Problem
from landscape.properties.bounds.boxes import Box, log_odds_box
from landscape.properties.bounds.crown import relax_network
from landscape.properties.bounds.ibp import logit_box
from landscape.properties.bounds.sensitivity import aggregates, log_widths_of, sample_sensitivity, softmax_log_widths
from landscape.properties.measure import measure
from landscape.properties.requirements import require_layers
from tests.properties.minima import iris_minimum
from tests.properties.small_problems import small_problem, unpack


def test_sensitivity_is_the_log_volume_of_the_boxes() -> None:
    problem = small_problem("tanh", [5])
    theta = torch.tensor(np.random.default_rng(5).normal(size=(3, problem.n_parameters)))
    half_widths = torch.tensor([[0.1] * 3, [0.4] * 3], dtype=torch.float64)
    found = sample_sensitivity(problem, theta, problem.inputs, half_widths)
    for column, half_width in enumerate(half_widths):
        logits = logit_box(require_layers(problem), theta, problem.inputs, half_width)
        expected = (logits.upper - logits.lower).log().sum(2)
        torch.testing.assert_close(found["sensitivity_logits"][:, :, column], expected)
        lower, upper = (end.sigmoid() for end in log_odds_box(logits))
        expected = (upper - lower).log().sum(2)
        torch.testing.assert_close(found["sensitivity_softmax"][:, :, column], expected, rtol=1e-9, atol=1e-9)


def test_crown_and_intervals_together_are_the_volume_of_their_intersection() -> None:
    problem, minimum = iris_minimum()
    theta, half_width = torch.tensor(minimum)[None], torch.full((4,), 0.3, dtype=torch.float64)
    found = sample_sensitivity(problem, theta, problem.inputs, half_width[None])
    relaxed = relax_network(require_layers(problem), theta, problem.inputs, half_width)
    tight = relaxed.logits().intersect(logit_box(require_layers(problem), theta, problem.inputs, half_width))
    torch.testing.assert_close(found["sensitivity_logits_crown"][..., 0], (tight.upper - tight.lower).log().sum(2))
    lower, upper = (part.sigmoid() for part in log_odds_box(tight).intersect(relaxed.log_odds()))
    expected = (upper - lower).log().sum(2)
    torch.testing.assert_close(found["sensitivity_softmax_crown"][..., 0], expected, rtol=1e-9, atol=1e-9)


def interval_widths(problem: Problem, theta: np.ndarray, half_width: float) -> np.ndarray:
    """Widths [N, K] of the logits by interval arithmetic in numpy, for tanh."""
    inputs = problem.inputs.numpy()
    lower, upper = inputs - half_width, inputs + half_width
    layers = unpack(theta, [3, 5, 3])
    for number, (weight, bias) in enumerate(layers):
        ends = np.stack([lower[:, None] * weight, upper[:, None] * weight])
        lower, upper = ends.min(0).sum(2) + bias, ends.max(0).sum(2) + bias
        if number + 1 < len(layers):
            lower, upper = np.tanh(lower), np.tanh(upper)
    return np.asarray(upper - lower)


def test_the_ways_to_put_samples_together_are_those_of_numpy() -> None:
    problem = small_problem("tanh", [5])
    theta = np.random.default_rng(5).normal(size=(2, problem.n_parameters))
    epsilon = (0.1, 0.4)
    found = measure(problem, theta, ["sensitivity"], MeasureConfig(epsilon=epsilon))
    for row, column in np.ndindex(2, 2):
        widths = interval_widths(problem, theta[row], epsilon[column])
        volume = widths.prod(1)
        expected = {
            "": np.log(volume).mean(),
            "_log_mean_volume": np.log(volume.mean()),
            "_root": (volume ** (1.0 / 3.0)).mean(),
            "_width": widths.sum(1).mean(),
            "_largest": np.log(volume.max()),
        }
        for ending, value in expected.items():
            one = found[f"sensitivity_logits{ending}"].values[row, column]
            assert one == pytest.approx(value, rel=1e-9), ending


@pytest.mark.parametrize("hidden", [[5], [4, 3], [3, 4, 3]], ids=str)
def test_crown_never_adds_volume(hidden: list[int]) -> None:
    problem = small_problem("tanh", hidden)
    theta = torch.tensor(np.random.default_rng(8).normal(size=(20, problem.n_parameters)))
    half_widths = torch.tensor([[0.01] * 3, [0.3] * 3, [1.0] * 3], dtype=torch.float64)
    found = sample_sensitivity(problem, theta, problem.inputs, half_widths)
    for name in ("sensitivity_logits", "sensitivity_softmax"):
        assert (found[f"{name}_crown"] <= found[name]).all()
        assert found[f"{name}_crown"].mean() < found[name].mean() - 0.1


def test_a_saturated_softmax_loses_no_digits() -> None:
    lower, upper = [49.0, -50.0, 0.0], [51.0, -49.5, 0.25]
    box = Box(torch.tensor([lower], dtype=torch.float64), torch.tensor([upper], dtype=torch.float64))
    expected = Decimal(0)
    with localcontext(prec=60):
        for own in range(3):
            rest = [other for other in range(3) if other != own]
            low = 1 / (1 + sum(((Decimal(upper[j]) - Decimal(lower[own])).exp() for j in rest), Decimal(0)))
            high = 1 / (1 + sum(((Decimal(lower[j]) - Decimal(upper[own])).exp() for j in rest), Decimal(0)))
            expected += (high - low).ln()
    assert softmax_log_widths(log_odds_box(box)).sum().item() == pytest.approx(float(expected), rel=1e-12)


def test_outputs_that_ignore_the_input_have_no_volume() -> None:
    problem = small_problem("tanh", [4])
    theta = torch.zeros(1, problem.n_parameters, dtype=torch.float64)
    box = logit_box(require_layers(problem), theta, problem.inputs, torch.ones(3, dtype=torch.float64))
    nothing = log_widths_of(box)
    assert (nothing == -torch.inf).all()
    volume = nothing.sum(2)[:, :, None]
    found = aggregates("s", volume, nothing.exp().sum(2)[:, :, None], 3)
    assert {name: values.item() for name, values in found.items()} == {
        "s": -np.inf, "s_log_mean_volume": -np.inf, "s_root": 0.0, "s_width": 0.0, "s_largest": -np.inf,
    }  # fmt: skip


def test_regression_has_logit_sensitivity_only() -> None:
    problem = small_problem("tanh", [4], loss="mse")
    theta = torch.ones(2, problem.n_parameters, dtype=torch.float64)
    found = sample_sensitivity(problem, theta, problem.inputs, torch.full((1, 3), 0.1, dtype=torch.float64))
    names = ("sensitivity_logits", "sensitivity_logits_crown")
    assert set(found) == {*names, *(f"{name}_width" for name in names)}
