"""One number a minimum, by name: what scripts colour, order and correlate by.

Three sources, in this order: the depth properties, computed from the tables as they stand (a stored copy would be out
of date once a later round finds another transition state); the properties that the database stores; its columns of
minima. A property with several values a minimum has one column each, NAME@EPSILON where its settings list them under
"epsilon" and NAME[INDEX] always.

Shapes: M minima, E values of epsilon.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from landscape.database.database import Database
from landscape.database.records import Property
from landscape.errors import PropertyError
from landscape.graph.depth import barrier_to_global, depth, escape_barrier
from landscape.messages import did_you_mean, number_text
from landscape.properties.catalogue import BY_EPSILON, DEPTHS


@dataclass(frozen=True, kw_only=True)
class Column:
    """Values [M] of one property, or of one epsilon of it, with what they mean."""

    name: str  # as a user writes it: depth, pgd_accuracy@0.3
    property: str  # the name without the selection: pgd_accuracy
    epsilon: float | None
    description: str
    units: str
    values: np.ndarray  # float64[M], NaN where unknown


_COMPUTED: dict[str, Callable[[Database], np.ndarray]] = {
    "depth": lambda db: depth(db.minima.energy),
    "escape_barrier": lambda db: escape_barrier(
        db.minima.energy, db.transition_states.energy, db.transition_states.minima
    ),
    "barrier_to_global": lambda db: barrier_to_global(
        db.minima.energy, db.transition_states.energy, db.transition_states.minima
    ),
}
_STORED_COLUMNS = {
    "energy": ("energy", ""),
    "hits": ("quenches that ended in the minimum", "count"),
    "rms_gradient": ("root mean square gradient", "energy"),
    "lowest_eigenvalue": ("lowest eigenvalue of the Hessian", "energy"),
    "log_determinant": ("sum of the logarithms of the positive eigenvalues of the Hessian", "log energy"),
    "log_orbit_size": ("logarithm of the number of symmetric copies", ""),
}
_ACRONYMS = ("fgsm", "pgd", "apgd", "ce", "dlr", "ibp", "crown", "sam")
_PROPER = ("hessian", "fisher", "rao", "keskar", "jacobian")
_SELECTION = re.compile(r"(?P<property>[^@\[\]]+)(@(?P<epsilon>[^@\[\]]+)|\[(?P<index>\d+)\])?")


def readable(name: str) -> str:
    """The name of a property as in a sentence: PGD accuracy."""
    words = [word.upper() if word in _ACRONYMS else word for word in name.split("_")]
    named = " ".join(word.capitalize() if word in _PROPER else word for word in words)
    return named.replace("Fisher Rao", "Fisher-Rao")


def known_names(db: Database) -> list[str]:
    """Names of all properties of the minima of a database, without selections."""
    return sorted({*_COMPUTED, *_STORED_COLUMNS, *db.properties("minima")})


def column(db: Database, name: str) -> Column:
    """The column NAME, NAME@EPSILON or NAME[INDEX] of the minima.

    Raises PropertyError for a name that is unknown, and where a property with several values is named without saying
    which, or with an epsilon or index that it has not.
    """
    match = _SELECTION.fullmatch(name)
    family = column_family(db, match["property"] if match else name)
    if match and match["index"] is not None and int(match["index"]) < len(family):
        return family[int(match["index"])]
    chosen = [one for one in family if one.name == name or (match and match["epsilon"] and _same_epsilon(one, match))]
    if chosen:
        return chosen[0]
    if len(family) == 1 and match and match["property"] == name:
        return family[0]
    raise PropertyError(f"Expected one of {', '.join(one.name for one in family)}, found '{name}': name one of them.")


def column_family(db: Database, name: str) -> list[Column]:
    """All columns of the property `name`: one, or one for each of its values.

    Raises PropertyError for a name that is unknown.
    """
    if name in _COMPUTED:
        return [single_column(name, *DEPTHS[name], _COMPUTED[name](db))]
    stored = db.properties("minima")
    if name in stored:
        return property_columns(name, stored[name])
    if name in _STORED_COLUMNS:
        return [single_column(name, *_STORED_COLUMNS[name], getattr(db.minima, name))]
    raise PropertyError(
        f"Expected a property of the minima, found '{name}': {did_you_mean(name, known_names(db))}; "
        "'landscape measure' adds properties."
    )


def single_column(name: str, description: str, units: str, values: np.ndarray) -> Column:
    """The column of a property that has one value each."""
    return Column(
        name=name,
        property=name,
        epsilon=None,
        description=description,
        units=units,
        values=np.array(values, dtype=np.float64),
    )


def property_columns(name: str, stored: Property) -> list[Column]:
    """The columns of a stored property: one, or one for each of its values. Raises PropertyError for other shapes."""
    if stored.values.ndim == 1:
        return [single_column(name, stored.description, stored.units, stored.values)]
    if stored.values.ndim > 2:
        raise PropertyError(
            f"Expected one or a list of values a minimum, found {name} of shape {list(stored.values.shape)}: "
            "choose another property."
        )
    return [_of_index(name, stored, index) for index in range(stored.values.shape[1])]


def _of_index(name: str, stored: Property, index: int) -> Column:
    entries = stored.settings.get("epsilon", ()) if stored.description.endswith(BY_EPSILON) else ()
    entry = entries[index] if len(entries) == stored.values.shape[1] else None
    epsilon = float(entry) if isinstance(entry, int | float) else None
    description = stored.description.removesuffix(BY_EPSILON)
    return Column(
        name=f"{name}[{index}]" if epsilon is None else f"{name}@{number_text(epsilon)}",
        property=name,
        epsilon=epsilon,
        description=description if epsilon is None else f"{description}, at epsilon {number_text(epsilon)}",
        units=stored.units,
        values=np.array(stored.values[:, index], dtype=np.float64),
    )


def _same_epsilon(one: Column, match: re.Match[str]) -> bool:
    try:
        return one.epsilon == float(match["epsilon"])
    except ValueError:
        return False
