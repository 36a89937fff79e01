"""Replicates: sets of samples of one data set, each with databases of its own, and the part of them that they share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from landscape.errors import PropertyError

Problem = Mapping[str, Any]
"""The table [problem] of a run file."""
WholeSize = Callable[[Problem], int]
"""The number of samples that there are to draw replicates from."""


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


def shared_part(problems: Mapping[str, Problem], size: int, whole_size: WholeSize) -> float:
    """The part of the samples that two replicates share: none where they are parts of one drawing.

    `problems` are the problems of the replicates by the digest of their samples. A replicate is a subset of the data,
    or `size` samples where its problem names none.
    """
    tables = problems.values()
    size = int(next(iter(tables)).get("subset") or size)
    seeds, parts = ({one.get(f"subset_{name}", -1) for one in tables} for name in ("seed", "part"))
    if len(seeds) == 1 and seeds != {-1} and len(parts) == len(tables):
        return 0.0
    return min(size / max(whole_size(next(iter(tables))), 1), 0.99)
