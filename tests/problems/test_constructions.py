"""The stable networks: their answers are those of f_a, and their radii its radii, certified and attacked."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from landscape.config.stripes import Stripes
from landscape.errors import ConfigError
from landscape.problems.constructions import stable_network
from landscape.problems.data.stripes import boundaries, radii
from landscape.problems.problem import Problem
from landscape.properties.attacks.nearest import LINF, nearest
from landscape.properties.attacks.networks import Networks
from landscape.properties.bounds import radius
from landscape.properties.bounds.certificates import certified_epsilon
from landscape.properties.draws import without_draws

TOLERANCE = {"relu": 1e-6, "tanh": 1e-2}


def stable(k: int, activation: str, hidden: int, scale: float = 1.0) -> tuple[Problem, torch.Tensor]:
    problem = Problem(dataset=f"f_a:K={k}", standardise=False, hidden=[hidden], activation=activation, l2=0.0)
    assert problem.config is not None
    return problem, torch.tensor(stable_network(problem.config, scale)[None])


@pytest.mark.parametrize("activation", TOLERANCE)
@pytest.mark.parametrize(("k", "further"), [(2, 0), (3, 2), (6, 0), (17, 0)])
def test_radii_are_those_of_the_function(activation: str, k: int, further: int) -> None:
    problem, theta = stable(k, activation, k - 1 + further)
    expected = radii(Stripes(K=k))
    expected[-1] *= (k + 1) / k
    tolerance = TOLERANCE[activation] * expected
    limit = 2.0 * expected[0]
    unit = torch.ones(2, dtype=torch.float64)
    for size in {limit, 2.0 * expected[-1]}:  # bisection to 6e-8 of the size: the small radii need the smaller one
        proven = certified_epsilon(problem.network, theta, problem.inputs, problem.targets, unit, size)[0].numpy()  # type: ignore[arg-type]
        inside = expected < size
        assert (np.abs(proven - expected) <= np.maximum(tolerance, 2.0**-23 * size))[inside].all()
    enclosed = radius.radii(problem.network, theta, problem.inputs, problem.targets, limit)  # type: ignore[arg-type]
    assert (np.abs(enclosed.upper.numpy() - expected) <= tolerance).all()
    np.testing.assert_allclose(enclosed.lower, (1.0 - radius.PRECISION) * enclosed.upper)
    if activation == "relu":  # gradients of a saturated tanh vanish, and the attack with them
        attacked = nearest(Networks(problem, theta, without_draws(problem.inputs, problem.targets)), LINF, limit)
        assert (np.abs(attacked.distance[0].numpy() - expected) <= tolerance).all()


def test_the_least_radius_is_certified_to_the_last_digits() -> None:
    problem, theta = stable(6, "relu", 5)
    unit = torch.ones(2, dtype=torch.float64)
    proven = certified_epsilon(problem.network, theta, problem.inputs, problem.targets, unit, 4.0)[0]  # type: ignore[arg-type]
    assert abs(proven[4].item() - radii(Stripes(K=6))[4]) < 1e-6
    assert abs(proven[5].item() - 7.0 / 6.0) < 1e-6


@pytest.mark.parametrize("activation", TOLERANCE)
def test_answers_are_those_of_the_function_on_the_whole_line(activation: str) -> None:
    problem, theta = stable(9, activation, 8, scale=3.0)
    edges = boundaries(Stripes(K=9))[::-1]
    middle = np.concatenate([np.linspace(a, b, 52)[1:-1] for a, b in pairwise(edges)])
    place = np.stack([middle, np.linspace(-50.0, 50.0, len(middle))], axis=1)  # x_2 is ignored
    outputs = problem.network.outputs(theta, torch.tensor(place))[0]
    expected = np.repeat((np.arange(9, 0, -1) + 1) % 2, 50)
    assert np.array_equal(outputs.argmax(1).numpy(), expected)


def test_the_scale_multiplies_the_outputs() -> None:
    problem, theta = stable(6, "tanh", 5)
    _, larger = stable(6, "tanh", 5, scale=7.0)
    outputs = [problem.network.outputs(one, problem.inputs) for one in (theta, larger)]
    torch.testing.assert_close(outputs[1], 7.0 * outputs[0])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dataset": "iris"}, "expected the data set f_a and standardise = false, found iris"),
        ({"standardise": True}, "found f_a:K=6 and standardise = true"),
        ({"hidden": [4]}, "at least K - 1 = 5 units, found hidden = [4]"),
        ({"hidden": [5, 5]}, "one hidden layer"),
        ({"activation": "silu"}, "expected the activation relu or tanh, found silu"),
    ],
)
def test_other_problems_are_refused_in_one_line(changed: dict[str, Any], message: str) -> None:
    table: dict[str, Any] = {"dataset": "f_a:K=6", "standardise": False, "hidden": [5], "activation": "relu"} | changed
    config = Problem(**table).config
    assert config is not None
    with pytest.raises(ConfigError) as caught:
        stable_network(config)
    assert message in str(caught.value)
