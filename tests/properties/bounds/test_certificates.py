import numpy as np
import pytest
import torch

from landscape.numerics import batching
from landscape.properties.bounds.certificates import certified, certified_epsilon
from landscape.properties.requirements import require_layers
from tests.properties.minima import iris_minimum, iris_minimum_of
from tests.properties.small_problems import numpy_logits, small_problem, unpack

UNIFORM = torch.ones(3, dtype=torch.float64)


def random_theta(hidden: list[int], count: int) -> torch.Tensor:
    n_parameters = small_problem("tanh", hidden).n_parameters
    return torch.tensor(np.random.default_rng(2).normal(size=(count, n_parameters)))


def test_reference_values_of_iris() -> None:
    problem, theta = iris_minimum()
    half_width = torch.full((4,), 0.3, dtype=torch.float64)
    found = certified(require_layers(problem), torch.tensor(theta)[None], problem.inputs, problem.targets, half_width)
    assert found["certified_accuracy_crown"].double().mean().item() == pytest.approx(0.6733, abs=1e-4)
    assert found["certified_accuracy_ibp"].double().mean().item() == pytest.approx(0.6133, abs=1e-4)


@pytest.mark.parametrize("direction", [[1.0, 1.0, 1.0], [0.2, 1.0, 0.5]], ids=str)
def test_the_largest_epsilon_of_a_linear_network_is_its_distance(direction: list[float]) -> None:
    problem = small_problem("tanh", [])
    theta = random_theta([], 6)
    found = certified_epsilon(
        require_layers(problem), theta, problem.inputs, problem.targets, torch.tensor(direction).double(), 5.0
    )
    inputs, labels = problem.inputs.numpy(), problem.targets.numpy()
    for row, parameters in enumerate(theta.numpy()):
        ((weight, bias),) = unpack(parameters, [3, 3])
        logits = inputs @ weight.T + bias
        for sample, label in enumerate(labels):
            distance = min(
                (logits[sample, label] - logits[sample, other]) / (np.abs(weight[label] - weight[other]) @ direction)
                for other in range(3)
                if other != label
            )
            expected = float(np.clip(distance, 0.0, 5.0))
            assert found[row, sample].item() == pytest.approx(expected, abs=5.0 * 2**-24)
            assert found[row, sample].item() <= expected


@pytest.mark.parametrize("hidden", [[5], [4, 3], [3, 4, 3]], ids=str)
def test_the_largest_epsilon_is_certified_and_little_more_is_not(hidden: list[int]) -> None:
    problem, theta = small_problem("sigmoid", hidden), 3.0 * random_theta(hidden, 8)
    network, inputs, targets = require_layers(problem), problem.inputs, problem.targets
    size = certified_epsilon(network, theta, inputs, targets, UNIFORM, 4.0)
    inside = np.argwhere(((size > 0.0) & (size < 4.0)).numpy())
    assert len(inside)
    for row, sample in inside:
        arguments = network, theta[row : row + 1], inputs[sample : sample + 1], targets[sample : sample + 1]
        for factor, expected in ((0.9, True), (1.0 - 1e-9, True), (1.0 + 4.0 * 2**-23 / size[row, sample], False)):
            found = certified(*arguments, factor * size[row, sample] * UNIFORM)
            assert found["certified_accuracy_crown"].item() == expected


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("hidden", [(4,), (5, 3)], ids=str)
def test_no_sampled_input_of_the_largest_box_is_misclassified(activation: str, hidden: tuple[int, ...]) -> None:
    problem, theta = iris_minimum_of(activation, hidden)
    network, inputs, labels = require_layers(problem), problem.inputs.numpy(), problem.targets.numpy()
    direction = torch.tensor([1.0, 0.3, 1.0, 0.6], dtype=torch.float64)
    size = certified_epsilon(network, torch.tensor(theta)[None], problem.inputs, problem.targets, direction, 5.0)[0]
    radius, rng = size.numpy()[:, None] * direction.numpy(), np.random.default_rng(3)
    clean = numpy_logits(theta, [4, *hidden, 3], activation, inputs).argmax(1) == labels
    assert (size.numpy()[~clean] == 0.0).all()
    assert size.mean() > 0.1
    for _ in range(500):
        shift = rng.uniform(-1.0, 1.0, inputs.shape)
        points = inputs + radius * (np.sign(shift) if rng.random() < 0.5 else shift)
        outputs = numpy_logits(theta, [4, *hidden, 3], activation, points)
        assert (outputs.argmax(1) == labels)[clean].all()


def test_one_answer_for_all_inputs_is_certified_to_the_largest_size_asked_for() -> None:
    problem = small_problem("tanh", [4])
    theta = torch.zeros(1, problem.n_parameters, dtype=torch.float64)
    theta[0, -3] = 1.0  # the bias of the first class
    size = certified_epsilon(require_layers(problem), theta, problem.inputs, problem.targets, UNIFORM, 2.5)
    np.testing.assert_array_equal(size[0], np.where(problem.targets.numpy() == 0, 2.5, 0.0))


def test_blocks_of_minima_and_samples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, theta = small_problem("gelu", [4, 3]), random_theta([4, 3], 7)
    arguments = require_layers(problem), theta, problem.inputs, problem.targets, UNIFORM
    whole = certified_epsilon(*arguments, 3.0)
    monkeypatch.setitem(batching.CHUNK_BYTES, "cpu", 8 * 5000)
    np.testing.assert_allclose(certified_epsilon(*arguments, 3.0), whole, rtol=0, atol=3.0 * 2**-23)
