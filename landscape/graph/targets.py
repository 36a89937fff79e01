"""The target of a search: the set of minima that the search is to complete."""

import numpy as np

from landscape.errors import PropertyError


def target_rows(energy: np.ndarray, lowest: int, below: float | None = None) -> np.ndarray:
    """Rows int64[n] of minima with energies [M], by rising energy: the first `lowest`, or all up to energy `below`.

    `lowest` = 0 means all; with both limits a minimum must satisfy both. Minima of equal energy keep the order of rows.
    Raises PropertyError for a negative number or a NaN.
    """
    if lowest < 0 or (below is not None and np.isnan(below)):
        raise PropertyError(f"Expected lowest >= 0 and an energy, found {lowest} and {below}: 0 and None mean all.")
    energy = np.asarray(energy, dtype=np.float64)
    order = np.argsort(energy, kind="stable")
    if below is not None:
        order = order[energy[order] <= below]
    return order[:lowest] if lowest else order
