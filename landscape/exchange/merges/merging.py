"""Several searches of one landscape, joined in one database.

Hits are added, which is right because the searches are independent. Files with equal seeds are the same search, whose
hits would count twice, and are refused. A merged file stores the seed of one of its searches only, so it cannot be
merged again: merge all files at once. Imported files have no hits and any seed.

Files are taken in a fixed order, searches before imported files, then by seed and content, so that their order on the
command line changes nothing. Walkers, run file and seed are those of the first. Samples and end points of training are
no part of a search of the landscape; files that have them are refused.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.preparation import stored_context
from landscape.campaign.resumption import difference, open_or_create
from landscape.database.database import Database
from landscape.database.records import TARGETS, Rounds
from landscape.database.store import Store
from landscape.errors import ExchangeError
from landscape.exchange.merges.joined_properties import joined_properties
from landscape.exchange.merges.joining import Joining, mapped

KIND = "merge"
SAME = ("problem.", "frame.", "identity.")
"""Keys of the run files that must agree, by the beginnings of their names."""


def merged(databases: Sequence[Database]) -> tuple[Context, Store, list[str]]:
    """A store in memory with all points of the databases, its context, and lines for the user.

    Raises `LandscapeError` if the databases are not independent searches of one landscape.
    """
    files = sorted(databases, key=_order)
    _require_mergeable(files)
    first = files[0]
    context = stored_context(first.problem_record, "cpu", source=str(first.path))
    joining = Joining(context)
    rows = [joining.add(db) for db in files]
    minima = joining.minima()
    properties, lines = joined_properties(files, rows, len(minima))
    if joining.other_sides:
        lines.append(f"{joining.other_sides} transition states join other minima in another file: the first is kept")
    store = open_or_create(None, first.problem_record, resume=False)
    store.tables = replace(
        store.tables,
        minima=minima,
        transition_states=joining.states(),
        saddles=joining.saddles(),
        attempts=joining.attempts(),
        rounds=joining.rounds(_round()),
        walkers=replace(first.walkers, minimum=mapped(rows[0], first.walkers.minimum)),
        properties={target: properties if target == "minima" else {} for target in TARGETS},
    )
    return context, store, lines


def _seed(db: Database) -> int:
    """The seed of the run file."""
    return int(db.problem_record.tables(str(db.path)).get("run", {}).get("seed", 0))


def _searched(db: Database) -> bool:
    """True if quenches have met minima: an imported file has no hits."""
    return bool((db.minima.hits > 0).any())


def _order(db: Database) -> tuple[bool, int, str]:
    """Origin, seed and content of a database, by which files are ordered."""
    content = hashlib.sha256(db.minima.parameters.tobytes() + db.rounds.seconds.tobytes()).hexdigest()
    return not _searched(db), _seed(db), content


def _require_mergeable(files: Sequence[Database]) -> None:
    """Raise `ExchangeError` unless all files are independent searches of one landscape."""
    searches: dict[int, Database] = {}
    for db in files:
        found = difference(db.problem_record, files[0].problem_record, str(db.path), SAME, str(files[0].path))
        if found:
            raise ExchangeError(f"{db.path}: expected the landscape of {files[0].path}, but {found}: leave one out")
        if KIND in db.rounds.kind:
            raise ExchangeError(f"{db.path}: expected one search, found several that were merged: merge all at once")
        if any(map(len, (db.training, db.sampled_quenches, db.sampled_pairs, db.tracks))):
            raise ExchangeError(
                f"{db.path}: expected a search of minima and transition states, found end points of "
                "training, samples or tracks too: keep that file apart"
            )
        if _searched(db) and searches.setdefault(_seed(db), db) is not db:
            raise ExchangeError(
                f"{db.path}: expected another seed than {_seed(db)}, that of {searches[_seed(db)].path}: searches with "
                "equal seeds are the same search, whose hits would count twice; leave one out"
            )


def _round() -> Rounds:
    """The row of the merge in the table of rounds."""
    return Rounds(
        kind=np.array([KIND]),
        seconds=np.zeros(1),
        **dict.fromkeys(
            ("tasks", "evaluations", "new_minima", "new_transition_states", "left", "highest_index"),
            np.zeros(1, dtype=np.int64),
        ),
    )
