"""The activations for compiled code, chosen by their kind: for a number, a vector of numbers, or whole layers."""

from collections.abc import Callable

import numpy as np

from landscape.numerics.compilation import exact
from landscape.problems.activations import ACTIVATIONS, Number
from landscape.problems.kernels.choice import choice

Array = np.ndarray
OfNumber = Callable[[Number], tuple[Number, Number]]
OfRow = Callable[[Array, Array], None]

_COMPILED = {name: one.of_number for name, one in ACTIVATIONS.items() if one.of_number is not None}
KINDS = {name: kind for kind, name in enumerate(_COMPILED)}
"""The kinds of the activations that have a compiled form, by name."""


def _of_row(of_number: OfNumber) -> OfRow:
    @exact
    def over(row: Array, slope: Array) -> None:
        for j in range(len(row)):
            row[j], slope[j] = of_number(row[j])

    return over


activated = choice(list(_COMPILED.values()))
"""Value and slope of an activation, as a function of its kind and a number or vector."""

_activate_row = choice([_of_row(of_number) for of_number in _COMPILED.values()])


@exact
def activate(kind: int, z: Array, slope: Array) -> None:
    """Writes the activation over z and its derivative into slope, both [units, B]."""
    for unit in range(len(z)):
        _activate_row(kind, z[unit], slope[unit])
