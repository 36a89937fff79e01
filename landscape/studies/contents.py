"""The contents of a database as text: each property that is stored, shown by `landscape properties`."""

from collections.abc import Iterator, Mapping

import numpy as np

from landscape.database.database import Database
from landscape.database.records import TARGETS, Property
from landscape.declaration import BY_EPSILON
from landscape.messages import number_text, toml_value

NOUNS = {
    "minima": "minima",
    "transition_states": "transition states",
    "training": "end points of training",
    "sampled_quenches": "sampled quenches",
}


def contents(db: Database) -> Iterator[str]:
    """Lines on the stored properties of each table that has rows: name, shape of a row, how many rows have it, units,
    meaning; then the settings, once for all properties that share them.
    """
    for target in TARGETS:
        rows, stored = len(getattr(db, target)), db.properties(target)
        if rows:
            yield f"{NOUNS.get(target, target)}: {rows}, {len(stored)} properties"
            for number, (settings, names) in enumerate(_by_settings(stored).items(), 1):
                yield ""
                yield f"  {number}. {settings}"
                yield from (_line(name, stored[name], rows) for name in names)
            yield ""
    if not any(len(getattr(db, target)) for target in TARGETS):
        yield "no points yet: find some with 'landscape run'"


def _by_settings(stored: Mapping[str, Property]) -> dict[str, list[str]]:
    """The names of properties by the text of their settings."""
    found: dict[str, list[str]] = {}
    for name, one in stored.items():
        found.setdefault(_settings(one.settings), []).append(name)
    return found


def _settings(settings: Mapping[str, object]) -> str:
    group = settings.get("group")
    rest = ", ".join(f"{key} = {toml_value(value)}" for key, value in settings.items() if key != "group")
    return ": ".join(filter(None, (f"group {group}" if group else "of the whole table", rest)))


def _line(name: str, one: Property, rows: int) -> str:
    known = int(np.isfinite(one.values.reshape(rows, -1)).any(axis=1).sum())
    number = f"{known} of {rows}" if known < rows else "all"
    return f"     {name:<42} {_shape(one):<18} {number:<12} {one.units:<22} {one.description.removesuffix(BY_EPSILON)}"


def _shape(one: Property) -> str:
    """The values of a row: one number, one for each epsilon, or an array."""
    shape = one.values.shape[1:]
    if one.description.endswith(BY_EPSILON) and "epsilon" in one.settings:
        return f"@{','.join(_epsilon(value) for value in one.settings['epsilon'])}"
    return " x ".join(map(str, shape)) or "1"


def _epsilon(value: object) -> str:
    return number_text(value) if isinstance(value, int | float) else toml_value(value)
