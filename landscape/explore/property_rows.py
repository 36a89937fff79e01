"""Properties on their way into a commit."""

from collections.abc import Mapping, Sequence

import numpy as np

from landscape.database.records import PropertyRows
from landscape.properties.measure import MeasuredProperty


def joined(parts: Sequence[Mapping[str, MeasuredProperty]]) -> dict[str, MeasuredProperty]:
    """What tasks measured one after the other, of which there is at least one."""
    return {
        name: first._replace(values=np.concatenate([part[name].values for part in parts]))
        for name, first in parts[0].items()
    }


def property_rows(
    target: str,
    start: int,
    found: Mapping[str, MeasuredProperty],
    settings: Mapping[str, object],
    own: Mapping[str, Mapping[str, object]] | None = None,
) -> tuple[PropertyRows, ...]:
    """Properties by name for the rows of a table from `start` on, with the settings of all and each with its own."""
    return tuple(
        PropertyRows(
            target=target,
            name=name,
            start=start,
            values=one.values,
            description=one.description,
            units=one.units,
            settings={**settings, **(own or {}).get(name, {})},
        )
        for name, one in found.items()
    )
