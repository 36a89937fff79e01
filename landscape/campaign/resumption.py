"""The store of a campaign: a new one, or an existing one of the same landscape to be continued."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.pairs.selection import STRATEGIES
from landscape.campaign.rounds.single_ended import SingleEnded
from landscape.config.run_file import Settings
from landscape.config.tables import ProblemConfig
from landscape.database.integrity.declared import DATA
from landscape.database.lock import asks_exclusive
from landscape.database.records import ProblemRecord
from landscape.database.store import Store, create_store, open_store
from landscape.errors import DatabaseError
from landscape.search.transition_states import OUTCOME_NAMES

# Keys that may not change when a database is continued: of the problem or frame, identity, seed and walks. Training
# depends only on the problem and the seed; a sample depends on identity and the scale of its starts too.
FIXED = ("problem.", "frame.", "identity.", "run.seed", "basin_hopping.walkers", "basin_hopping.round_steps")
FIXED_FOR_TRAINING = ("problem.", "run.seed")
FIXED_FOR_SAMPLE = ("problem.", "frame.", "identity.", "run.seed", "sample.scale")
METHOD_NAMES = (*STRATEGIES, SingleEnded.kind)
"""Names in `Attempts.method`, in the order of their codes in a new file."""


def open_or_create(
    path: str | Path | None, record: ProblemRecord, *, resume: bool, fixed: tuple[str, ...] = FIXED
) -> Store:
    """A new store, or with `resume` the existing one at `path`.

    Raises `DatabaseError` if the existing one belongs to another landscape: the data, the number of parameters or a
    fixed key differs. A key of the run file is fixed if its name, TABLE.KEY, begins with one of `fixed`.
    """
    if path is None or not (resume and Path(path).exists()):
        return create_store(path, record, OUTCOME_NAMES, METHOD_NAMES, {"torch": str(torch.__version__)})
    store = open_store(path, writable=True, exclusive=asks_exclusive(record, Path(path)))
    found = difference(store.record, record, str(path), fixed)
    if found:
        store.close()
        raise DatabaseError(f"{path}: cannot be continued, {found}; choose another file with -o")
    return store


def check_energy(context: Context, store: Store) -> None:
    """Raise `DatabaseError` if the first minimum of the store has another energy with this objective.

    An energy of the user's own has no run file to compare; its stored minima identify it.
    """
    minima = store.tables.minima
    if not len(minima):
        return
    first = torch.tensor(minima.parameters[:1], device=context.objective.device)
    found, stored = float(context.objective.energy_and_gradient(first)[0]), float(minima.energy[0])
    if not abs(found - stored) <= context.identity.energy_tolerance:
        raise DatabaseError(
            f"{store.path or 'the database'}: cannot be continued, its first minimum has energy {stored:.10g} and "
            f"{found:.10g} for this energy; choose another file"
        )


def difference(
    stored: ProblemRecord, wanted: ProblemRecord, source: str, fixed: tuple[str, ...], other: str = "the run file"
) -> str:
    """The first difference that makes a database belong to another landscape than `other`, of the record `wanted`.

    Empty if there is none; of the run files, keys are compared whose names, TABLE.KEY, begin with one of `fixed`.
    """
    if stored.n_parameters != wanted.n_parameters:
        return f"it has {stored.n_parameters} parameters and {other} {wanted.n_parameters}"
    if stored.sha256 != wanted.sha256 or not _equal_data(stored, wanted):
        return f"its data differ from those of {other}"
    ours, theirs = (_fixed_keys(record.tables(source), fixed) for record in (wanted, stored))
    first = {
        **Settings().model_dump(),
        "problem": {name: field.default for name, field in ProblemConfig.model_fields.items()},
        "frame": {"energy_unit": 1.0, "length_unit": 1.0},
    }
    defaults = _fixed_keys(first, fixed)
    theirs = {key: defaults.get(key) for key in ours} | theirs  # the file may be older than a key
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            return f"{key} is {theirs.get(key)!r} in it and {ours.get(key)!r} in {other}"
    return ""


def _equal_data(stored: ProblemRecord, wanted: ProblemRecord) -> bool:
    """True if the data themselves are equal, whatever their hash says; surfaces have none."""
    pairs = [(getattr(stored, name), getattr(wanted, name)) for name in DATA]
    return all(one is other if one is None or other is None else np.array_equal(one, other) for one, other in pairs)


def _fixed_keys(tables: Mapping[str, Mapping[str, object]], fixed: tuple[str, ...]) -> dict[str, object]:
    """The values of the keys whose names, TABLE.KEY, begin with one of `fixed`."""
    whole = {f"{name}.{key}": value for name, table in tables.items() for key, value in table.items()}
    return {key: value for key, value in whole.items() if key.startswith(fixed)}
