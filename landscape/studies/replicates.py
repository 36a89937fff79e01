"""Replicates: sets of samples of one data set, each with databases of its own, and the part of them that they share."""

from collections.abc import Callable, Mapping
from typing import Any

Problem = Mapping[str, Any]
"""The table [problem] of a run file."""
WholeSize = Callable[[Problem], int]
"""The number of samples that there are to draw replicates from."""


def shared_part(problems: Mapping[str, Problem], size: int, whole_size: WholeSize) -> float:
    """The part of the samples that two replicates of `size` samples share: none where they are parts of one drawing.

    `problems` are the problems of the replicates by the digest of their samples.
    """
    tables = problems.values()
    seeds, parts = ({one.get(f"subset_{name}", -1) for one in tables} for name in ("seed", "part"))
    if len(seeds) == 1 and seeds != {-1} and len(parts) == len(tables):
        return 0.0
    return min(size / max(whole_size(next(iter(tables))), 1), 0.99)
