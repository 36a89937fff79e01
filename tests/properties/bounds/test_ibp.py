import itertools

import numpy as np
import pytest
import scipy.special
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landscape.errors import PropertyError
from landscape.problems.activations import ACTIVATIONS
from landscape.problems.problem import Problem
from landscape.properties.bounds.boxes import Box, activation_image, log_odds_box
from landscape.properties.bounds.certificates import certified
from landscape.properties.bounds.ibp import logit_box, margin_lower_bound
from landscape.properties.bounds.linear_maps import DenseMap
from landscape.properties.requirements import require_layers
from tests.properties.bounds.package_bounds import package_box
from tests.properties.minima import iris_minimum
from tests.properties.small_problems import FUNCTIONS, numpy_logits, small_problem, unpack

ARCHITECTURES = [[4], [5, 3], [4, 3, 4]]
OTHERS = np.diag(np.full(3, -np.inf))
MINIMA = {"gelu": -0.7517915246935645, "silu": -1.2784645427610738}


def random_theta(problem: Problem, count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, problem.n_parameters))


def sizes_of(hidden: list[int]) -> list[int]:
    return [3, *hidden, 3]


def numpy_box(
    theta: np.ndarray, sizes: list[int], activation: str, inputs: np.ndarray, epsilon: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """IBP of one network by signs of the weights, without slack."""
    lower, upper = inputs - epsilon, inputs + epsilon
    layers = unpack(theta, sizes)
    for index, (weight, bias) in enumerate(layers):
        up, down = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
        lower, upper = lower @ up.T + upper @ down.T + bias, upper @ up.T + lower @ down.T + bias
        if index < len(layers) - 1:
            f = FUNCTIONS[activation]
            ends = np.stack([f(lower), f(upper)])
            lowest = ends.min(0)
            if activation in MINIMA:
                lowest = f(np.clip(MINIMA[activation], lower, upper))
            lower, upper = lowest, ends.max(0)
    return lower, upper


@pytest.mark.parametrize("hidden", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_no_sampled_input_leaves_the_boxes(activation: str, hidden: list[int]) -> None:
    problem, half_width = small_problem(activation, hidden), torch.tensor([0.3, 0.1, 0.6], dtype=torch.float64)
    theta = random_theta(problem)
    points = torch.tensor(theta)
    logits = logit_box(require_layers(problem), points, problem.inputs, half_width)
    odds = log_odds_box(logits)
    margins = margin_lower_bound(require_layers(problem), points, problem.inputs, problem.targets, half_width)
    inputs, rng = problem.inputs.numpy(), np.random.default_rng(2)
    for _ in range(200):
        shift = rng.uniform(-1.0, 1.0, inputs.shape)
        shift = half_width.numpy() * (np.sign(shift) if rng.random() < 0.5 else shift)
        for row, parameters in enumerate(theta):
            outputs = numpy_logits(parameters, sizes_of(hidden), activation, inputs + shift)
            own_odds = -scipy.special.logsumexp(outputs[:, None] + OTHERS - outputs[:, :, None], axis=2)
            own = np.take_along_axis(outputs, problem.targets.numpy()[:, None], 1)
            assert (logits.lower[row].numpy() <= outputs).all()
            assert (outputs <= logits.upper[row].numpy()).all()
            assert (odds.lower[row].numpy() <= own_odds).all()
            assert (own_odds <= odds.upper[row].numpy()).all()
            others = np.isfinite(margins[row].numpy())
            assert (margins[row].numpy()[others] <= (own - outputs)[others]).all()


@pytest.mark.parametrize("hidden", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_boxes_match_a_plain_numpy_propagation(activation: str, hidden: list[int]) -> None:
    problem, half_width = small_problem(activation, hidden), torch.tensor([0.2, 0.4, 0.1], dtype=torch.float64)
    theta = random_theta(problem)
    box = logit_box(require_layers(problem), torch.tensor(theta), problem.inputs, half_width)
    for row, parameters in enumerate(theta):
        lower, upper = numpy_box(parameters, sizes_of(hidden), activation, problem.inputs.numpy(), half_width.numpy())
        np.testing.assert_allclose(box.lower[row], lower, rtol=0, atol=1e-12)
        np.testing.assert_allclose(box.upper[row], upper, rtol=0, atol=1e-12)


@pytest.mark.parametrize("hidden", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_boxes_equal_those_of_bound_propagation(activation: str, hidden: list[int]) -> None:
    problem, half_width = small_problem(activation, hidden), torch.tensor([0.2, 0.4, 0.1], dtype=torch.float64)
    theta = random_theta(problem)
    box = logit_box(require_layers(problem), torch.tensor(theta), problem.inputs, half_width)
    for row, parameters in enumerate(theta):
        expected = package_box(problem, parameters, half_width, "ibp")
        np.testing.assert_allclose(box.lower[row], expected.lower, rtol=0, atol=1e-12)
        np.testing.assert_allclose(box.upper[row], expected.upper, rtol=0, atol=1e-12)


@pytest.mark.parametrize("epsilon", [0.03, 0.3])
def test_boxes_of_a_minimum_equal_those_of_bound_propagation(epsilon: float) -> None:
    problem, theta = iris_minimum()
    half_width = torch.full((4,), epsilon, dtype=torch.float64)
    box = logit_box(require_layers(problem), torch.tensor(theta)[None], problem.inputs, half_width)
    expected = package_box(problem, theta, half_width, "ibp")
    np.testing.assert_allclose(box.lower[0], expected.lower, rtol=0, atol=1e-12)
    np.testing.assert_allclose(box.upper[0], expected.upper, rtol=0, atol=1e-12)


def test_margins_fold_the_difference_into_the_last_layer() -> None:
    problem, half_width = small_problem("tanh", [5]), torch.full((3,), 0.3, dtype=torch.float64)
    theta = random_theta(problem)
    margins = margin_lower_bound(
        require_layers(problem), torch.tensor(theta), problem.inputs, problem.targets, half_width
    ).numpy()
    for row, parameters in enumerate(theta):
        for sample, label in enumerate(problem.targets.tolist()):
            for other in {0, 1, 2} - {label}:
                folded = fold(parameters, label, other)
                inputs = problem.inputs[sample : sample + 1].numpy()
                lower, _ = numpy_box(folded, [3, 5, 1], "tanh", inputs, half_width.numpy())
                assert margins[row, sample, other] == pytest.approx(lower.item(), abs=1e-12)


def fold(theta: np.ndarray, label: int, other: int) -> np.ndarray:
    (w1, b1), (w2, b2) = unpack(theta, [3, 5, 3])
    return np.concatenate([w1.ravel(), b1, w2[label] - w2[other], [b2[label] - b2[other]]])


def test_certification_is_sharper_than_comparing_logit_boxes() -> None:
    problem, half_width = small_problem("tanh", [5]), torch.full((3,), 0.05, dtype=torch.float64)
    theta, network = torch.tensor(random_theta(problem, 40)), require_layers(problem)
    found = certified(network, theta, problem.inputs, problem.targets, half_width)
    proven = found["certified_accuracy_ibp"]
    box = logit_box(network, theta, problem.inputs, half_width)
    own = torch.nn.functional.one_hot(problem.targets, 3).bool()
    naive = torch.where(own, box.lower, -torch.inf).amax(2) > torch.where(own, -torch.inf, box.upper).amax(2)
    assert not (naive & ~proven).any()
    assert proven.sum() > naive.sum() > 0


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(sorted(ACTIVATIONS)),
    ends=st.tuples(st.floats(-40, 40), st.floats(-40, 40)).map(sorted),
    share=st.floats(0, 1),
)
def test_activation_images_contain_every_inner_value(name: str, ends: list[float], share: float) -> None:
    lower, upper = ends
    inner = min(max(lower + share * (upper - lower), lower), upper)
    box = activation_image(Box(*(torch.tensor([end], dtype=torch.float64) for end in ends)), ACTIVATIONS[name])
    value = float(FUNCTIONS[name](np.array(inner)))
    assert box.lower.item() <= value <= box.upper.item()


@settings(max_examples=50, deadline=None)
@given(scale=st.sampled_from([1e-12, 1.0, 1e12]), seed=st.integers(0, 10_000))
def test_affine_images_survive_cancellation_in_floating_point(scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, centre = rng.normal(size=(1, 2, 40)) * scale, rng.normal(size=(1, 1, 40))
    bias = -(weight @ centre[0, 0])
    ends = torch.tensor(centre).mT
    box = DenseMap(torch.tensor(weight), torch.tensor(bias)).image(Box(ends, ends)).transposed
    for unit in range(2):
        exact = sum(
            (np.longdouble(w) * np.longdouble(x) for w, x in zip(weight[0, unit], centre[0, 0], strict=True)),
            start=np.longdouble(bias[0, unit]),
        )
        assert box.lower[0, 0, unit].item() <= exact <= box.upper[0, 0, unit].item()


def test_wider_boxes_bound_wider_outputs() -> None:
    problem = small_problem("gelu", [4, 4])
    theta, network = torch.tensor(random_theta(problem)), require_layers(problem)
    widths = []
    for epsilon in (0.0, 0.01, 0.1, 1.0):
        box = logit_box(network, theta, problem.inputs, torch.full((3,), epsilon, dtype=torch.float64))
        widths.append(box.upper - box.lower)
    assert widths[0].max() < 1e-12
    assert all((narrow < wide).all() for narrow, wide in itertools.pairwise(widths))


def test_a_foreign_module_has_no_bounds() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Softsign(), torch.nn.Linear(4, 3))
    problem = Problem.from_module(module, np.eye(3), np.arange(3), l2=1e-2)
    with pytest.raises(PropertyError, match="dense layers"):
        require_layers(problem)
