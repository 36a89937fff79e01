"""Training of networks side by side: minibatch descent by an optimiser of torch, all seeds of a regime in one batch.

torch's optimisers act number by number, so one of them serves parameters theta[W, P] of all seeds; nothing of a seed
depends on which others train beside it (see `minibatches.py`). Seeds that stop early keep their best parameters while
the others go on. Shapes: W seeds, P parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from landscape.config.training import Regime
from landscape.problems.problem import Problem
from landscape.training.draws import Draws
from landscape.training.history import History, Stopping
from landscape.training.minibatches import TrainingSamples
from landscape.training.objective import RegimeObjective


@dataclass(frozen=True, kw_only=True)
class Trained:
    """End points of some seeds; columns as in `landscape.database.trained_points.TrainedPoints`."""

    parameters: np.ndarray  # [W, P]
    gradient_evaluations: np.ndarray  # int64[W]
    epochs: np.ndarray  # int64[W]
    history: np.ndarray  # [W, R, C]


def train(problem: Problem, regime: Regime, seeds: Sequence[int], run_seed: int = 0) -> Trained:
    """Trains a network from a start of its own for each seed.

    Raises `ConfigError` for a regime that the problem does not admit.
    """
    draws = Draws(run_seed, seeds, problem.device)
    objective = RegimeObjective(problem, regime, draws)
    samples = TrainingSamples(problem, regime, draws, len(seeds))
    theta = draws.starts(problem).requires_grad_()
    optimiser = _optimiser(regime, theta)
    history = History(problem, samples, len(seeds), regime.epochs)
    stopping = Stopping(regime.early_stopping, regime.epochs, theta)
    for epoch in range(1, regime.epochs + 1):
        minimised = _pass(objective, samples, optimiser, theta, epsilon_at(regime, epoch))
        if not (regime.early_stopping or history.due(epoch)):
            continue
        columns = {"epoch": np.full(len(seeds), float(epoch)), "objective": minimised, **history.measure(theta)}
        training = stopping.running
        stopped = stopping.stop(epoch, theta, columns["validation_loss"])
        history.record(columns, training & (stopped | history.due(epoch)))
        if not stopping.running.any():
            break
    return Trained(
        parameters=stopping.best.cpu().numpy(),
        gradient_evaluations=stopping.epochs * samples.trained.shape[1] * objective.gradients_per_sample,
        epochs=stopping.epochs,
        history=history.values,
    )


def epsilon_at(regime: Regime, epoch: int) -> float:
    """The radius in an epoch, from 1: it grows in proportion to the epoch over the part that `epsilon_ramp` says."""
    ramp = regime.epsilon_ramp * regime.epochs
    return regime.epsilon * min(1.0, epoch / ramp) if ramp else regime.epsilon


def _optimiser(regime: Regime, theta: Tensor) -> torch.optim.Optimizer:
    if regime.optimiser == "adam":
        return torch.optim.Adam([theta], lr=regime.learning_rate)
    return torch.optim.SGD([theta], lr=regime.learning_rate, momentum=regime.momentum)


def _pass(
    objective: RegimeObjective,
    samples: TrainingSamples,
    optimiser: torch.optim.Optimizer,
    theta: Tensor,
    epsilon: float,
) -> np.ndarray:
    """One pass over the samples; the mean [W] of what its steps minimised, minibatches weighted by their sizes."""
    total = torch.zeros(len(theta), dtype=theta.dtype, device=theta.device)
    for batch in samples.epoch():
        values = objective.values(theta, batch, epsilon)
        (theta.grad,) = torch.autograd.grad(values.sum(), theta)
        optimiser.step()
        total.add_(values.detach(), alpha=batch.size / samples.trained.shape[1])
    return total.cpu().numpy()
