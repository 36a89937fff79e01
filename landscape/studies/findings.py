"""Findings of one or several databases about robustness: the table of correlations and the verdicts drawn from it.

One place makes them, for `landscape study`, the scripts of analysis/ and notebooks. `findings_text` prints them.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from landscape.database.database import Database
from landscape.statistics.correlations import Correlation, correlate
from landscape.statistics.rank_statistics import SPEARMAN
from landscape.statistics.table import STATISTICS
from landscape.studies.hypotheses import DEEPER, FLATTER, Hypothesis, Verdict, judge
from landscape.studies.minima_table import Comparison, compare

HYPOTHESES = (DEEPER, FLATTER)
LEVEL = 0.05
NUMBERS = ("value", "low", "high", "p", "p_adjusted")


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A comparison of minima and its table, whose rows are numbered from 1."""

    comparison: Comparison
    table: tuple[Correlation, ...]

    @property
    def name(self) -> str:
        """The name of the landscape, or "pooled" for several."""
        landscapes = self.comparison.landscapes
        return landscapes[0].name if len(landscapes) == 1 else "pooled"

    def verdict(self, hypothesis: Hypothesis, measure: str | None = None) -> Verdict:
        """The verdict on a hypothesis from all its measures, or from one alone."""
        measures = {name: sign for name, sign in hypothesis.measures.items() if measure in (None, name)}
        return judge(replace(hypothesis, measures=measures), self.table, self.comparison.robustness_signs, LEVEL)

    def reading(self, row: Correlation) -> str:
        """The hypothesis that a significant Spearman correlation speaks for or against; "-" for none."""
        for hypothesis in HYPOTHESES:
            if row.measure in hypothesis.measures and row.of(SPEARMAN).p_adjusted < LEVEL:
                sign = hypothesis.measures[row.measure] * self.comparison.robustness_signs[row.robustness]
                word = hypothesis.sentence.split()[0]
                return f"{'for' if row.of(SPEARMAN).value * sign > 0 else 'against'} {word}"
        return "-"


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
        hits=comparison.hits,
    )
    return Findings(comparison=comparison, table=table)


def csv_text(sections: Mapping[str, Findings]) -> str:
    """The tables of named findings as CSV, one row a pair, all digits; p of weighted correlations are not adjusted."""
    columns = [(s, n) for s in STATISTICS for n in NUMBERS if n != "p_adjusted" or s.adjusted]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    heads = [f"{statistic.name}_{number}" for statistic, number in columns]
    writer.writerow(["table", "row", "measure", "robustness", "count", *heads, "reads_as"])
    for name, findings in sections.items():
        for number, row in enumerate(findings.table, start=1):
            numbers = [repr(getattr(row.of(statistic), name)) for statistic, name in columns]
            place = [name, number, row.measure, row.robustness, row.count]
            writer.writerow([*place, *numbers, findings.reading(row)])
    return text.getvalue()
