"""p of a family of tests, adjusted together so that the chance of any false rejection in it stays below the level."""

import numpy as np


def holm(p: np.ndarray) -> np.ndarray:
    """Adjusted p [C] of p [C] (Holm, Scand. J. Stat. 6, 65, 1979); NaN stay so and count for nothing."""
    result = np.full(p.shape, np.nan)
    order = np.argsort(p)[: int(np.isfinite(p).sum())]
    left = np.arange(len(order), 0, -1)
    result[order] = np.maximum.accumulate(p[order] * left).clip(max=1.0)
    return result
