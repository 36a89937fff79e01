"""Products of vectors for compiled code."""

import numpy as np

from landscape.numerics.compilation import reordered

Array = np.ndarray


@reordered
def dot(a: Array, b: Array) -> float:
    """The sum over p of a[p] b[p]."""
    result = 0.0
    for p in range(len(a)):
        result += a[p] * b[p]
    return result
