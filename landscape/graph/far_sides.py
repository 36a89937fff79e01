"""Far sides: minima that a search for a transition state reached without having begun there.

They are the second of two channels by which minima are found. The first is hopping, whose quenches `hits` count.
"""

import numpy as np


def far_sides(n_minima: int, ts_minima: np.ndarray, found_from: np.ndarray) -> np.ndarray | None:
    """Whether each minimum is on a far side of one of the transition states ts_minima int64[T, 2], bool[M].

    found_from int64[T, 2] has the minima from which the search that found each one began, -1 for none; a state that was
    found again has another row. None where this is not known of any transition state, as in an older file.
    """
    begun = found_from[:, 0] >= 0
    if len(begun) and not begun.any():
        return None
    far = begun[:, None] & (ts_minima[:, :, None] != found_from[:, None, :]).all(axis=2)
    found = np.zeros(n_minima, dtype=bool)
    found[ts_minima[far]] = True
    return found
