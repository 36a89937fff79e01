"""The objective: gradients against autograd on a torch module, balls, dropout, and refused problems."""

import numpy as np
import pytest
import torch
from torch import nn

from landscape.config.training import Regime
from landscape.errors import ConfigError
from landscape.problems.networks.losses import LOSSES
from landscape.problems.problem import Problem
from landscape.training.attack import ascend, divergence_raised, loss_raised
from landscape.training.draws import Draws, Purpose
from landscape.training.minibatches import ALIGNED, Minibatch, TrainingSamples
from landscape.training.objective import RegimeObjective, dropped
from tests.training import reference
from tests.training.reference import iris, plain

SEEDS = (3, 1)


def first_batch(problem: Problem, regime: Regime) -> tuple[Draws, torch.Tensor, Minibatch]:
    draws = Draws(0, SEEDS, problem.device)
    batch = next(TrainingSamples(problem, regime, draws, len(SEEDS)).epoch())
    return draws, draws.starts(problem).requires_grad_(), batch


def test_minibatches_hold_every_sample_once_and_weigh_them_alike() -> None:
    problem, regime = iris(), Regime(batch_size=50, early_stopping=1)
    samples = TrainingSamples(problem, regime, Draws(0, SEEDS, problem.device), len(SEEDS))
    batches = list(samples.epoch())
    assert [batch.size for batch in batches] == [50, 46]
    for batch in batches:
        assert batch.inputs.shape[1] % ALIGNED == 0
        assert batch.weights.sum() == pytest.approx(1.0)
        assert (batch.weights > 0).sum() == batch.size
    for seed in range(len(SEEDS)):
        used = torch.cat([plain(batch, seed)[0] for batch in batches])
        rows = samples.trained[seed]
        assert sorted(used.tolist()) == sorted(problem.inputs[rows].tolist())
        everything = torch.cat([rows, samples.validated[seed]])
        assert sorted(everything.tolist()) == list(range(len(problem.inputs)))
    labels = plain(batches[0], 1)[1]
    for inputs, label in zip(plain(batches[0], 1)[0], labels, strict=True):
        assert label in problem.targets[(problem.inputs == inputs).all(1)]


def test_trades_is_the_loss_and_the_divergence_at_its_attack() -> None:
    problem, regime = iris(), Regime(trades=3.0, attack_steps=4, batch_size=20)
    draws, theta, batch = first_batch(problem, regime)
    noise = Draws(0, SEEDS, problem.device).normal(Purpose.ATTACK, batch.inputs.shape)
    values = RegimeObjective(problem, regime, draws).values(theta, batch, 0.3)
    (found,) = torch.autograd.grad(values.sum(), theta)
    for seed in range(len(SEEDS)):
        module = problem.module(theta[seed].detach().numpy())
        inputs, labels = plain(batch, seed)
        point = inputs + 1e-3 * noise[seed, : batch.size]
        for _ in range(4):
            point = point.detach().requires_grad_()
            (slope,) = torch.autograd.grad(reference.divergence(module, inputs, point), point)
            point = (point + 2.5 * 0.3 / 4 * slope.sign()).clamp(inputs - 0.3, inputs + 0.3)
        loss = reference.clean_loss(module, inputs, labels) + 3.0 * reference.divergence(module, inputs, point.detach())
        expected = torch.autograd.grad(loss, list(module.parameters()))
        np.testing.assert_allclose(values[seed].item(), loss.item(), rtol=1e-12)
        np.testing.assert_allclose(found[seed], nn.utils.parameters_to_vector(expected), rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("raised", ["loss", "divergence"])
@pytest.mark.parametrize("steps", [1, 7])
def test_attacks_stay_in_the_ball_and_raise_what_they_should(raised: str, steps: int) -> None:
    problem = iris()
    draws, theta, batch = first_batch(problem, Regime(batch_size=48))
    theta, start = theta.detach(), batch.inputs + 1e-3 * draws.normal(Purpose.ATTACK, batch.inputs.shape)
    clean = problem.network.outputs(theta, batch.inputs)
    gradient = loss_raised(LOSSES["cross_entropy"], batch.encoded) if raised == "loss" else divergence_raised(clean)
    box = batch.inputs - 0.3, batch.inputs + 0.3
    point = ascend(problem.network, theta, start, box, steps, gradient)
    assert ((point >= box[0]) & (point <= box[1])).all()
    assert (point - batch.inputs).abs().amax() == pytest.approx(0.3)

    def value(inputs: torch.Tensor) -> torch.Tensor:
        outputs = problem.network.outputs(theta, inputs)
        if raised == "loss":
            return problem.sample_loss(outputs, batch.encoded.argmax(0)[: outputs.shape[1]])[0]
        return nn.functional.kl_div(outputs.log_softmax(-1), clean.softmax(-1), reduction="none").sum(-1)[0]

    assert (value(point) > value(start)).to(torch.float64).mean() > 0.9


def test_dropout_leaves_out_units_and_keeps_the_mean() -> None:
    problem = iris(hidden=[40], activation="relu")
    draws = Draws(0, range(50), problem.device)
    theta = draws.starts(problem)[:1].expand(50, -1)
    inputs = problem.inputs[:16]
    whole = problem.network.outputs(theta[:1], inputs)[0]
    network = dropped(problem.network, 0.3, draws)
    passes = torch.stack([network.outputs(theta, inputs) for _ in range(40)]).flatten(0, 1)
    error = passes.std(0) / len(passes) ** 0.5
    assert ((passes.mean(0) - whole).abs() < 5.0 * error).all()
    masks = [dropped(problem.network, 0.3, Draws(0, [0], problem.device)).activation.value(torch.ones(1, 1000, 16))]
    assert (masks[0] == 0.0).to(torch.float64).mean() == pytest.approx(0.3, abs=0.02)
    assert torch.unique(masks[0]).tolist() == pytest.approx([0.0, 1.0 / 0.7])


def test_input_noise_has_its_deviation() -> None:
    problem, regime = iris(), Regime(input_noise=0.5, batch_size=96)
    draws, theta, batch = first_batch(problem, regime)
    objective = RegimeObjective(problem, regime, draws)
    noise = torch.stack([objective._noisy(batch.inputs) - batch.inputs for _ in range(20)])
    assert noise.std().item() == pytest.approx(0.5, rel=0.05)
    assert objective.values(theta, batch, 0.1).shape == (2,)


@pytest.mark.parametrize(
    ("table", "keys", "message"),
    [
        ({"loss": "mse"}, {"trades": 1.0}, 'trades: expected the loss "cross_entropy", found "mse"'),
        ({"activation": "gelu"}, {"sensitivity": 1.0}, 'expected a monotone activation .*, found "gelu"'),
    ],
)
def test_what_a_problem_does_not_admit(table: dict[str, object], keys: dict[str, float], message: str) -> None:
    problem = iris(**table)
    with pytest.raises(ConfigError, match=message):
        RegimeObjective(problem, Regime(**keys), Draws(0, [0], problem.device))  # type: ignore[arg-type]


def test_a_module_without_layers_of_ours_has_no_dropout() -> None:
    module = nn.Sequential(nn.Linear(4, 3), nn.Softsign(), nn.Linear(3, 3)).to(torch.float64)
    data = iris().data
    problem = Problem.from_module(module, data.inputs, data.targets, l2=0.0)
    RegimeObjective(problem, Regime(adversarial="pgd"), Draws(0, [0], problem.device))
    for keys in ({"dropout": 0.5}, {"batch_norm": True}, {"sensitivity": 0.1}):
        with pytest.raises(ConfigError, match="expected layers with one activation between them, found another"):
            RegimeObjective(problem, Regime(**keys), Draws(0, [0], problem.device))


@pytest.mark.parametrize("size", [1, 119, 17])
def test_a_single_sample_cannot_be_normalised(size: int) -> None:
    problem = iris()  # 120 samples
    with pytest.raises(ConfigError, match="batch_norm: expected minibatches of at least two samples"):
        RegimeObjective(problem, Regime(batch_norm=True, batch_size=size), Draws(0, [0], problem.device))


def test_wrong_labels_need_classes() -> None:
    data = iris().data
    problem = Problem.from_module(iris().module(np.zeros(43)), data.inputs, data.inputs[:, :3], l2=0.0, loss="mse")
    with pytest.raises(ConfigError, match="label_noise: expected classes, found a regression"):
        RegimeObjective(problem, Regime(label_noise=0.1), Draws(0, [0], problem.device))
