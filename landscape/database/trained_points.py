"""End points of training: their table, and what one round of training adds.

A row is one trained network; its regime is a code, the place of a name among the regimes. Regimes and evaluations are
kept by name as the TOML text of their settings, in the order in which they came. `history` has `HISTORY_ROWS` rows for
each network, the first ones filled and the others NaN: the end of every epoch, or of evenly spaced ones where there
are more epochs than rows, with the columns `HISTORY_COLUMNS`.

Shapes: T trained networks, P parameters, R = HISTORY_ROWS, C columns of the history.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from landscape.database.lazy import Table, column

HISTORY_ROWS = 32
HISTORY_COLUMNS = (
    "epoch",  # from 1
    "objective",  # mean over the steps of this epoch of what they minimised
    "training_loss",  # mean loss of clean samples without penalties, on the samples trained on,
    "training_accuracy",
    "validation_loss",  # on those set aside for early stopping,
    "validation_accuracy",
    "test_loss",  # and on the test samples of the problem; NaN where there are none
    "test_accuracy",
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TrainedPoints(Table):
    """End points of training, one row each, as they were trained: no canonical copies.

    `regime` is the place of its name in `Tables.regimes`; `seed` its start, minibatches and noise.
    `gradient_evaluations` counts gradients of single samples, with respect to parameters or to inputs; `epochs` is
    the epoch after which training stopped.
    """

    parameters: NDArray[np.float64] = field(metadata=column(np.float64, "P"))  # [T, P]
    regime: NDArray[np.int64] = field(metadata=column(np.int64))  # [T]
    seed: NDArray[np.int64] = field(metadata=column(np.int64))  # [T]
    gradient_evaluations: NDArray[np.int64] = field(metadata=column(np.int64))  # [T]
    epochs: NDArray[np.int64] = field(metadata=column(np.int64))  # [T]
    history: NDArray[np.float64] = field(metadata=column(np.float64, HISTORY_ROWS, len(HISTORY_COLUMNS)))  # [T, R, C]


@dataclass(frozen=True, kw_only=True, eq=False)
class Training:
    """What a round of training adds: new end points, and the whole of the regimes and evaluations, TOML by name."""

    points: TrainedPoints
    regimes: Mapping[str, str]
    evaluations: Mapping[str, str]
