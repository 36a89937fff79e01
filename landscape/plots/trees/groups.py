"""Groups of minima that a tree shows by colour: those that a user names, or the superbasins at an energy.

Shapes: M minima.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from landscape.errors import PropertyError
from landscape.graph.tree import DisconnectivityTree
from landscape.plots.figures import FAMILY

MOST = len(FAMILY)  # groups that colours tell apart
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Names of groups, the group int64[M] of each minimum, -1 for none, and words on them for a caption."""

    names: tuple[str, ...]
    member: np.ndarray
    words: str = ""


def named_groups(texts: Sequence[str], n_minima: int) -> Groups:
    """The groups of texts NAME=ROWS, where ROWS are rows of minima as in 0,3,7-9, or a file with such rows.

    Of two groups with the same minimum the later has it. Raises PropertyError for a text that is no group, for two
    groups of one name, and for more than `MOST`.
    """
    if len(texts) > MOST:
        raise PropertyError(f"Expected at most {MOST} groups, which colours tell apart, found {len(texts)}: join some.")
    member = np.full(n_minima, -1, dtype=np.int64)
    names: list[str] = []
    for place, text in enumerate(texts):
        name, equals, rows = text.partition("=")
        if not (name and equals and rows):
            raise PropertyError(f"Expected a group as in robust=0,3,7-9 or robust=FILE, found '{text}'.")
        if name in names:
            raise PropertyError(f"Expected groups of different names, found '{name}' twice: rename one, or join them.")
        member[list(_rows(rows, n_minima, text))] = place
        names.append(name)
    return Groups(names=tuple(names), member=member)


def superbasins(tree: DisconnectivityTree, height: float, n_minima: int) -> Groups:
    """The sets of at least two minima of a tree that are connected below a height, the largest `MOST` of them.

    Raises PropertyError if there are none.
    """
    top = np.arange(len(tree.parent))
    below = np.where((tree.parent >= 0) & (tree.height[tree.parent] <= height), tree.parent, top)
    for node in range(len(top) - 1, -1, -1):
        top[node] = top[below[node]]
    tops = np.unique(top[: tree.n_leaves])
    tops = tops[tree.size[tops] > 1]
    count = len(tops)
    tops = tops[np.lexsort((tree.height[tree.lowest[tops]], -tree.size[tops]))][:MOST]
    if not count:
        raise PropertyError(f"Expected connected minima below {height:g}, found none: choose a higher energy.")
    member = np.full(n_minima, -1, dtype=np.int64)
    for place, one in enumerate(tops):
        member[tree.minimum[top[: tree.n_leaves] == one]] = place
    lowest = tree.minimum[tree.lowest[tops]]
    names = [f"minimum {row} and {size - 1} more" for row, size in zip(lowest, tree.size[tops], strict=True)]
    words = f"{f'{MOST} largest of {count} ' if count > MOST else ''}superbasins below {height:g} coloured"
    return Groups(names=tuple(names), member=member, words=words)


def _rows(rows: str, n_minima: int, text: str) -> Iterator[int]:
    parts = rows.split(",")
    if not _RANGE.fullmatch(parts[0].strip()):
        parts = _read(Path(rows)).replace(",", " ").split()
    for part in parts:
        found = _RANGE.fullmatch(part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, n_minima)
        if not first <= last < n_minima:
            raise PropertyError(
                f"Expected rows of minima from 0 to {n_minima - 1}, found '{part}' in the group '{text}': change it."
            )
        yield from range(first, last + 1)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found = error.strerror if isinstance(error, OSError) else "no text"
        raise PropertyError(f"Expected rows as in 0,3,7-9 or a file with rows, found '{file}': {found}.") from error
