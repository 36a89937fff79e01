"""A chain of minima with made-up paths between neighbours, straight except for a kink: all barriers are known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from landscape.database.store import Store
from tests.analysis.synthetic import funnel, made_up_store, minima, property_rows, transition_states

POINTS = 41
LENGTH = 4.0


def barriers(count: int, slope: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Barriers [T] in energy, and in adversarial loss at the larger epsilon: 0.1 + slope * energy barrier, noisily."""
    random = np.random.default_rng(seed)
    heights = 0.01 + 0.05 * random.random(count)
    return heights, 0.1 + slope * heights + 0.002 * random.random(count)


def chain_with_paths(path: Path | None, heights: np.ndarray, rises: np.ndarray, unknown: Sequence[int] = ()) -> Store:
    """A store with a path for every barrier [T] in energy and in adversarial loss, except for the rows `unknown`.

    State t lies between minima t and t + 1; the last state is a degenerate rearrangement of minimum 0.
    """
    count = len(heights)
    parameters, energy, _, _ = funnel(count)
    pairs = np.stack([np.arange(count), np.arange(count) + 1], axis=1)
    pairs[-1] = 0
    ends = energy[pairs]
    peak = ends.max(axis=1) + heights
    values = _path_values(ends, peak, rises)
    for one in values.values():
        one[list(unknown)] = np.nan
    rows = [property_rows("transition_states", f"path_{name}", one, name) for name, one in values.items()]
    return made_up_store(path, minima(parameters, energy), transition_states(pairs, peak), tuple(rows))


def _path_values(ends: np.ndarray, peak: np.ndarray, rises: np.ndarray) -> dict[str, np.ndarray]:
    """Properties [T, I] or [T, I, 2]; at the smaller epsilon the barrier is half as high."""
    top = ends.max(axis=1)
    adversarial = np.stack([_kinked(ends, top + share * rises) for share in (0.5, 1.0)], axis=2)
    return {
        "energy": _kinked(ends, peak),
        "arc_length": LENGTH * (np.arange(len(ends)) + 1.0)[:, None] * np.linspace(-0.5, 0.5, POINTS),
        "clean_loss": _kinked(0.5 * ends, 0.5 * peak),
        "accuracy": np.full((len(ends), POINTS), 0.9),
        "adversarial_loss": adversarial,
        "robust_accuracy": 0.9 - adversarial,
        "certified_accuracy_crown": 0.8 - adversarial,
        "sensitivity_softmax_crown": adversarial - 5.0,
    }


def _kinked(ends: np.ndarray, peak: np.ndarray) -> np.ndarray:
    """Values [T, I] straight from the first of ends [T, 2] to peak [T] in the middle, and on to the second."""
    place = np.linspace(0.0, 1.0, POINTS)
    corners = np.stack([ends[:, 0], peak, ends[:, 1]], axis=1)
    return np.stack([np.interp(place, [0.0, 0.5, 1.0], row) for row in corners])
