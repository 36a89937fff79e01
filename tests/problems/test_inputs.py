"""The compiled loss of inputs against the batched loss, which autograd checks in `test_derivatives.py`."""

import pytest
import torch

from landscape.problems.energies.inputs import BatchedInputs, CompiledInputs, loss_of_inputs
from landscape.problems.networks.losses import LOSSES
from landscape.problems.problem import Problem

CASES = [
    ("iris", [10], "tanh", "cross_entropy"),
    ("iris", [3, 4], "sigmoid", "mse"),
    ("wine", [5], "softplus", "mse"),
    ("wine", [5, 4, 3], "silu", "cross_entropy"),
    ("digits", [16], "relu", "cross_entropy"),
]


@pytest.mark.parametrize(("dataset", "hidden", "activation", "loss"), CASES)
def test_compiled_equals_batched(dataset: str, hidden: list[int], activation: str, loss: str) -> None:
    problem = Problem(dataset=dataset, hidden=hidden, activation=activation, loss=loss, l2=1e-3)
    random = torch.Generator().manual_seed(0)
    theta = torch.randn(3, problem.n_parameters, dtype=torch.float64, generator=random)
    rows = problem.inputs.mT
    point = rows + 0.3 * torch.randn(3, *rows.shape, dtype=torch.float64, generator=random)
    encoded = LOSSES[loss].encode(problem.targets, problem.network.n_outputs)
    assert isinstance(problem.loss_of_inputs, CompiledInputs)
    found = problem.loss_of_inputs(theta, point, encoded)
    expected = BatchedInputs(problem.network, LOSSES[loss])(theta, point, encoded)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-11)
    alone = problem.loss_of_inputs(theta[1:2], point[1:2], encoded)
    for one, other in zip(found, alone, strict=True):
        assert torch.equal(one[1:2], other)


def test_the_first_of_equal_outputs_is_the_answer() -> None:
    problem = Problem(dataset="iris", hidden=[2], l2=1e-3)
    theta = torch.zeros(1, problem.n_parameters, dtype=torch.float64)
    encoded = LOSSES["cross_entropy"].encode(problem.targets, 3)
    right = problem.loss_of_inputs(theta, problem.inputs.mT[None], encoded).right
    assert torch.equal(right[0], problem.targets == 0)


def test_what_is_not_compiled_is_batched() -> None:
    problem = Problem(dataset="iris", hidden=[2], activation="gelu", l2=1e-3)
    assert isinstance(loss_of_inputs(problem.network, LOSSES["mse"], torch.device("cpu")), BatchedInputs)
    smooth = Problem(dataset="iris", hidden=[2], l2=1e-3)
    assert isinstance(loss_of_inputs(smooth.network, LOSSES["mse"], torch.device("meta")), BatchedInputs)
