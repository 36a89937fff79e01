"""Summary of correlations in a few lines; a correlation is positive if it is in favour of a hypothesis."""

from collections.abc import Iterable

import numpy as np

from landscape.studies.findings import HYPOTHESES, Findings
from landscape.studies.minima_table import CONTROL

NO_INFERENCE = """
These correlations describe landscapes whose minima share hidden units and samples: they are no inference. What other
data would show is asked of replicates: 'landscape study --replicates', then 'landscape answer'.
"""


def summary(findings: Findings) -> Iterable[str]:
    """A few lines on the correlations: their range for each hypothesis, plain and at fixed controls, and the
    strongest.
    """
    yield from _landscapes(findings)
    if len(findings.unfinished) == 1:
        yield f"not complete: {findings.unfinished[0]}; further minima may change all of this: 'landscape info'"
    elif findings.unfinished:
        yield "not complete, so that further minima may change all of this:"
        yield from (f"  {one}" for one in findings.unfinished)
    made = f"{len(findings.table)} rank correlations of a measure with a robustness among these minima"
    yield f"{made}, positive where in favour{_on(findings)}:"
    for hypothesis in HYPOTHESES:
        rows = [row for row in findings.table if row.measure in hypothesis.measures]
        signs = [findings.sign(hypothesis, row) for row in rows]
        plain, partial = (
            np.array([sign * getattr(row, name) for sign, row in zip(signs, rows, strict=True)])
            for name in ("spearman", "partial")
        )
        yield f"'{hypothesis.sentence}': {_range(plain)}; at fixed {CONTROL} {_range(partial)}"
        if np.isfinite(plain).any():
            most = int(np.nanargmax(np.abs(plain)))
            row = rows[most]
            yield f"  most of all {row.measure} and {row.robustness}: {_signed(plain[most])} (n = {row.count})"
    yield from NO_INFERENCE.strip().splitlines()


def _on(findings: Findings) -> str:
    """The number of minima on which the correlations stand."""
    counts = [row.count for row in findings.table]
    if not counts:
        return ""
    few = f"{min(counts)} to " if min(counts) < max(counts) else ""
    return f", each on {few}{max(counts)} of {findings.comparison.distinct} distinct minima"


def _range(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    if not len(known):
        return "undefined"
    low, median, high = (_signed(value) for value in np.quantile(known, [0.0, 0.5, 1.0]))
    return f"{median} in the median of {len(known)}, from {low} to {high}"


def _signed(value: float) -> str:
    return f"{value:+.2f}"


def _landscapes(findings: Findings) -> Iterable[str]:
    found = findings.comparison
    copies = found.minima - found.distinct
    yield f"{found.distinct} distinct minima" + (
        f" ({copies} more agree with one of them in all but barriers and are not counted twice)" if copies else ""
    )
    if len(found.landscapes) > 1:
        yield f"of {len(found.landscapes)} landscapes, compared within their own only:"
        for one in found.landscapes:
            yield f"  {one.name}: {one.distinct} distinct of {one.minima}"
