"""Training against torch one network at a time, and what must not depend on which seeds train together."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from landscape.config.training import Regime
from landscape.database.trained_points import HISTORY_COLUMNS, HISTORY_ROWS
from landscape.problems.problem import Problem
from landscape.training.train import epsilon_at, train
from tests.training import reference
from tests.training.reference import RUN_SEED, clean_loss, fgsm_loss, iris

SHORT = {"epochs": 3, "batch_size": 16, "learning_rate": 0.05, "epsilon": 0.2, "attack_steps": 3}
REGIMES: dict[str, dict[str, object]] = {
    "plain": {},
    "adam": {"optimiser": "adam", "learning_rate": 0.01},
    "elastic net": {"l2": 1e-2, "l1": 1e-2},
    "dropout": {"dropout": 0.3},
    "input noise": {"input_noise": 0.3},
    "early stopping": {"early_stopping": 1, "epochs": 6, "learning_rate": 0.5},
    "fgsm": {"adversarial": "fgsm"},
    "pgd with dropout": {"adversarial": "pgd", "dropout": 0.2},
    "trades": {"trades": 3.0},
    "sensitivity": {"sensitivity": 0.1, "epsilon_ramp": 0.5},
    "odd batches": {"batch_size": 7},
}


def regime(**keys: object) -> Regime:
    return Regime(**(SHORT | keys))  # type: ignore[arg-type]


def penalised(module: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    penalty = 1e-2 * reference.squares(module) + 1e-3 * reference.sizes(module)
    return clean_loss(module, inputs, labels) + penalty


def adversarial(module: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    return fgsm_loss(module, inputs, labels, 0.2)


@pytest.mark.parametrize(
    ("keys", "loss"),
    [
        ({}, clean_loss),
        ({"optimiser": "adam", "learning_rate": 0.01}, clean_loss),
        ({"batch_size": 1000, "momentum": 0.0}, clean_loss),
        ({"l2": 1e-2, "l1": 1e-3}, penalised),
        ({"adversarial": "fgsm"}, adversarial),
    ],
    ids=["sgd", "adam", "full batch", "elastic net", "fgsm"],
)
def test_steps_are_those_of_torch_on_a_module(keys: dict[str, object], loss: reference.Loss) -> None:
    problem, chosen = iris(), regime(**keys)
    found = train(problem, chosen, [4, 0, 9], RUN_SEED).parameters
    for parameters, seed in zip(found, [4, 0, 9], strict=True):
        expected = reference.module_trained(problem, chosen, seed, loss)
        np.testing.assert_allclose(parameters, expected, rtol=0.0, atol=1e-13)


@pytest.mark.bits
@pytest.mark.parametrize("keys", REGIMES.values(), ids=REGIMES)
def test_a_seed_does_not_depend_on_its_neighbours_in_the_last_bit(keys: dict[str, object]) -> None:
    problem, chosen = iris(), regime(**keys)
    together = train(problem, chosen, [0, 5, 2])
    for place, seed in enumerate([0, 5, 2]):
        alone = train(problem, chosen, [seed])
        for name in ("parameters", "epochs", "gradient_evaluations", "history"):
            assert getattr(alone, name)[0].tobytes() == getattr(together, name)[place].tobytes(), name


@pytest.mark.bits
@pytest.mark.parametrize("batch_size", [1, 7, 17, 33])
@pytest.mark.parametrize("keys", [{}, {"early_stopping": 2}, {"adversarial": "pgd"}, {"trades": 3.0}], ids=str)
def test_neighbours_of_ten_classes_and_any_batch_size(keys: dict[str, object], batch_size: int) -> None:
    """Ten outputs are summed in vectors, three are not."""
    problem = Problem(dataset="digits", subset=60, hidden=[5], l2=1e-4, test_fraction=0.2)
    chosen = regime(batch_size=batch_size, epochs=1, **keys)
    together = train(problem, chosen, [0, 5, 2, 7])
    alone = train(problem, chosen, [5])
    assert alone.parameters[0].tobytes() == together.parameters[1].tobytes()
    assert alone.history[0].tobytes() == together.history[1].tobytes()


@pytest.mark.bits
@pytest.mark.parametrize("table", [{"activation": "gelu"}, {"activation": "relu"}, {"hidden": [3, 4]}])
def test_neighbours_of_other_networks(table: dict[str, object]) -> None:
    problem = iris(**table)
    together = train(problem, regime(dropout=0.2), [0, 1, 2]).parameters
    assert train(problem, regime(dropout=0.2), [1]).parameters[0].tobytes() == together[1].tobytes()


def test_seeds_and_run_seeds_differ() -> None:
    problem = iris()
    points = [train(problem, regime(epochs=1), [0, 1], run_seed).parameters for run_seed in (0, 1)]
    assert len(np.unique(np.concatenate(points), axis=0)) == 4


def test_gradients_are_counted() -> None:
    problem = iris()
    counts = {"plain": 1, "fgsm": 2, "pgd with dropout": 4, "trades": 5, "sensitivity": 3}
    for name, per_sample in counts.items():
        found = train(problem, regime(**REGIMES[name]), [0]).gradient_evaluations
        assert found.tolist() == [3 * 120 * per_sample], name


def test_histories_end_in_what_the_parameters_give() -> None:
    problem = iris()
    found = train(problem, regime(epochs=4), [0, 1])
    assert found.history.shape == (2, HISTORY_ROWS, len(HISTORY_COLUMNS))
    assert np.isnan(found.history[:, 4:]).all()
    columns = dict(zip(HISTORY_COLUMNS, found.history[1, :4].T, strict=True))
    assert columns["epoch"].tolist() == [1, 2, 3, 4]
    assert np.isnan(columns["validation_loss"]).all()
    assert columns["objective"][3] < columns["objective"][0]
    module = problem.module(found.parameters[1])
    assert problem.test_inputs is not None
    assert problem.test_targets is not None
    for part, inputs, targets in (
        ("training", problem.inputs, problem.targets),
        ("test", problem.test_inputs, problem.test_targets),
    ):
        outputs = module(inputs)
        loss = nn.functional.cross_entropy(outputs, targets)
        np.testing.assert_allclose(columns[f"{part}_loss"][3], loss.item(), rtol=1e-13)
        right = (outputs.argmax(1) == targets).to(torch.float64).mean()
        np.testing.assert_allclose(columns[f"{part}_accuracy"][3], right.item(), rtol=1e-13)


def test_accuracies_of_a_network_that_diverged_are_unknown() -> None:
    found = train(iris(), regime(epochs=3, learning_rate=1e308, l1=1.0), [0])
    assert np.isnan(found.parameters).all()
    for part in ("training", "test"):
        assert np.isnan(found.history[0, 2, HISTORY_COLUMNS.index(f"{part}_accuracy")])


def test_long_histories_are_evenly_spaced() -> None:
    problem = Problem(dataset="xor", standardise=False, hidden=[2])
    history = train(problem, regime(epochs=200), [0]).history[0]
    assert np.isin(np.diff(history[:, 0]), [6.0, 7.0]).all()
    assert (history[0, 0], history[-1, 0]) == (6.0, 200.0)


def test_early_stopping_keeps_the_best_and_stops() -> None:
    problem, chosen = iris(), regime(early_stopping=3, epochs=30, learning_rate=0.5, validation_fraction=0.3)
    found = train(problem, chosen, [0, 1, 2, 3])
    assert (found.epochs < 30).any()
    for seed, history in enumerate(found.history):
        rows = history[~np.isnan(history[:, 0])]
        columns = dict(zip(HISTORY_COLUMNS, rows.T, strict=True))
        best = int(columns["validation_loss"].argmin())
        assert found.epochs[seed] in {best + 1 + 3, 30}
        assert columns["epoch"].tolist() == list(range(1, found.epochs[seed] + 1))
        stopped_there = regime(early_stopping=30, epochs=best + 1, learning_rate=0.5, validation_fraction=0.3)
        assert train(problem, stopped_there, [seed]).parameters[0].tobytes() == found.parameters[seed].tobytes()
    per_epoch = 120 - 36
    assert found.gradient_evaluations.tolist() == (found.epochs * per_epoch).tolist()


def test_epsilon_grows_over_the_ramp() -> None:
    ramped = regime(epochs=10, epsilon=0.4, epsilon_ramp=0.5)
    assert [round(epsilon_at(ramped, epoch), 12) for epoch in (1, 2, 5, 10)] == [0.08, 0.16, 0.4, 0.4]
    assert epsilon_at(regime(epsilon=0.4), 1) == 0.4


def test_a_regression_has_losses_and_no_accuracies() -> None:
    problem = iris(loss="mse")
    assert np.isfinite(train(problem, regime(), [0]).parameters).all()


def test_sensitivity_makes_boxes_smaller() -> None:
    problem = iris()
    ends = [train(problem, regime(epochs=20, sensitivity=weight), [0]).parameters for weight in (0.0, 0.3)]
    from landscape.problems.terms.sensitivity import SensitivityTerm  # noqa: PLC0415

    term = SensitivityTerm(problem.network, 0.2, 1e-2)  # type: ignore[arg-type]
    plain, trained = (term.logit_widths(torch.from_numpy(theta), problem.inputs).log().sum(1).mean() for theta in ends)
    assert trained < plain - 1.0
