"""Far sides: minima that a search for a transition state reached but did not begin from.

Far sides are the second of two channels by which minima are found. The first is basin-hopping, whose quenches are
counted as `hits`.
"""

import numpy as np


def far_sides(n_minima: int, ts_minima: np.ndarray, found_from: np.ndarray) -> np.ndarray | None:
    """True, bool[M], for each minimum on a far side of one of the transition states ts_minima int64[T, 2].

    found_from int64[T, 2] has the minima from which the search for each transition state began, -1 for none; a state
    found again has a further row. Returns None if no search has a known beginning, as in an older file.
    """
    begun = found_from[:, 0] >= 0
    if len(begun) and not begun.any():
        return None
    far = begun[:, None] & (ts_minima[:, :, None] != found_from[:, None, :]).all(axis=2)
    found = np.zeros(n_minima, dtype=bool)
    found[ts_minima[far]] = True
    return found
