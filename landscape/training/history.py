"""The course of training: losses and accuracies at the end of epochs, and early stopping.

Shapes: W seeds, P parameters, N samples, n trained on and v set aside, R rows and C columns of a history.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from landscape.database.trained_points import HISTORY_COLUMNS, HISTORY_ROWS
from landscape.problems.problem import Problem
from landscape.training.minibatches import ALIGNED, TrainingSamples

PIECE = 64 * ALIGNED  # samples evaluated at a time, few enough for networks of any width


class History:
    """Histories [W, R, C] as they are stored, filled at the epochs that are `due`."""

    def __init__(self, problem: Problem, samples: TrainingSamples, n_seeds: int, epochs: int) -> None:
        self.values = np.full((n_seeds, HISTORY_ROWS, len(HISTORY_COLUMNS)), np.nan)
        self._filled = np.zeros(n_seeds, dtype=np.int64)
        rows = min(epochs, HISTORY_ROWS)
        self._due = {round((row + 1) * epochs / rows) for row in range(rows)}
        self._problem, self._samples = problem, samples

    def due(self, epoch: int) -> bool:
        """True if this epoch, counted from 1, has a row of its own."""
        return epoch in self._due

    def record(self, measured: dict[str, np.ndarray], walkers: np.ndarray) -> None:
        """Adds a row of values [W] by name of column, for the seeds in `walkers` bool[W]."""
        for walker in np.flatnonzero(walkers):
            row = [measured[name][walker] for name in HISTORY_COLUMNS]
            self.values[walker, self._filled[walker]] = row
            self._filled[walker] += 1

    @torch.no_grad()
    def measure(self, theta: Tensor) -> dict[str, np.ndarray]:
        """Losses and accuracies [W] by name of column, at theta [W, P]; NaN for a part without samples."""
        problem, samples = self._problem, self._samples
        judged = _judged(problem, theta, problem.inputs, problem.targets)
        parts = {
            "training": [values.gather(1, samples.trained) for values in judged],
            "validation": [values.gather(1, samples.validated) for values in judged],
            "test": [theta.new_empty(len(theta), 0)] * 2,
        }
        if problem.test_inputs is not None and problem.test_targets is not None:
            parts["test"] = _judged(problem, theta, problem.test_inputs, problem.test_targets)
        return {
            f"{part}_{name}": values.mean(1).cpu().numpy()
            for part, both in parts.items()
            for name, values in zip(("loss", "accuracy"), both, strict=True)
        }


class Stopping:
    """The seeds that still train, bool[W], and the best parameters and the last epoch of all seeds.

    With patience the best parameters are those of the lowest validation loss, or NaN for a seed that never had a finite
    loss; a seed stops if its lowest loss has not fallen for `patience` epochs. Without patience the best parameters are
    the last ones, and no seed stops early.
    """

    def __init__(self, patience: int, epochs: int, theta: Tensor) -> None:
        self.best = torch.full_like(theta, torch.nan, requires_grad=False)
        self.epochs = np.full(len(theta), epochs)
        self.running = np.ones(len(theta), dtype=bool)
        self._patience = patience
        self._loss = np.full(len(theta), np.inf)
        self._epoch = np.zeros(len(theta), dtype=np.int64)

    def stop(self, epoch: int, theta: Tensor, validation_loss: np.ndarray) -> np.ndarray:
        """Seeds, bool[W], that stop after this epoch with this validation loss [W] at theta [W, P]."""
        better = self.running & ((validation_loss < self._loss) | (not self._patience))
        self._loss = np.where(better, validation_loss, self._loss)
        self._epoch = np.where(better, epoch, self._epoch)
        self.best = torch.where(torch.from_numpy(better).to(theta.device)[:, None], theta.detach(), self.best)
        stopped: np.ndarray = self.running & (epoch - self._epoch >= (self._patience or np.inf))
        self.epochs[stopped] = epoch
        self.running = self.running & ~stopped
        return stopped


def _judged(problem: Problem, theta: Tensor, inputs: Tensor, targets: Tensor) -> list[Tensor]:
    """Losses [W, N], and 1 or 0 [W, N] for right or wrong answers; NaN without classes, and where outputs are NaN."""
    pieces = list(_pieces(problem, theta, inputs, targets))
    return [torch.cat(part, 1)[:, : len(inputs)] for part in zip(*pieces, strict=True)]


def _pieces(problem: Problem, theta: Tensor, inputs: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    rows = torch.arange(len(inputs) + -len(inputs) % ALIGNED, device=inputs.device).clamp(max=len(inputs) - 1)
    for part in torch.split(rows, PIECE):
        outputs = problem.network.outputs(theta, inputs[part])
        loss = problem.sample_loss(outputs, targets[part])
        if not problem.is_classification:
            yield loss, torch.full_like(loss, torch.nan)
            continue
        right = (outputs.argmax(-1) == targets[part]).to(loss.dtype)
        yield loss, right.masked_fill(outputs.isnan().any(-1), torch.nan)
