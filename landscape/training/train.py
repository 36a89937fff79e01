"""Training of networks side by side: minibatch descent by an optimiser of torch, all seeds of a regime in one batch.

torch's optimisers act on each number separately, so one optimiser serves the points [W, P] of all seeds; the result of
a seed does not depend on the seeds that train beside it (see `minibatches.py`). Seeds that stop early keep their best
parameters while the others go on.

Sharpness-aware minimisation takes its gradients at theta + r g / |g|, g the gradient at theta (Foret et al. 2021, arXiv
2010.01412, without its second-order term). Stochastic weight averaging ends at the mean of the points at the ends of
the last epochs (Izmailov et al. 2018, arXiv 1803.05407, at a constant learning rate).

Shapes: W seeds, P parameters, G gains and shifts of batch normalisation.
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
    """Trains one network for each seed, each from its own start.

    Raises `ConfigError` for a regime that the problem does not admit.
    """
    draws = Draws(run_seed, seeds, problem.device)
    objective = RegimeObjective(problem, regime, draws)
    samples = TrainingSamples(problem, regime, draws, len(seeds))
    start = draws.starts(problem)
    point = objective.start(start).requires_grad_()
    optimiser = _optimiser(regime, point)
    history = History(problem, samples, len(seeds), regime.epochs)
    stopping = Stopping(regime.early_stopping, regime.epochs, start)
    average = Average(regime)
    for epoch in range(1, regime.epochs + 1):
        minimised = _pass(objective, samples, optimiser, point, epsilon_at(regime, epoch), regime.sam)
        average.add(epoch, point.detach())
        if not (regime.early_stopping or history.due(epoch)):
            continue
        with torch.no_grad():
            theta = objective.parameters(average.of(point), samples)
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


class Average:
    """The mean of the points at the ends of the last epochs of a regime, which are a part `swa` of all epochs."""

    def __init__(self, regime: Regime) -> None:
        self._first = regime.epochs + 1 - (max(1, round(regime.swa * regime.epochs)) if regime.swa else 0)
        self._mean: Tensor | None = None

    def add(self, epoch: int, point: Tensor) -> None:
        """Adds the point at the end of an epoch, counted from 1, if it is one of the last epochs."""
        if epoch == self._first:
            self._mean = point.clone()
        elif self._mean is not None:
            self._mean += (point - self._mean) / (epoch - self._first + 1)

    def of(self, point: Tensor) -> Tensor:
        """The mean so far, or the point itself before the last epochs."""
        return point if self._mean is None else self._mean


def epsilon_at(regime: Regime, epoch: int) -> float:
    """The radius in an epoch, counted from 1; it grows linearly over the part `epsilon_ramp` of all epochs."""
    ramp = regime.epsilon_ramp * regime.epochs
    return regime.epsilon * min(1.0, epoch / ramp) if ramp else regime.epsilon


def _optimiser(regime: Regime, point: Tensor) -> torch.optim.Optimizer:
    if regime.optimiser == "adam":
        return torch.optim.Adam([point], lr=regime.learning_rate)
    return torch.optim.SGD([point], lr=regime.learning_rate, momentum=regime.momentum)


def _pass(
    objective: RegimeObjective,
    samples: TrainingSamples,
    optimiser: torch.optim.Optimizer,
    point: Tensor,
    epsilon: float,
    radius: float,
) -> np.ndarray:
    """One pass over the samples; returns the mean objective [W] of its minibatches, weighted by their sizes."""
    total = torch.zeros(len(point), dtype=point.dtype, device=point.device)
    for batch in samples.epoch():
        values = objective.values(point, batch, epsilon)
        (point.grad,) = torch.autograd.grad(values.sum(), point)
        if radius:
            length = point.grad.square().sum(1, keepdim=True).sqrt().clamp(min=torch.finfo(point.dtype).tiny)
            above = (point + radius * point.grad / length).detach().requires_grad_()
            (point.grad,) = torch.autograd.grad(objective.values(above, batch, epsilon).sum(), above)
        optimiser.step()
        total.add_(values.detach(), alpha=batch.size / samples.trained.shape[1])
    return total.cpu().numpy()
