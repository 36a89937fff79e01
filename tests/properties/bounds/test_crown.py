import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landscape.problems.activations import ACTIVATIONS
from landscape.problems.problem import Problem
from landscape.properties.bounds.boxes import Box, log_odds_box
from landscape.properties.bounds.crown import RelaxedNetwork, relax_network
from landscape.properties.bounds.ibp import logit_box, margin_lower_bound
from landscape.properties.requirements import require_layers
from tests.properties.bounds.package_bounds import package_box
from tests.properties.minima import iris_minimum, iris_minimum_of
from tests.properties.small_problems import FUNCTIONS, numpy_logits, small_problem, unpack

ARCHITECTURES = [(4,), (5, 3), (4, 3, 4)]
HALF_WIDTH = torch.tensor([0.3, 0.1, 0.6], dtype=torch.float64)


def relaxed(problem: Problem, theta: np.ndarray, half_width: torch.Tensor) -> RelaxedNetwork:
    return relax_network(require_layers(problem), torch.tensor(np.atleast_2d(theta)), problem.inputs, half_width)


def random_theta(problem: Problem, count: int = 2, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, problem.n_parameters))


def sizes(problem: Problem) -> list[int]:
    network = require_layers(problem)
    return [network.n_inputs, *(layer.n_out for layer in network.layers)]


def assert_sound(problem: Problem, theta: np.ndarray, half_width: torch.Tensor, n_points: int, seed: int = 0) -> None:
    """Assert that no input drawn from a sample's box, corners in half of the draws, has outputs outside the bounds."""
    name, rng = require_layers(problem).activation.name, np.random.default_rng(seed)
    network = relaxed(problem, theta, half_width)
    logits, odds, margins = network.logits(), network.log_odds(), network.margins(problem.targets)[0].numpy()
    inputs, labels = problem.inputs.numpy(), problem.targets.numpy()
    for corners in (False, True):
        shift = rng.uniform(-1.0, 1.0, (-(-n_points // (2 * len(inputs))), *inputs.shape))
        points = inputs + half_width.numpy() * (np.sign(shift) if corners else shift)
        outputs = numpy_logits(theta, sizes(problem), name, points.reshape(-1, inputs.shape[1]))
        outputs = outputs.reshape(*points.shape[:2], -1)
        assert_within(outputs, logits)
        exact = [outputs[..., k] - np.logaddexp.reduce(np.delete(outputs, k, 2), 2) for k in range(outputs.shape[2])]
        assert_within(np.stack(exact, 2), odds)
        differences = outputs[:, np.arange(len(labels)), labels, None] - outputs
        assert (np.where(np.isfinite(margins), margins, -np.inf) <= differences).all()


def assert_within(values: np.ndarray, box: Box) -> None:
    assert (box.lower[0].numpy() <= values).all()
    assert (values <= box.upper[0].numpy()).all()


@pytest.mark.parametrize("hidden", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_none_of_100000_inputs_of_a_random_network_leaves_the_bounds(activation: str, hidden: tuple[int, ...]) -> None:
    problem = small_problem(activation, list(hidden))
    for theta in random_theta(problem):
        assert_sound(problem, theta, HALF_WIDTH, 100_000)


@pytest.mark.parametrize("hidden", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_none_of_100000_inputs_of_a_minimum_leaves_the_bounds(activation: str, hidden: tuple[int, ...]) -> None:
    problem, theta = iris_minimum_of(activation, hidden)
    for epsilon in (0.03, 0.3):
        assert_sound(problem, theta, torch.full((4,), epsilon, dtype=torch.float64), 100_000)


@settings(max_examples=100)
@given(
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    hidden=st.lists(st.integers(1, 5), max_size=4),
    scale=st.floats(0.01, 10.0),
    epsilon=st.floats(1e-9, 3.0),
    seed=st.integers(0, 10_000),
)
def test_bounds_are_sound_and_never_wider_than_intervals(
    activation: str, hidden: list[int], scale: float, epsilon: float, seed: int
) -> None:
    problem, half_width = small_problem(activation, hidden), torch.full((3,), epsilon, dtype=torch.float64)
    theta = scale * random_theta(problem, 1, seed)[0]
    assert_sound(problem, theta, half_width, 600, seed)
    assert_no_wider(problem, theta, half_width)


def assert_no_wider(problem: Problem, theta: np.ndarray, half_width: torch.Tensor) -> None:
    """Assert that bounds are no wider than intervals, up to the slack for rounding in both."""
    arguments = require_layers(problem), torch.tensor(np.atleast_2d(theta)), problem.inputs
    network = relaxed(problem, theta, half_width)
    intervals, tight = logit_box(*arguments, half_width), network.logits()
    slack = 1e-12 * (1.0 + intervals.magnitude)
    assert (tight.lower >= intervals.lower - slack).all()
    assert (tight.upper <= intervals.upper + slack).all()
    margins = margin_lower_bound(*arguments, problem.targets, half_width)
    assert (network.margins(problem.targets) >= margins - 1e-12 * (1.0 + intervals.magnitude.amax(2))[..., None]).all()


@pytest.mark.parametrize("hidden", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_bounds_of_a_minimum_are_tighter_than_intervals(activation: str, hidden: tuple[int, ...]) -> None:
    problem, theta = iris_minimum_of(activation, hidden)
    half_width = torch.full((4,), 0.1, dtype=torch.float64)
    assert_no_wider(problem, theta, half_width)
    tight = relaxed(problem, theta, half_width).logits()
    intervals = logit_box(require_layers(problem), torch.tensor(theta)[None], problem.inputs, half_width)
    assert log_volume(tight) < log_volume(intervals) - 0.2


def log_volume(box: Box) -> float:
    return float((box.upper - box.lower).log().sum(-1).mean())


@pytest.mark.parametrize("epsilon", [0.03, 0.1, 0.3])
def test_one_layer_of_relu_is_bounded_as_by_bound_propagation(epsilon: float) -> None:
    random = small_problem("relu", [6])
    cases = [iris_minimum_of("relu", (4,)), *((random, theta) for theta in random_theta(random, 5))]
    for problem, theta in cases:
        half_width = torch.full(problem.inputs.shape[1:], epsilon, dtype=torch.float64)
        found, expected = relaxed(problem, theta, half_width).logits(), package_box(problem, theta, half_width, "crown")
        np.testing.assert_allclose(found.lower[0], expected.lower, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.upper[0], expected.upper, rtol=0, atol=1e-12)


@pytest.mark.parametrize("epsilon", [0.03, 0.1, 0.3])
@pytest.mark.parametrize("hidden", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_bounds_are_as_tight_as_those_of_bound_propagation(
    activation: str, hidden: tuple[int, ...], epsilon: float
) -> None:
    """The package's tangents of S-shaped functions pass through an end, and its intervals do not come from tightened
    ones: our log volume is at most as large, on average over the samples of a minimum.
    """
    problem, theta = iris_minimum_of(activation, hidden)
    half_width = torch.full((4,), epsilon, dtype=torch.float64)
    found, expected = relaxed(problem, theta, half_width).logits(), package_box(problem, theta, half_width, "crown")
    assert log_volume(found) <= log_volume(expected) + 1e-9


def test_without_a_hidden_layer_bounds_are_exact() -> None:
    problem = small_problem("tanh", [])
    theta = random_theta(problem, 1)[0]
    ((weight, bias),) = unpack(theta, [3, 3])
    centre, radius = problem.inputs.numpy() @ weight.T + bias, HALF_WIDTH.numpy() @ abs(weight).T
    found = relaxed(problem, theta, HALF_WIDTH)
    np.testing.assert_allclose(found.logits().lower[0], centre - radius, atol=1e-13)
    np.testing.assert_allclose(found.logits().upper[0], centre + radius, atol=1e-13)
    difference = weight[:, None] - weight
    least = centre[:, :, None] - centre[:, None] - (HALF_WIDTH.numpy() * abs(difference)).sum(2)
    expected = np.take_along_axis(least, problem.targets.numpy()[:, None, None], 1)[:, 0]
    margins = found.margins(problem.targets)[0].numpy()
    others = np.isfinite(margins)
    np.testing.assert_allclose(margins[others], expected[others], atol=1e-13)


def test_differences_bound_the_log_odds_tighter_than_logits() -> None:
    problem, theta = iris_minimum()
    network = relaxed(problem, theta, torch.full((4,), 0.1, dtype=torch.float64))
    assert log_volume(network.log_odds()) < log_volume(log_odds_box(network.logits())) - 0.1


@settings(max_examples=100)
@given(
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    hidden=st.lists(st.integers(1, 30), min_size=1, max_size=3),
    scale=st.sampled_from([1e-6, 1.0, 1e4]),
    seed=st.integers(0, 10_000),
)
def test_the_box_of_a_point_holds_its_outputs_in_extended_precision(
    activation: str, hidden: list[int], scale: float, seed: int
) -> None:
    problem = small_problem(activation, hidden)
    theta = scale * random_theta(problem, 1, seed)[0]
    box = relaxed(problem, theta, torch.zeros(3, dtype=torch.float64)).logits()
    values = problem.inputs.numpy().astype(np.longdouble)
    *before, (weight, bias) = unpack(theta, sizes(problem))
    for inner, shift in before:
        values = FUNCTIONS[activation]((values @ inner.T + shift).astype(np.float64)).astype(np.longdouble)
    outputs = values @ weight.T.astype(np.longdouble) + bias
    assert (box.lower[0].numpy() <= outputs).all()
    assert (outputs <= box.upper[0].numpy()).all()


def test_every_minimum_and_sample_may_have_a_half_width_of_its_own() -> None:
    problem = small_problem("gelu", [5, 4])
    theta = random_theta(problem, 3)
    widths = torch.tensor(np.random.default_rng(4).uniform(0.01, 0.5, size=(3, 12, 3)))
    together = relaxed(problem, theta, widths).margins(problem.targets)
    for row in range(3):
        for sample in range(12):
            alone = relaxed(problem, theta[row], widths[row, sample]).margins(problem.targets)
            torch.testing.assert_close(together[row, sample], alone[0, sample], rtol=1e-12, atol=1e-12)
