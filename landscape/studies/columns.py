"""Columns with one number per minimum, by name, for scripts that colour, order and correlate minima.

A name is looked up in three sources, in this order: the depth properties, computed from the present tables (a stored
copy would be out of date once a later round finds another transition state); the properties stored in the database;
the columns of its table of minima. A property with several values per minimum has one column for each value, named
NAME@EPSILON if its settings list the values under "epsilon", and NAME[INDEX] always.

Shapes: M minima, E values of epsilon.
"""

import re
from dataclasses import dataclass

import numpy as np

from landscape.database.database import Database
from landscape.database.records import Minima
from landscape.database.records import Property as StoredProperty
from landscape.database.views.frames import column_names, epsilons
from landscape.declaration import BY_EPSILON, Property, by_name
from landscape.errors import PropertyError
from landscape.graph.depth import DEPTHS
from landscape.messages import did_you_mean, number_text
from landscape.properties.catalogue import PROPERTIES


@dataclass(frozen=True, kw_only=True)
class Column:
    """Values [M] of one property, or of one of its epsilons, with their meaning."""

    name: str  # as a user writes it: depth, pgd_accuracy@0.3
    property: str  # the name without the selection: pgd_accuracy
    epsilon: float | None
    description: str
    units: str
    values: np.ndarray  # float64[M], NaN where unknown


_STORED_COLUMNS = by_name(
    *(
        Property(name=name, description=one.description, units=one.units)
        for name, one in Minima.columns().items()
        if one.description
    )
)
"""The columns of /minima that are numbers."""
_SPELLINGS = {spelling.lower().replace("-", "_"): spelling for one in PROPERTIES.values() for spelling in one.spellings}
_SELECTION = re.compile(r"(?P<property>[^@\[\]]+)(@(?P<epsilon>[^@\[\]]+)|\[(?P<index>\d+)\])?")


def readable(name: str) -> str:
    """The name of a property as it is written in a sentence: PGD accuracy."""
    text = f"_{name}_"
    for word, spelling in _SPELLINGS.items():
        text = text.replace(f"_{word}_", f"_{spelling}_")
    return text.strip("_").replace("_", " ")


def known_names(db: Database) -> list[str]:
    """Names of all properties of the minima of a database, without selections."""
    return sorted({*DEPTHS, *_STORED_COLUMNS, *db.properties("minima")})


def column(db: Database, name: str) -> Column:
    """The column NAME, NAME@EPSILON or NAME[INDEX] of the minima.

    Raises PropertyError for an unknown name, for a property with several values that is named without a selection, and
    for an epsilon or index that the property does not have.
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

    Raises PropertyError for an unknown name.
    """
    if name in DEPTHS:
        states = db.transition_states
        values = DEPTHS[name].compute(db.minima.energy, states.energy, states.minima)
        return [single_column(DEPTHS[name], values)]
    stored = db.properties("minima")
    if name in stored:
        return property_columns(name, stored[name])
    if name in _STORED_COLUMNS:
        return [single_column(_STORED_COLUMNS[name], getattr(db.minima, name))]
    raise PropertyError(
        f"Expected a property of the minima, found '{name}': {did_you_mean(name, known_names(db))}; "
        "'landscape measure' adds properties."
    )


def single_column(declared: Property, values: np.ndarray) -> Column:
    """The column of a property with a single value per point."""
    return _whole(declared.name, declared.meaning(), declared.units, values)


def _whole(name: str, description: str, units: str, values: np.ndarray) -> Column:
    return Column(
        name=name,
        property=name,
        epsilon=None,
        description=description,
        units=units,
        values=np.array(values, dtype=np.float64),
    )


def property_columns(name: str, stored: StoredProperty) -> list[Column]:
    """The columns of a stored property: one, or one for each of its values. Raises PropertyError for other shapes."""
    if stored.values.ndim == 1:
        return [_whole(name, stored.description, stored.units, stored.values)]
    if stored.values.ndim > 2:
        raise PropertyError(
            f"Expected one or a list of values a minimum, found {name} of shape {list(stored.values.shape)}: "
            "choose another property."
        )
    return [_of_index(name, stored, index) for index in range(stored.values.shape[1])]


def _of_index(name: str, stored: StoredProperty, index: int) -> Column:
    known = epsilons(stored)
    epsilon = None if known is None else known[index]
    description = stored.description.removesuffix(BY_EPSILON)
    return Column(
        name=column_names(name, stored)[index],
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
