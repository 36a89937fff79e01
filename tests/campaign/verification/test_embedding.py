"""A zero unit more in each hidden layer: energy and gradient at any point, and networks for which this is refused."""

import numpy as np
import pytest
import torch

from landscape.campaign.preparation import context_of
from landscape.campaign.verification.embedding import VANISHING, Embedded, widened_context, with_zero_units
from landscape.config.run_file import RunConfig
from landscape.config.tables import ProblemConfig
from landscape.errors import PropertyError
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.problem import Problem
from tests.problems.reference import points

IMAGES = {"convolution": [{"channels": 2, "pool": 2}], "image": [1, 4, 16], "hidden": [2]}


def both(**keys: object) -> tuple[Problem, Problem]:
    """A problem, and the one with a unit more in each layer."""
    config = RunConfig(problem=ProblemConfig.from_table({"dataset": "digits", "subset": 20, **keys}))
    context = context_of(config, "cpu")
    return context.require_problem(), widened_context(context, "a.h5").require_problem()


def embedded(narrow: Problem, wide: Problem, values: torch.Tensor) -> torch.Tensor:
    assert isinstance(narrow.network, LayeredNetwork)
    assert isinstance(wide.network, LayeredNetwork)
    return torch.tensor(with_zero_units(narrow.network, wide.network, values.numpy()))


@pytest.mark.parametrize("shape", [{"hidden": [2]}, {"hidden": [2, 3, 1]}, IMAGES], ids=["one", "deep", "images"])
@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_the_gradient_is_the_old_one_and_zero_in_the_new_parameters(activation: str, shape: dict[str, object]) -> None:
    narrow, wide = both(activation=activation, **shape)
    theta = points(narrow, 2)
    (energy, gradient), (wide_energy, wide_gradient) = (
        narrow.energy_and_gradient(theta),
        wide.energy_and_gradient(embedded(narrow, wide, theta)),
    )
    torch.testing.assert_close(wide_energy, energy, rtol=1e-13, atol=0.0)
    torch.testing.assert_close(wide_gradient, embedded(narrow, wide, gradient), rtol=1e-11, atol=1e-13)


def test_without_a_penalty_other_activations_have_the_gradient_of_the_biases() -> None:
    narrow, wide = both(activation="sigmoid", l2=0.0, hidden=[2])
    gradient = wide.energy_and_gradient(embedded(narrow, wide, points(narrow, 1)))[1]
    assert isinstance(wide.network, LayeredNetwork)
    (_, _), (outgoing, biases) = wide.network.unpack(gradient)
    torch.testing.assert_close(outgoing[:, :, 2], 0.5 * biases, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"activation": "sigmoid"}, r'^a\.h5: expected an activation with f\(0\) = 0 .*, found "sigmoid": '),
        ({"activation": "softplus"}, 'found "softplus"'),
        ({"hidden": []}, r"^a\.h5: expected hidden layers to widen, found none: "),
    ],
)
def test_networks_without_a_zero_unit_are_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(PropertyError, match=message):
        both(**keys)


def test_the_activations_that_vanish_at_zero() -> None:
    assert VANISHING == ("tanh", "gelu", "silu", "relu", "identity")


def test_a_gradient_an_energy_or_an_index_that_must_not_be_is_a_fault() -> None:
    table = Embedded(
        nouns=("transition state", "transition states"),
        index=np.ones(5, dtype=int),
        rms_gradient=np.array([1e-12, 2e-9, np.nan, 1e-12, 1e-12]),
        energy_change=np.array([0.0, 0.0, 0.0, -2e-9, 0.0]),
        wider_index=np.array([3, 1, 1, 1, 0]),
        rms_limit=1e-9,
        energy_limit=1e-9,
    )
    assert table.faulty.tolist() == [False, True, True, True, True]
    assert [line.partition(":")[0] for line in table.lines()][1:] == [f"transition state {row}" for row in range(1, 5)]
