"""Plain training with torch: one network, a module and autograd, and the same minibatches as ours."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from landscape.config.training import Regime
from landscape.problems.problem import Problem
from landscape.training.draws import Draws
from landscape.training.minibatches import Minibatch, TrainingSamples

RUN_SEED = 7

Loss = Callable[[nn.Module, Tensor, Tensor], Tensor]


def iris(**table: object) -> Problem:
    return Problem(**({"dataset": "iris", "hidden": [5], "test_fraction": 0.2} | table))  # type: ignore[arg-type]


def minibatches(problem: Problem, regime: Regime, seed: int) -> list[tuple[Tensor, Tensor]]:
    """Inputs [n, d] and labels [n] of every step of a seed, without the padding of minibatches."""
    draws = Draws(RUN_SEED, [seed], problem.device)
    samples = TrainingSamples(problem, regime, draws, 1)
    return [plain(batch) for _ in range(regime.epochs) for batch in samples.epoch()]


def plain(batch: Minibatch, seed: int = 0) -> tuple[Tensor, Tensor]:
    seeds = len(batch.inputs)
    labels = batch.encoded.argmax(0).view(seeds, -1)
    return batch.inputs[seed, : batch.size], labels[seed, : batch.size]


def module_trained(problem: Problem, regime: Regime, seed: int, loss: Loss) -> np.ndarray:
    """Parameters [P] after all steps, by torch's own optimiser on the parameters of a module."""
    module = problem.module(started(problem, seed))
    if regime.optimiser == "adam":
        optimiser: torch.optim.Optimizer = torch.optim.Adam(module.parameters(), lr=regime.learning_rate)
    else:
        optimiser = torch.optim.SGD(module.parameters(), lr=regime.learning_rate, momentum=regime.momentum)
    for inputs, labels in minibatches(problem, regime, seed):
        optimiser.zero_grad()
        loss(module, inputs, labels).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return vector(module)


def started(problem: Problem, seed: int) -> np.ndarray:
    """The initial parameters [P] of a seed."""
    found: np.ndarray = Draws(RUN_SEED, [seed], problem.device).starts(problem)[0].numpy()
    return found


def vector(module: nn.Module) -> np.ndarray:
    """The parameters [P] of a module."""
    found: np.ndarray = nn.utils.parameters_to_vector(module.parameters()).detach().numpy()
    return found


def clean_loss(module: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(module(inputs), labels)


def squares(module: nn.Module) -> Tensor:
    return torch.stack([parameter.square().sum() for parameter in module.parameters()]).sum()


def sizes(module: nn.Module) -> Tensor:
    return torch.stack([parameter.abs().sum() for parameter in module.parameters()]).sum()


def fgsm_loss(module: nn.Module, inputs: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    point = inputs.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(functional.cross_entropy(module(point), labels), point)
    return functional.cross_entropy(module(inputs + epsilon * gradient.sign()), labels)


def divergence(module: nn.Module, inputs: Tensor, attacked: Tensor) -> Tensor:
    """KL(softmax on clean inputs || softmax on attacked ones), mean over the samples, by its definition."""
    clean, moved = module(inputs).softmax(1), module(attacked).softmax(1)
    found: Tensor = (clean * (clean / moved).log()).sum(1).mean()
    return found
