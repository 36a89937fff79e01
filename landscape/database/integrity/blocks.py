"""Rows of a dataset, some at a time, so that a file of any size is read in bounded memory."""

import math
from collections.abc import Iterator
from typing import Any

import h5py
from numpy.typing import NDArray

BLOCK_BYTES = 16 * 2**20


def blocks(dataset: h5py.Dataset, start: int, end: int) -> Iterator[NDArray[Any]]:
    """The rows from `start` to `end`, about `BLOCK_BYTES` at a time; the value of a dataset without rows as one row."""
    if not dataset.shape:
        yield dataset[()][None]
        return
    step = max(1, BLOCK_BYTES // max(1, dataset.dtype.itemsize * math.prod(dataset.shape[1:])))
    for first in range(start, end, step):
        yield dataset[first : min(first + step, end)]
