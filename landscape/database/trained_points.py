"""End points of training: their table, and the part of a commit that adds to it.

A row is one trained network. Its regime is a code: the place of the regime's name in the list of regimes. The settings
of regimes and evaluations are kept as TOML text by name, in order of appearance. `history` has `HISTORY_ROWS` rows for
each network, with the columns `HISTORY_COLUMNS`: the ends of all epochs, or of evenly spaced epochs if there are more
epochs than rows; unused rows are NaN.

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
    "objective",  # mean over the steps of this epoch of the function that they minimised
    "training_loss",  # mean loss of clean training samples, without penalties
    "training_accuracy",
    "validation_loss",  # on the samples set aside for early stopping
    "validation_accuracy",
    "test_loss",  # on the test samples of the problem; NaN if there are none
    "test_accuracy",
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TrainedPoints(Table):
    """End points of training, one row each, exactly as trained: not made canonical.

    `regime` is the place of the regime's name in `Tables.regimes`. `seed` sets start, minibatches and noise.
    `gradient_evaluations` counts gradients of single samples, with respect to parameters or inputs. `epochs` is the
    epoch after which training stopped.
    """

    parameters: NDArray[np.float64] = field(metadata=column(np.float64, "P", essential=True))  # [T, P]
    regime: NDArray[np.int64] = field(metadata=column(np.int64, essential=True))  # [T]
    seed: NDArray[np.int64] = field(metadata=column(np.int64, essential=True))  # [T]
    gradient_evaluations: NDArray[np.int64] = field(metadata=column(np.int64))  # [T]
    epochs: NDArray[np.int64] = field(metadata=column(np.int64))  # [T]
    history: NDArray[np.float64] = field(
        metadata=column(np.float64, HISTORY_ROWS, len(HISTORY_COLUMNS), names=HISTORY_COLUMNS)
    )  # [T, R, C]


@dataclass(frozen=True, kw_only=True, eq=False)
class Training:
    """New end points of a round of training, and all regimes and evaluations, old and new, as TOML by name."""

    points: TrainedPoints
    regimes: Mapping[str, str]
    evaluations: Mapping[str, str]
