"""The samples that each seed trains on, in minibatches, and the samples that it sets aside.

Minibatches are filled up to a multiple of `ALIGNED` samples with samples of weight zero. The numbers of a seed then
never share a vector of the processor with those of another seed, nor the end of a loop over vectors, where functions
are computed in another way. So the result of a seed does not depend, to the last bit, on the seeds that train beside
it.

Shapes: W seeds, N samples, n of them trained on, B samples of a minibatch, d inputs, K outputs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from landscape.config.training import Regime
from landscape.errors import ConfigError
from landscape.problems.problem import Problem
from landscape.training.draws import Draws, Purpose

ALIGNED = 16


@dataclass(frozen=True, kw_only=True)
class Minibatch:
    """Samples of one step, different ones for each seed."""

    inputs: Tensor  # [W, B, d]
    encoded: Tensor  # [K, W * B]: targets as the loss takes them
    weights: Tensor  # [B]: one over the number of samples that count, zero for copies that fill up the batch
    size: int  # number of samples that count

    def mean(self, values: Tensor) -> Tensor:
        """Means [W] of values [W, B] over the samples that count."""
        return (values * self.weights).sum(1)


def validation_samples(regime: Regime, n: int) -> int:
    """Number of the n samples that early stopping sets aside.

    Raises `ConfigError` if no samples are left to train on or to set aside.
    """
    if not regime.early_stopping:
        return 0
    found = round(regime.validation_fraction * n)
    if not 0 < found < n:
        raise ConfigError(
            f"[train] validation_fraction: expected a part of the {n} samples that leaves some to train on and some to "
            f"stop by, found {regime.validation_fraction:g}, which is {found} of them: change it, or leave "
            "early_stopping out"
        )
    return found


class TrainingSamples:
    """`trained` int64[W, n] and `validated` int64[W, N - n]: rows of the problem's samples."""

    def __init__(self, problem: Problem, regime: Regime, draws: Draws, n_seeds: int) -> None:
        n = len(problem.inputs)
        n_validated = validation_samples(regime, n)
        rows = draws.permutations(Purpose.SPLIT, torch.arange(n, device=problem.device).repeat(n_seeds, 1))
        self._problem, self._draws = problem, draws
        self._size = min(regime.batch_size, n - n_validated)
        self.validated, self.trained = rows[:, :n_validated], rows[:, n_validated:]
        self._encoded = problem.encoded.mT.contiguous()  # [N, K]: whole rows are copied faster
        # The row of `_encoded` at which the targets of each seed begin.
        self._first = torch.zeros(n_seeds, 1, dtype=torch.int64, device=problem.device)
        if regime.label_noise:
            self._encoded = self._with_wrong_labels(max(1, round(regime.label_noise * self.trained.shape[1])))
            self._first = n * torch.arange(n_seeds, device=problem.device)[:, None]

    @property
    def inputs(self) -> Tensor:
        """All inputs [W, n, d] that each seed trains on."""
        return self._problem.inputs[self.trained]

    def epoch(self) -> Iterator[Minibatch]:
        """All samples once, in an order drawn anew; the last minibatch may be smaller."""
        order = self._draws.permutations(Purpose.ORDER, self.trained)
        for rows in torch.split(order, self._size, 1):
            yield self._minibatch(rows)

    def _with_wrong_labels(self, wrong: int) -> Tensor:
        """Encoded targets [W * N, K], N for each seed.

        `wrong` of the training samples of each seed have the code of another class, all other classes being equally
        likely.
        """
        rows = self._draws.permutations(Purpose.LABELS, self.trained)[:, :wrong]
        seeds, classes = len(rows), self._encoded.shape[1]
        further = 1 + (self._draws.uniform(Purpose.LABELS, rows.shape) * (classes - 1)).long()
        rolled = (torch.arange(classes, device=rows.device) - further[..., None]) % classes
        found = self._encoded.repeat(seeds, 1, 1)
        found[torch.arange(seeds, device=rows.device)[:, None], rows] = self._encoded[rows].gather(2, rolled)
        return found.flatten(0, 1)

    def _minibatch(self, rows: Tensor) -> Minibatch:
        size = rows.shape[1]
        filled = torch.cat([rows, rows[:, :1].expand(-1, -size % ALIGNED)], 1) if size % ALIGNED else rows
        weights = torch.zeros(filled.shape[1], dtype=torch.float64, device=rows.device)
        weights[:size] = 1.0 / size
        return Minibatch(
            inputs=self._problem.inputs.index_select(0, filled.flatten()).view(*filled.shape, -1),
            encoded=self._encoded.index_select(0, (filled + self._first).flatten()).mT,
            weights=weights,
            size=size,
        )
