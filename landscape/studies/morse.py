"""The alternating sum over all stationary points of a database, and the text of `landscape morse`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.messages import counted
from landscape.statistics.morse import MorseCount

NOUNS = ("minima", "transition states", "saddles")
DEGENERATE = 1e-3  # of the curvature 2 * l2 that the penalty gives to every direction
DEGENERATE_OWN = 1e-6  # curvature over the unit of the energy of a user's own
UNKNOWN_GROWTH = (
    "an energy of your own: the sum is 1 only if the energy grows without bound in all directions, and if no "
    "stationary point lies outside the box that was searched"
)


@dataclass(frozen=True, kw_only=True)
class Morse:
    """The counts of a database; `grows` is true if its energy is known to grow in all directions."""

    count: MorseCount
    n_parameters: int
    grows: bool
    searched: bool  # for saddles of index 2 and more


def morse(db: Database) -> Morse:
    """The stationary points of a database by index, with their copies.

    Raises PropertyError if the sum says nothing: without minima, for an energy with kinks or without L2 penalty, and
    where a point is degenerate.
    """
    source, record = str(db.path or "database"), db.problem_record
    minima, states, saddles = db.minima, db.transition_states, db.saddles
    if not len(minima):
        raise PropertyError(f"{source}: expected stationary points, found none yet: find some with 'landscape run'")
    if record.index_test.startswith("none"):
        raise PropertyError(
            f"{source}: expected an energy with a Hessian everywhere, found one with kinks, where an index is nothing"
        )
    tables = record.tables(source)
    problem = tables.get("problem")
    if problem is not None and not problem["l2"]:
        raise PropertyError(
            f"{source}: expected l2 > 0, with which the energy grows in all directions, found 0: no sum is known"
        )
    _require_nondegenerate(db, _threshold(tables, problem), source)
    return Morse(
        count=MorseCount.of(
            np.concatenate([minima.log_orbit_size, states.log_orbit_size, saddles.log_orbit_size]),
            np.concatenate([np.repeat([0, 1], [len(minima), len(states)]), saddles.index]),
        ),
        n_parameters=record.n_parameters,
        grows=problem is not None,
        searched="saddles" in db.rounds.kind,
    )


def _threshold(tables: dict[str, Any], problem: dict[str, Any] | None) -> float:
    """The magnitude of an eigenvalue below which a point counts as degenerate, in the units of the file."""
    if problem is not None:
        return DEGENERATE * 2.0 * float(problem["l2"])
    frame = tables.get("frame", {})
    return DEGENERATE_OWN * float(frame.get("energy_unit", 1.0)) / float(frame.get("length_unit", 1.0)) ** 2


def _require_nondegenerate(db: Database, threshold: float, source: str) -> None:
    """Raise PropertyError if an eigenvalue of a point is zero within the threshold."""
    softest = {
        "minimum": db.minima.lowest_eigenvalue,
        "transition state": db.transition_states.lowest_positive_eigenvalue,
        "saddle": db.saddles.softest_eigenvalue,
    }
    for what, values in softest.items():
        unknown = int(np.isnan(values).sum()) if db.problem_record.n_parameters > 1 else 0
        if unknown:
            raise PropertyError(
                f"{source}: expected an eigenvalue of every {what}, found none of {unknown}: the file is of an older "
                "version; search again into a new file"
            )
        rows = np.flatnonzero(np.abs(values) <= threshold)
        if len(rows):
            raise PropertyError(
                f"{source}: expected points with no eigenvalue near zero, found {what} {rows[0]} with "
                f"{values[rows[0]]:.3g} ({counted(len(rows), 'such point')}): the sum does not count degenerate points"
            )


def morse_lines(found: Morse) -> Iterator[str]:
    """The table by index, and what its sum says."""
    count = found.count
    yield f"{'index':>5}  {'kind':<18} {'points':>8} {'copies':>14} {'sum so far':>14} {'missing at least':>17}"
    rows = zip(count.points, count.copies, count.sums, count.missing, strict=False)
    for index, (points, copies, total, missing) in enumerate(rows):
        kind = NOUNS[min(index, len(NOUNS) - 1)]
        yield f"{index:>5}  {kind:<18} {points:>8} {copies:>14} {total:>14} {missing or '-':>17}"
    if len(count.points) <= found.n_parameters and count.missing[-1]:
        yield f"{len(count.points):>5}  {'saddles':<18} {0:>8} {0:>14} {count.total:>14} {count.missing[-1]:>17}"
    yield "copies: points with all their symmetric copies; missing: copies of this index, or of it less 2, less 4, ..."
    yield from _sentences(found)


def _sentences(found: Morse) -> Iterator[str]:
    """The meaning of the sum, and its limits."""
    excess = found.count.total - 1
    if excess:
        parity = "odd" if excess > 0 else "even"
        total = found.count.total
        yield f"the sum is {total}, not 1: at least {abs(excess)} copies of points of {parity} index are missing"
    else:
        yield "the sum is 1, as for a complete landscape; points that are missing all the same would have to cancel"
    if not found.searched:
        yield "saddles of index 2 and more were not searched for: set saddles.max_index in the run file"
    elif excess and len(found.count.points) <= found.n_parameters:
        yield "saddles of an index above saddles.max_index were not searched for: they may be what is missing"
    if not found.count.exact:
        yield "some points have more copies than can be counted to the last digit: the sum is rounded"
    if not found.grows:
        yield UNKNOWN_GROWTH
