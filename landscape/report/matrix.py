"""The matrix of rank correlations of a page: a row a measure, a column a robustness at one epsilon.

The matrix is a table of buttons, so that its cells can be reached by keyboard; each opens the scatter of its pair.
"""

from dataclasses import dataclass

import numpy as np

from landscape.messages import number_text
from landscape.report.sentences import MINUS
from landscape.studies.columns import Column, readable
from landscape.studies.findings import Findings


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The correlation of a pair."""

    measure: str
    robustness: str
    text: str
    strength: int  # from -9 to 9, which chooses the colour
    label: str  # for readers of screens
    epsilon: str  # "" where the robustness has none


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Rows of cells under heads."""

    heads: tuple[tuple[str, str], ...]  # name of each robustness, and its epsilon
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    epsilons: tuple[str, ...]


def matrix_of(findings: Findings | None) -> Matrix | None:
    """The matrix of the findings, None without any."""
    if findings is None:
        return None
    comparison = findings.comparison
    known = {(row.measure, row.robustness): row.spearman for row in findings.table}
    columns = list(comparison.robustness.values())
    rows = tuple(
        (
            readable(measure),
            tuple(_cell(measure, one, known.get((measure, one.name), float("nan"))) for one in columns),
        )
        for measure in comparison.measures
    )
    epsilons = dict.fromkeys(_epsilon(one) for one in columns if one.epsilon is not None)
    heads = tuple((readable(one.property), _epsilon(one)) for one in columns)
    return Matrix(heads=heads, rows=rows, epsilons=tuple(epsilons))


def _epsilon(one: Column) -> str:
    return "" if one.epsilon is None else number_text(one.epsilon)


def _cell(measure: str, one: Column, rho: float) -> Cell:
    text = "\N{EN DASH}" if np.isnan(rho) else f"{rho:+.2f}".replace("-", MINUS)
    at = f" at epsilon {_epsilon(one)}" if one.epsilon is not None else ""
    return Cell(
        measure=measure,
        robustness=one.name,
        text=text,
        strength=0 if np.isnan(rho) else round(9 * rho),
        label=f"{readable(measure)} and {readable(one.property)}{at}: rank correlation {text}",
        epsilon=_epsilon(one),
    )
