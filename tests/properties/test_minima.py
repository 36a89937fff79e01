"""The stored minima have the properties that their names state."""

import numpy as np
import pytest
import torch

from tests.properties.minima import ACTIVATIONS, ARCHITECTURES, ATTACKED, iris_minimum, iris_minimum_of, some_minimum


@pytest.mark.parametrize("hidden", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "relu"])
def test_smooth_networks_are_at_minima(activation: str, hidden: tuple[int, ...]) -> None:
    problem, theta = iris_minimum_of(activation, hidden)
    gradient = problem.energy_and_gradient(torch.tensor(theta[None]))[1]
    assert gradient.abs().max() < 1e-7
    assert np.linalg.eigvalsh(problem.hessian(torch.tensor(theta[None]))[0].numpy())[0] > -problem.curvature_threshold


@pytest.mark.parametrize("dataset", ATTACKED)
def test_attacked_networks_are_at_minima(dataset: str) -> None:
    problem, theta = some_minimum(dataset)
    assert problem.energy_and_gradient(theta)[1].abs().max() < 1e-7


def test_the_lowest_of_iris() -> None:
    problem, theta = iris_minimum()
    assert abs(problem.energy(torch.tensor(theta[None])).item() - 0.08600617530996) < 1e-10
