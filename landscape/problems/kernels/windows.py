"""Rows that enter the windows of a convolution or of average pooling, for compiled code, and the transpose.

A table of sources lists the rows of which each row is the mean; a source below zero is one of the zeros around an
image. Shapes: U units below, R rows that enter, A rows in a mean; arrays are [rows, B], the samples contiguous.
"""

import numpy as np

from landscape.numerics.compilation import reordered
from landscape.numerics.elementary import like
from landscape.numerics.vectors import copy

Array = np.ndarray


@reordered
def gather(sources: Array, rows: Array, out: Array) -> None:
    """Writes the means of rows [U, B] at sources [R, A] into out [R, B]."""
    n_rows, area = sources.shape
    for r in range(n_rows):
        mean, first = out[r], sources[r, 0]
        if first < 0:
            mean[:] = 0.0
        else:
            copy(rows[first], mean)
        if area > 1:
            for a in range(1, area):
                row = rows[sources[r, a]]
                for j in range(len(mean)):
                    mean[j] += row[j]
            share = like(mean[0], 1.0 / area)
            for j in range(len(mean)):
                mean[j] *= share


@reordered
def scatter(sources: Array, means: Array, out: Array) -> None:
    """Writes gradients in the rows into out [U, B], given those in their means [R, B]: the transpose of `gather`."""
    n_rows, area = sources.shape
    share = like(means[0, 0], 1.0 / area)
    out[:] = 0.0
    for r in range(n_rows):
        mean = means[r]
        for a in range(area):
            if sources[r, a] >= 0:
                row = out[sources[r, a]]
                for j in range(len(mean)):
                    row[j] += share * mean[j]
