"""Draws of samples for replicates."""

from collections.abc import Sequence

import numpy as np

from landscape.studies.replicates import Problem

SIZE = 100


def apart(problems: Sequence[Problem]) -> tuple[list[np.ndarray], int]:
    """Disjoint samples for each of the problems, of 5000."""
    return [number * SIZE + np.arange(SIZE) for number in range(len(problems))], 5000


def independent(problems: Sequence[Problem]) -> tuple[list[np.ndarray], int]:
    """Half of 200 samples, drawn anew for each of the problems."""
    return [np.random.default_rng(number).permutation(2 * SIZE)[:SIZE] for number in range(len(problems))], 2 * SIZE
