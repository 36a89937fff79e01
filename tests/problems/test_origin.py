"""theta = 0 with the best output biases: gradient and index by torch.func, biases and critical l2 by scipy."""

from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import torch
from torch.func import grad, jacrev

from landscape.config.tables import ProblemConfig
from landscape.problems.activations import ACTIVATIONS
from landscape.problems.data.datasets import from_arrays
from landscape.problems.networks.origin import SLOPES, Origin
from landscape.problems.problem import Problem
from tests.problems.reference import stack, torch_energy

Array = np.ndarray
CASES = [
    *((name, "cross_entropy") for name in ("xor", "iris", "wine", "breast_cancer", "digits")),
    *((name, "mse") for name in ("wine", "breast_cancer")),
]


def made(problem: Problem) -> Origin:
    assert problem.origin is not None
    return problem.origin


def gradient_and_eigenvalues(problem: Problem) -> tuple[Array, Array]:
    """Gradient [P] and eigenvalues [P] of the Hessian at theta = 0, by torch.func of torch.nn."""
    assert problem.config is not None
    origin = made(problem)
    if problem.loss == "mse":  # torch.nn knows no squared error of labels
        problem.targets = problem.encoded.mT
    energy = torch_energy(problem, stack(list(origin.sizes), problem.config.activation))
    theta = torch.tensor(origin.parameters(problem.l2))
    return grad(energy)(theta).numpy(), np.linalg.eigvalsh(jacrev(grad(energy))(theta).numpy())


def stationarity(biases: Array, shares: Array, l2: float) -> Array:
    """The gradient [K] of mean cross-entropy + l2 |b|^2 in the output biases b [K]."""
    gradient: Array = scipy.special.softmax(biases) - shares + 2.0 * l2 * biases
    return gradient


def check(problem: Problem) -> int:
    """Compares gradient and spectrum with the closed form; returns the index."""
    gradient, values = gradient_and_eigenvalues(problem)
    origin, index = made(problem), int((values < 0.0).sum())
    assert np.abs(gradient).max() < 1e-14
    assert index == origin.index(problem.l2)
    assert abs(values[0] - origin.lowest_eigenvalue(problem.l2)) < 1e-12
    return index


@pytest.mark.parametrize(("dataset", "loss"), CASES)
def test_the_index_changes_by_the_number_of_units_at_each_critical_l2(dataset: str, loss: str) -> None:
    units, part = (1, {"subset": 300}) if dataset == "digits" else (2, {"subset": 0})
    keys: dict[str, Any] = {"dataset": dataset, "hidden": [units], "loss": loss, **part}
    critical = made(Problem(**keys)).critical_l2()
    assert len(critical) == (0 if dataset == "xor" else made(Problem(dataset=dataset)).sizes[-1] - 1)
    for number, l2 in enumerate(critical[:2]):
        above, below = (check(Problem(**keys, l2=l2 * factor)) for factor in (1.001, 0.999))
        assert (above, below) == (number * units, (number + 1) * units)
    if not len(critical):
        assert check(Problem(**keys, l2=1e-3)) == 0


def test_the_values_of_iris() -> None:
    """Half the singular values .955728 and .223229 of the correlations of labels and inputs."""
    found = made(Problem(dataset="iris")).critical_l2()
    np.testing.assert_allclose(found, [0.955728 / 2, 0.223229 / 2], rtol=0.0, atol=5e-7)


@pytest.mark.parametrize("dataset", ["wine", "breast_cancer", "digits"])
def test_critical_l2_of_unbalanced_classes_solve_the_scalar_equation(dataset: str) -> None:
    problem = Problem(dataset=dataset)
    inputs, labels = problem.data.inputs, problem.data.targets
    one_hot = np.eye(labels.max() + 1)[labels]
    augmented = np.column_stack([inputs, np.ones(len(inputs))])
    for l2 in made(problem).critical_l2():
        start = np.zeros(one_hot.shape[1])
        biases = scipy.optimize.root(stationarity, start, args=(one_hot.mean(0), l2), tol=1e-14).x
        correlations = (scipy.special.softmax(biases) - one_hot).T @ augmented / len(inputs)
        assert np.abs(np.linalg.svd(correlations, compute_uv=False) - 2.0 * l2).min() < 1e-10


@pytest.mark.parametrize("activation", ["gelu", "silu", "identity"])
def test_other_activations_that_vanish_at_zero(activation: str) -> None:
    critical = made(Problem(dataset="wine", hidden=[2], activation=activation)).critical_l2()
    assert check(Problem(dataset="wine", hidden=[2], activation=activation, l2=critical[1] * 0.999)) == 4


def test_inputs_that_are_not_centred_and_smoothed_labels() -> None:
    assert check(Problem(dataset="wine", hidden=[2], standardise=False, l2=1.0)) == 4
    problem = Problem(dataset="wine", hidden=[2], label_smoothing=0.3, l2=1e-2)
    theta = torch.tensor(made(problem).parameters(problem.l2)[None])
    assert problem.energy_and_gradient(theta)[1].abs().max() < 1e-14
    values = torch.linalg.eigvalsh(problem.hessian(theta)[0])
    assert int((values < 0.0).sum()) == made(problem).index(problem.l2) == 4
    assert abs(values[0].item() - made(problem).lowest_eigenvalue(problem.l2)) < 1e-12


def regression(mean: float, hidden: tuple[int, ...], l2: float, share: float = 0.5) -> Problem:
    """Twenty samples of three inputs and two values, or of two classes of which the first has this share."""
    rng = np.random.default_rng(3)
    inputs, values = rng.normal(size=(20, 3)) + 0.4, rng.normal(size=(20, 2)) + mean
    config = ProblemConfig(dataset="iris", hidden=hidden, l2=l2, loss="mse" if mean else "cross_entropy")
    targets = values if mean else (np.arange(20) >= 20 * share).astype(np.int64)
    return Problem.from_data(config, from_arrays(inputs, targets))


@pytest.mark.parametrize("l2", [0.9, 0.3, 0.1, 0.01])
def test_a_regression(l2: float) -> None:
    check(regression(2.0, (3,), l2))


def test_two_hidden_layers_have_the_index_of_the_biases_alone() -> None:
    """No correlation with the inputs remains: the index is that of the last hidden layer, once the bias is above 1."""
    balanced, lopsided = regression(0.0, (3, 2), 1e-3), regression(0.0, (3, 2), 1e-3, share=0.05)
    assert (check(balanced), check(lopsided)) == (0, 2)
    (critical,) = made(lopsided).critical_l2()
    assert abs(np.linalg.norm(made(lopsided).biases(np.array([critical]))) - 1.0) < 1e-10
    assert not len(made(balanced).critical_l2())


def test_no_closed_form_where_it_does_not_hold() -> None:
    keys: list[dict[str, Any]] = [
        {"activation": "sigmoid"}, {"activation": "softplus"}, {"activation": "relu"}, {"hidden": []}, {"l2": 0.0},
        {"l1": 1e-3}, {"jacobian_weight": 1e-3},
    ]  # fmt: skip
    assert [Problem(dataset="iris", **one).origin for one in keys] == [None] * len(keys)


def test_slopes_are_those_of_the_smooth_activations_that_vanish_at_zero() -> None:
    zero = torch.zeros(1, dtype=torch.float64)
    vanishing = {name: one for name, one in ACTIVATIONS.items() if one.smooth and not one.value(zero).item()}
    assert {name: one.derivative(zero).item() for name, one in vanishing.items()} == SLOPES
