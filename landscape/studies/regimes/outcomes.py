"""Outcomes by which regimes of training are compared: one number for each, and the words for its differences.

Every outcome is fixed here, before any network is trained. Robustness is the accuracy under all attacks, at the epsilon
at which its median over all regimes is nearest to half of their median clean accuracy. Flatness is the logarithm of the
trace of the Hessian of the loss without penalties, so that a difference is a factor.

Shapes: U rows, S units.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from landscape.declaration import TEST
from landscape.properties.bounds.certificates import CERTIFIED_CROWN
from landscape.properties.robustness import ROBUST
from landscape.studies.regimes.table import Regimes
from landscape.studies.words import Scale

TRACE = "task_hessian_trace"
POINTS = 0.02  # largest difference of accuracies that counts as none: two points of a hundred
FACTOR = 1.1  # largest factor between traces that counts as none


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A property as hypotheses compare it, and the text for a difference.

    `compared` is applied to the values of the property. With `sign` -1 a smaller value is more of the outcome. `shown`
    turns a difference into text.
    """

    property: str
    title: str  # of the difference of the first group less the second
    scale: Scale
    sign: int = 1
    compared: Callable[[np.ndarray], np.ndarray] = lambda values: values
    shown: Callable[[float], str] = lambda value: f"{100.0 * value:+.1f}"

    def column(self, table: Regimes) -> str | None:
        """The column of the table to compare, on test samples if measured there; None if there is no such column."""
        family = table.family(table.tested(self.property))
        if len(family) < 2:
            return family[0] if family else None
        return family[half_epsilon(table, family)]

    def values(self, table: Regimes, rows: Sequence[str], column: str) -> np.ndarray:
        """Mean [S] of the compared values over some rows, with the sign of the outcome; NaN where one is unknown."""
        mean: np.ndarray = self.sign * self.compared(table.values(rows, column)).mean(axis=0)
        return mean


def _logarithms(traces: np.ndarray) -> np.ndarray:
    """Logarithms of traces [U, S]; NaN where they are not positive."""
    found: np.ndarray = np.log(traces, out=np.full(traces.shape, np.nan), where=traces > 0.0)
    return found


def half_epsilon(table: Regimes, family: Sequence[str]) -> int:
    """The place, in a family of columns, of the epsilon at which the median robust accuracy of all regimes is nearest
    to half of their median clean accuracy; 0 if robust accuracy was not measured at these epsilons.
    """
    robust = table.family(table.tested(ROBUST.name))
    clean = table.tested("accuracy")
    if len(robust) != len(family) or clean not in table.columns:
        return 0
    names = list(table.settings)
    half = 0.5 * np.nanmedian(table.values(names, clean))
    return int(np.argmin([abs(np.nanmedian(table.values(names, one)) - half) for one in robust]))


def _points(more: str, less: str, none: str) -> Scale:
    return Scale(more=more, less=less, none=none, negligible=POINTS)


MORE_ROBUST = Outcome(
    property=ROBUST.name,
    title="robust accuracy, points",
    scale=_points("more robust", "less robust", "no difference"),
)
MORE_CERTIFIED = Outcome(
    property=CERTIFIED_CROWN.name,
    title="certified accuracy, points",
    scale=_points("more certified", "less certified", "no difference"),
)
COSTS_ACCURACY = Outcome(
    property=f"{TEST}accuracy",
    title="loss of clean test accuracy, points",
    scale=_points("costs accuracy", "gains accuracy", "costs nothing"),
    sign=-1,
)
FLATTER = Outcome(
    property=TRACE,
    title="trace of the Hessian of the loss, factor by which it is smaller",
    scale=Scale(more="flatter", less="sharper", none="no difference", negligible=float(np.log(FACTOR))),
    sign=-1,
    compared=_logarithms,
    shown=lambda value: f"{np.exp(value):.3g}",
)
