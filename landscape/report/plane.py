"""A map of minima: places in the plane whose distances are near the aligned distances of the minima.

Classical multidimensional scaling (Torgerson, Psychometrika 17, 401, 1952) takes the two leading eigenvectors of the
doubly centred matrix of squared distances. Distances between minima are those of the nearest symmetric copies, so they
need not fit in any flat space: the matrix may have negative eigenvalues.

Shapes: n minima, P parameters.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from landscape.objective import Symmetry

BATCH = 4096  # pairs that are aligned at once


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Places [n, 2] of minima in the plane."""

    places: np.ndarray
    share: float  # of the sum of the positive eigenvalues, that of the two axes; NaN without any


def aligned_distances(theta: np.ndarray, symmetry: Symmetry) -> np.ndarray:
    """Distances [n, n] between the nearest copies of theta [n, P]."""
    first, second = np.triu_indices(len(theta), k=1)
    found = np.zeros((len(theta), len(theta)))
    for start in range(0, len(first), BATCH):
        one, other = first[start : start + BATCH], second[start : start + BATCH]
        found[one, other] = found[other, one] = symmetry.distance(theta[one], theta[other])
    return found


def plane_of(distances: np.ndarray) -> Plane:
    """The plane of classical multidimensional scaling for distances [n, n]."""
    count = len(distances)
    places = np.zeros((count, 2))
    centre = np.eye(count) - 1.0 / max(count, 1)
    values, vectors = eigh(-0.5 * centre @ distances**2 @ centre) if count else (np.empty(0), np.empty((0, 0)))
    positive = np.maximum(values[::-1], 0.0)
    axes = min(count, 2)
    places[:, :axes] = vectors[:, ::-1][:, :axes] * np.sqrt(positive[:axes])
    if count:
        places *= _signs(places)
    total = float(positive.sum())
    return Plane(places=places, share=float(positive[:2].sum() / total) if total > 0.0 else float("nan"))


def _signs(places: np.ndarray) -> np.ndarray:
    """The sign [2] that makes the largest component of each axis positive: eigenvectors have none of their own."""
    largest = places[np.abs(places).argmax(axis=0), np.arange(places.shape[1])]
    return np.where(largest < 0.0, -1.0, 1.0)
