"""Findings of one or several databases about robustness: the table of correlations, oriented by hypothesis.

`landscape study`, the scripts in analysis/ and notebooks get findings from here. `findings_text` prints them.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landscape.database.database import Database
from landscape.statistics.correlations import Correlation, correlate
from landscape.studies.completeness.criteria import Criteria
from landscape.studies.completeness.goal import Goal
from landscape.studies.hypotheses import DEEPER, FLATTER, Hypothesis
from landscape.studies.minima_table import Comparison, compare

HYPOTHESES = (DEEPER, FLATTER)
STATISTICS = ("spearman", "kendall", "partial")
"""The correlations of each pair."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A comparison of minima and its table of correlations."""

    comparison: Comparison
    table: tuple[Correlation, ...]
    unfinished: tuple[str, ...] = ()  # names of the databases that are not complete, each with the criteria that fail

    @property
    def name(self) -> str:
        """The name of the landscape, or "pooled" for several."""
        landscapes = self.comparison.landscapes
        return landscapes[0].name if len(landscapes) == 1 else "pooled"

    def sign(self, hypothesis: Hypothesis, row: Correlation) -> int:
        """+1 if a positive correlation is in favour of the hypothesis, which must have the measure, otherwise -1."""
        return hypothesis.measures[row.measure] * self.comparison.robustness_signs[row.robustness]


def findings_of(databases: Sequence[Database]) -> Findings:
    """Correlate depth and curvature with robustness over the distinct minima of the databases.

    Raises PropertyError below 8 distinct minima and where no robustness was measured.
    """
    comparison = compare(databases)
    table = correlate(
        {name: one.values for name, one in comparison.measures.items()},
        {name: one.values for name, one in comparison.robustness.items()},
        controls=comparison.controls,
        landscape=comparison.landscape,
    )
    return Findings(comparison=comparison, table=table, unfinished=tuple(filter(None, map(_failing, databases))))


def _failing(db: Database) -> str:
    """The name of a database and the criteria of completeness that fail; empty if all hold."""
    record, name = db.problem_record, db.path.stem if db.path else "in memory"
    criteria = Criteria.of(db, Goal.stored(record, name), record.energy_tolerance)
    holds = {
        "connected": criteria.is_connected,
        "barriers": criteria.barriers_have_converged,
        "known": criteria.minima_are_known,
    }
    failing = [name for name, one in holds.items() if not one]
    return f"{name} ({', '.join(failing)})" if failing else ""


def csv_text(sections: Mapping[str, Findings]) -> str:
    """The tables of named findings as CSV, one row per pair, with all digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", "measure", "robustness", "count", *STATISTICS])
    for name, findings in sections.items():
        for row in findings.table:
            numbers = [repr(getattr(row, statistic)) for statistic in STATISTICS]
            writer.writerow([name, row.measure, row.robustness, row.count, *numbers])
    return text.getvalue()
