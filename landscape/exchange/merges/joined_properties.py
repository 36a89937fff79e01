"""Properties of minima of several databases of one landscape, joined.

A property has one meaning: description, units and settings, among them the seed of attacks and noise. It is that of the
first file that has the property. A value that any file with this meaning knows is kept, of several the first; values of
another meaning are left out with a line, and their minima have NaN until they are measured. Depths and barriers depend
on all minima and transition states and are computed again. Properties along paths are left out too: a path runs from
the first minimum to the second, and the order of these changes.

Shapes: M minima of all files.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from landscape.database.database import Database
from landscape.database.records import Property
from landscape.graph.depth import DEPTHS

SHOWN = 3  # names in a message


def joined_properties(
    databases: Sequence[Database], rows: Sequence[np.ndarray], count: int
) -> tuple[dict[str, Property], list[str]]:
    """Properties [M, ...] of `count` minima by name, and lines on values that are left out.

    `rows` has for each database the rows int64 of its minima among all.
    """
    tables = [db.properties("minima") for db in databases]
    names = sorted({name for table in tables for name in table} - set(DEPTHS))
    joined = {name: _joined(tables, rows, name, count) for name in names}
    others = [name for name in names if any(not _alike(table.get(name), joined[name]) for table in tables)]
    lines = []
    if others:
        shown = ", ".join(others[:SHOWN]) + (", ..." if len(others) > SHOWN else "")
        lines.append(
            f"{len(others)} properties were measured with other settings, such as another seed, in one of the files "
            f"({shown}): those of one file are kept; 'landscape measure' measures the minima that only others have"
        )
    if any(db.properties("transition_states") for db in databases):
        lines.append("properties along paths are left out: measure them again with 'landscape measure --paths'")
    return joined, lines


def _alike(found: Property | None, wanted: Property) -> bool:
    """True if a file has no such property, or means the same by it."""
    if found is None:
        return True
    same = found.description == wanted.description and found.units == wanted.units
    return same and dict(found.settings) == dict(wanted.settings) and found.values.shape[1:] == wanted.values.shape[1:]


def _joined(tables: Sequence[Mapping[str, Property]], rows: Sequence[np.ndarray], name: str, count: int) -> Property:
    """The property in the meaning of the first file that has it, with the first known value of each minimum."""
    first = next(table[name] for table in tables if name in table)
    values = np.full((count, *first.values.shape[1:]), np.nan)
    for table, row in zip(reversed(tables), reversed(rows), strict=True):
        found = table.get(name)
        if found is not None and _alike(found, first):
            known = found.values
            values[row[::-1]] = np.where(np.isnan(known), values[row], known)[::-1]  # the first of equal rows wins
    return Property(values=values, description=first.description, units=first.units, settings=first.settings)
