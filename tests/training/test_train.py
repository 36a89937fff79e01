"""Training against torch, one network at a time, and its independence of the seeds that train together."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from landscape.config.training import Regime
from landscape.database.trained_points import HISTORY_COLUMNS, HISTORY_ROWS
from landscape.problems.problem import Problem
from landscape.training.draws import Draws
from landscape.training.minibatches import TrainingSamples
from landscape.training.normalisation import Normalisation
from landscape.training.train import epsilon_at, train
from tests.problems.convolutions import image_problem
from tests.problems.reference import points
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
    "jacobian": {"jacobian": 0.1},
    "sam": {"sam": 0.1},
    "swa": {"swa": 0.67},
    "batch normalisation": {"batch_norm": True, "dropout": 0.2},
    "wrong labels": {"label_noise": 0.3},
}


def regime(**keys: object) -> Regime:
    return Regime(**(SHORT | keys))  # type: ignore[arg-type]


def penalised(module: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    penalty = 1e-2 * reference.squares(module) + 1e-3 * reference.sizes(module)
    return clean_loss(module, inputs, labels) + penalty


def adversarial(module: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    return fgsm_loss(module, inputs, labels, 0.2)


def jacobian(module: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    slopes = torch.func.vmap(torch.func.jacrev(lambda x: module(x[None])[0]))(inputs)  # [n, K, d]
    total: Tensor = clean_loss(module, inputs, labels) + 0.1 * slopes.square().sum((1, 2)).mean()
    return total


@pytest.mark.parametrize(
    ("keys", "loss"),
    [
        ({"jacobian": 0.1}, jacobian),
        ({}, clean_loss),
        ({"optimiser": "adam", "learning_rate": 0.01}, clean_loss),
        ({"batch_size": 1000, "momentum": 0.0}, clean_loss),
        ({"l2": 1e-2, "l1": 1e-3}, penalised),
        ({"adversarial": "fgsm"}, adversarial),
    ],
    ids=["jacobian", "sgd", "adam", "full batch", "elastic net", "fgsm"],
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


def test_sharpness_aware_steps_are_those_written_out() -> None:
    problem, chosen = iris(), regime(sam=0.2, momentum=0.0)
    found = train(problem, chosen, [4], RUN_SEED).parameters[0]
    module = problem.module(reference.started(problem, 4))
    parameters = list(module.parameters())
    for inputs, labels in reference.minibatches(problem, chosen, 4):
        slopes = torch.autograd.grad(clean_loss(module, inputs, labels), parameters)
        length = torch.sqrt(sum((slope.square().sum() for slope in slopes), torch.tensor(0.0)))
        with torch.no_grad():
            for one, slope in zip(parameters, slopes, strict=True):
                one.add_(0.2 * slope / length)
        above = torch.autograd.grad(clean_loss(module, inputs, labels), parameters)
        with torch.no_grad():
            for one, slope, step in zip(parameters, slopes, above, strict=True):
                one.sub_(0.2 * slope / length + 0.05 * step)
    np.testing.assert_allclose(found, reference.vector(module), rtol=0.0, atol=1e-13)


def test_averages_are_those_of_the_last_epochs() -> None:
    problem = iris()
    ends = [train(problem, regime(epochs=epochs), [4, 1]).parameters for epochs in (2, 3, 4, 5)]
    found = train(problem, regime(epochs=5, swa=0.6), [4, 1])
    np.testing.assert_allclose(found.parameters, np.mean(ends[1:], axis=0), rtol=0.0, atol=1e-14)
    module, losses = problem.module(found.parameters[0]), found.history[0, :, HISTORY_COLUMNS.index("training_loss")]
    assert losses[4] == pytest.approx(clean_loss(module, problem.inputs, problem.targets).item(), rel=1e-12)
    short = train(problem, regime(epochs=2, swa=0.1), [4, 1]).parameters
    np.testing.assert_array_equal(short, ends[0])  # at least one epoch is averaged
    first = problem.module(ends[0][0])
    assert losses[1] == pytest.approx(clean_loss(first, problem.inputs, problem.targets).item(), rel=1e-12)


class Normalised(nn.Module):
    """The network of `iris()` with the batch normalisation of torch."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.first, self.second = (one for one in module.modules() if isinstance(one, nn.Linear))
        self.norm = nn.BatchNorm1d(self.first.out_features, dtype=torch.float64)

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.second(torch.tanh(self.norm(self.first(inputs))))
        return found


def test_batch_normalisation_is_that_of_torch_and_is_folded_in_by_all_samples() -> None:
    problem, chosen = iris(), regime(batch_norm=True, momentum=0.0)
    found = train(problem, chosen, [4], RUN_SEED)
    module = Normalised(problem.module(reference.started(problem, 4)))
    optimiser = torch.optim.SGD(module.parameters(), lr=0.05)
    for inputs, labels in reference.minibatches(problem, chosen, 4):
        optimiser.zero_grad()
        clean_loss(module, inputs, labels).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    expected = module(problem.inputs).detach()  # training mode normalises by the statistics of all inputs
    outputs = problem.module(found.parameters[0])(problem.inputs).detach()
    torch.testing.assert_close(outputs, expected, rtol=0.0, atol=1e-10)


def test_convolutions_are_normalised_over_their_positions() -> None:
    problem = image_problem("strided and padded")
    network = problem.network.layered
    assert network is not None
    normalisation, theta = Normalisation(network), points(problem, 2)
    inputs, weights = problem.inputs.expand(2, -1, -1), torch.full((7,), 1 / 7, dtype=torch.float64)
    folded = normalisation.folded(normalisation.start(theta), inputs, weights)
    for seed in range(2):
        pieces = list(problem.module(theta[seed].numpy()).children())
        pieces.insert(2, nn.BatchNorm2d(2, dtype=torch.float64))
        pieces.insert(6, nn.BatchNorm1d(4, dtype=torch.float64))
        expected = nn.Sequential(*pieces)(problem.inputs)
        torch.testing.assert_close(problem.network.outputs(folded, problem.inputs)[seed], expected)


def test_wrong_labels_are_of_another_class_and_stay() -> None:
    problem = Problem(dataset="digits", subset=60, hidden=[5], l2=1e-4)
    seeds, chosen = (3, 1), regime(label_noise=0.25, batch_size=60)
    samples = TrainingSamples(problem, chosen, Draws(0, seeds, problem.device), 2)
    told = []
    for batch in (next(samples.epoch()), next(samples.epoch())):
        for seed in range(2):
            inputs, labels = reference.plain(batch, seed)
            place = [int((problem.inputs == one).all(1).nonzero()[0, 0]) for one in inputs]
            wrong = {row: int(label) for row, label in zip(place, labels, strict=True) if label != problem.targets[row]}
            assert len(wrong) == 15
            told.append(wrong)
    assert told[0] == told[2]
    assert told[1] == told[3] != told[0]
    assert len({label for wrong in told for label in wrong.values()}) > 5


def test_seeds_and_run_seeds_differ() -> None:
    problem = iris()
    points = [train(problem, regime(epochs=1), [0, 1], run_seed).parameters for run_seed in (0, 1)]
    assert len(np.unique(np.concatenate(points), axis=0)) == 4


def test_gradients_are_counted() -> None:
    problem = iris()
    counts = {"plain": 1, "fgsm": 2, "pgd with dropout": 4, "trades": 5, "sensitivity": 3, "jacobian": 7, "sam": 2}
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
