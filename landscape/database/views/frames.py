"""The minima of a database as tables of other libraries: names of columns, a pandas frame, an xarray data set.

A property with several values a minimum has a column for each of them. If its settings list the values under "epsilon",
the columns are NAME@EPSILON, as in pgd_accuracy@0.3; otherwise NAME[0], NAME[1] and so on.

Shapes: M minima, P parameters, E distinct epsilons of all properties.
"""

import importlib
import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from landscape.database.records import Array, Floats, Minima, Property
from landscape.declaration import BY_EPSILON
from landscape.errors import DatabaseError
from landscape.messages import number_text


def epsilons(stored: Property) -> tuple[float, ...] | None:
    """The epsilons of the values [M, E] of a property; None if it does not have one value for each epsilon."""
    entries = stored.settings.get("epsilon", ()) if stored.description.endswith(BY_EPSILON) else ()
    plain = all(isinstance(entry, int | float) for entry in entries)
    if not entries or not plain or stored.values.shape[1:] != (len(entries),):
        return None
    return tuple(float(entry) for entry in entries)


def column_names(name: str, stored: Property) -> list[str]:
    """The names of the columns of a property, in the order of its values."""
    if stored.values.ndim == 1:
        return [name]
    known = epsilons(stored)
    if known is not None:
        return [f"{name}@{number_text(epsilon)}" for epsilon in known]
    return [f"{name}[{','.join(map(str, place))}]" for place in np.ndindex(*stored.values.shape[1:])]


def plain_columns(minima: Minima, properties: Mapping[str, Property]) -> dict[str, Array]:
    """Columns [M] by name: those of the minima except the parameters, then those of all properties."""
    columns = {name: getattr(minima, name) for name in Minima.column_names() if name != "parameters"}
    for name, stored in properties.items():
        flat = stored.values.reshape(len(stored.values), -1).T
        columns |= dict(zip(column_names(name, stored), flat, strict=True))
    return columns


def frame(minima: Minima, properties: Mapping[str, Property]) -> Any:  # noqa: ANN401 - a pandas.DataFrame, optional
    """A pandas.DataFrame of `plain_columns`. Raises DatabaseError without pandas."""
    pd = _needed("pandas", "frame()")
    return pd.DataFrame(plain_columns(minima, properties), index=pd.RangeIndex(len(minima), name="minimum"))


def dataset(minima: Minima, properties: Mapping[str, Property]) -> Any:  # noqa: ANN401 - an xarray.Dataset, optional
    """An xarray.Dataset with the dimensions minimum, parameter and epsilon. Raises DatabaseError without xarray."""
    xarray = _needed("xarray", "to_xarray()")
    variables: dict[str, Any] = {"parameters": (("minimum", "parameter"), minima.parameters)}
    for name, one in Minima.columns().items():
        if name != "parameters":
            told = {"description": one.description, "units": one.units}
            variables[name] = ("minimum", getattr(minima, name), told)
    everywhere = sorted({epsilon for one in properties.values() for epsilon in epsilons(one) or ()})
    for name, stored in properties.items():
        variables[name] = _variable(name, stored, everywhere)
    coordinates: dict[str, Any] = {"minimum": np.arange(len(minima))}
    if everywhere:
        coordinates["epsilon"] = everywhere
    return xarray.Dataset(variables, coordinates)


def _variable(name: str, stored: Property, everywhere: list[float]) -> tuple[Any, ...]:
    """Dimensions, values and attributes of a property; with epsilons its values are [M, E]."""
    told = {"description": stored.description, "units": stored.units, "settings": json.dumps(dict(stored.settings))}
    known = epsilons(stored)
    if known is not None:
        return ("minimum", "epsilon"), _at_epsilons(stored.values, known, everywhere), told
    further = [f"{name}_{axis}" for axis in range(1, stored.values.ndim)]
    return ("minimum", *further), stored.values, told


def _at_epsilons(values: Floats, known: tuple[float, ...], everywhere: list[float]) -> Floats:
    """Values [M, E] at all epsilons, NaN at those that the property was not measured at."""
    found = np.full((len(values), len(everywhere)), np.nan)
    found[:, [everywhere.index(epsilon) for epsilon in known]] = values
    return found


def _needed(package: str, call: str) -> ModuleType:
    """An optional package. Raises DatabaseError if it is not installed."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise DatabaseError(
            f"{call} needs {package}, which is not installed: pip install {package}, or 'landscape-explorer[frames]'"
        ) from error
