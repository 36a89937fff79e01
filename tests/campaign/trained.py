"""End points of training made by hand, put into a store as a round of training would."""

from collections.abc import Mapping, Sequence

import numpy as np

from landscape.database.records import Commit, Minima, TransitionStates
from landscape.database.store import Store
from landscape.database.trained_points import HISTORY_COLUMNS, HISTORY_ROWS, TrainedPoints, Training


def add_trained(
    store: Store,
    theta: np.ndarray,
    regimes: Mapping[str, str],
    regime: Sequence[int],
    seed: Sequence[int],
    evaluations: Mapping[str, str] | None = None,
) -> None:
    """Commit end points theta [T, P] of the regimes, TOML by name."""
    count, tables = len(theta), store.tables
    points = TrainedPoints(
        parameters=theta,
        regime=np.array(regime, dtype=np.int64),
        seed=np.array(seed, dtype=np.int64),
        gradient_evaluations=1000 * (1 + np.array(regime, dtype=np.int64)),
        epochs=np.full(count, 10),
        history=np.full((count, HISTORY_ROWS, len(HISTORY_COLUMNS)), np.nan),
    )
    store.commit(
        Commit(
            kind="train",
            tasks=1,
            evaluations=0,
            seconds=0.0,
            minima=Minima.empty(store.record.n_parameters),
            hits=tables.minima.hits,
            transition_states=TransitionStates.empty(store.record.n_parameters),
            training=Training(points=points, regimes=regimes, evaluations=evaluations or {}),
        )
    )
