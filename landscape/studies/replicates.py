"""Replicates: sets of samples of one data set, each with its own databases, and the part of the samples they share."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from landscape.database.records import ProblemRecord
from landscape.errors import PropertyError

Problem = Mapping[str, Any]
"""The table [problem] of a run file."""
Draw = Callable[[Sequence[Problem]], tuple[list[np.ndarray], int]]
"""Returns the rows of the data set that each problem draws, and the number of rows of the data set."""

BY_CHANCE = 1e-6  # two draws are refused if independent draws share so many samples with a smaller probability

ARCHITECTURE = ("hidden", "convolution", "activation", "loss", "classes", "downscale", "subset")


def require_one_problem(name: str, problems: Sequence[Problem], keys: Sequence[str] = ARCHITECTURE) -> None:
    """Raises PropertyError where the replicates of a data set differ in one of these keys."""
    for key in keys:
        found = sorted({str(one.get(key)) for one in problems})
        if len(found) > 1:
            raise PropertyError(
                f"{name}: expected replicates of one architecture and size, found {key} = {' and '.join(found[:2])}: "
                "answer for them apart"
            )


def stored_problem(record: ProblemRecord, name: str) -> Problem:
    """The problem of a database, with the seed with which its samples were drawn as `subset_seed`."""
    tables = record.tables(name)
    problem: dict[str, Any] = tables["problem"]
    if problem.get("subset_seed", -1) < 0:
        problem["subset_seed"] = tables.get("run", {}).get("seed", 0)
    return problem


def shared_part(name: str, problems: Sequence[Problem], draw: Draw) -> float:
    """The part of the samples that two replicates with these problems share, on average over pairs.

    Raises PropertyError if two replicates share more samples than independent draws would by chance.
    """
    from scipy.stats import hypergeom  # noqa: PLC0415 - takes half a second and is not always needed

    drawn, whole = draw(problems)
    parts = []
    for (one, first), (other, second) in combinations(zip(problems, drawn, strict=True), 2):
        shared = len(np.intersect1d(first, second, assume_unique=True))
        if hypergeom.sf(shared - 1, whole, len(first), len(second)) < BY_CHANCE:
            raise PropertyError(
                f"{name}: expected replicates whose samples are drawn apart, found {shared} of {len(first)} samples in "
                f"{_drawing(one)} and in {_drawing(other)}, where chance gives about "
                f"{len(first) * len(second) / whole:.0f}: leave one of the two out"
            )
        parts.append(shared / min(len(first), len(second)))
    return min(float(np.mean(parts)), 0.99)


def _drawing(problem: Problem) -> str:
    return f"subset_seed {problem['subset_seed']}, part {problem.get('subset_part', 0)}"
