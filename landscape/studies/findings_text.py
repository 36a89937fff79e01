"""Correlations as text: a summary, or the table and the verdicts in lines of at most 150 characters, but for long lists
of rows.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np

from landscape.statistics.correlations import Association, Correlation
from landscape.statistics.kendall import KENDALL_LIMIT
from landscape.statistics.rank_statistics import PARTIAL, SPEARMAN
from landscape.statistics.statistic import Statistic
from landscape.statistics.table import STATISTICS
from landscape.studies.findings import HYPOTHESES, LEVEL, Findings
from landscape.studies.hypotheses import Hypothesis, Tally, Verdict
from landscape.studies.minima_table import CONTROL

LEGEND = f"""
Correlations are between the columns as they are, each with its 95 % bootstrap interval and two-sided p: Spearman's rho,
Kendall's tau-b, rho at fixed {CONTROL}, rho with each minimum weighted by its hits, the quenches of the search that
ended in it: hops and exchanges of units between known minima, no independent runs. p are by permutation (Kendall's
above {KENDALL_LIMIT} minima: its normal limit) and adjusted for all tests of the table (Holm), but those of weighted
correlations, which are no part of the verdicts. Undefined: a column is constant or unknown. task_*: of the loss without
its L2 part, where that ranks the minima differently. "for deeper": by this pair, deeper minima are significantly more
robust (Spearman's p < {LEVEL}); "against deeper": significantly less; "-": it tells neither. Likewise for flatter.
"""
VERDICT_LEGEND = """
p and intervals take minima for independent, but those of a landscape share hidden units and samples: over the 244
minima of Iris two unrelated sums over units correlate as strongly as over 7 independent ones, so that most such tables
call something significant where nothing is.

A hypothesis is supported where more than half of its pairs are significantly for it and none is against, contradicted
where it is the other way round, undecided otherwise. Pairs are judged by Spearman's rho; at fixed squared_norm, by the
partial rho. Medians are of these, positive in favour of the hypothesis.
"""


NO_INFERENCE = """
These correlations describe landscapes whose minima share hidden units and samples: they are no inference. What other
data would show is asked of replicates: 'landscape study --replicates', then 'landscape answer'.
"""


def summary(findings: Findings) -> Iterable[str]:
    """A few lines on the correlations, positive where they are in favour of a hypothesis."""
    yield from _landscapes(findings)
    yield f"{len(findings.table)} rank correlations of a measure with a robustness, positive where in favour:"
    for hypothesis in HYPOTHESES:
        rows = [row for row in findings.table if row.measure in hypothesis.measures]
        plain, partial = (_range_of(hypothesis, findings, rows, statistic) for statistic in (SPEARMAN, PARTIAL))
        yield f"{hypothesis.sentence}: {plain}; at fixed {CONTROL} {partial}"
        known = [row for row in rows if np.isfinite(row.of(SPEARMAN).value)]
        if known:
            most = max(known, key=lambda row: abs(row.of(SPEARMAN).value))
            oriented = _oriented(hypothesis, findings, most, SPEARMAN)
            yield f"  most of all {most.measure} and {most.robustness}: {_signed(oriented)} (n = {most.count})"
    yield from NO_INFERENCE.strip().splitlines()


def _oriented(hypothesis: Hypothesis, findings: Findings, row: Correlation, statistic: Statistic) -> float:
    sign = hypothesis.measures[row.measure] * findings.comparison.robustness_signs[row.robustness]
    return sign * row.of(statistic).value


def _range_of(hypothesis: Hypothesis, findings: Findings, rows: Sequence[Correlation], statistic: Statistic) -> str:
    values = np.array([_oriented(hypothesis, findings, row, statistic) for row in rows])
    values = values[np.isfinite(values)]
    if not len(values):
        return "undefined"
    low, median, high = (_signed(value) for value in np.quantile(values, [0.0, 0.5, 1.0]))
    return f"{median} in the median of {len(values)}, from {low} to {high}"


def _signed(value: float) -> str:
    return f"{value:+.2f}"


def report(findings: Findings) -> Iterable[str]:
    """Lines of the report: what was correlated, the table, the verdicts."""
    yield from _landscapes(findings)
    yield from LEGEND.splitlines()
    yield ""
    heads = "  ".join(f"{one.title.format(control=CONTROL):<17}{'p':>5}" for one in STATISTICS)
    yield f"{'row':>4} {'measure':<32}  {heads}  reads as"
    for name in findings.comparison.robustness:
        rows = [(number, row) for number, row in enumerate(findings.table, start=1) if row.robustness == name]
        yield from _group(name, findings, rows)
    yield ""
    yield from verdicts(findings)


def verdicts(findings: Findings) -> Iterable[str]:
    """Lines of the verdicts alone."""
    yield from NO_INFERENCE.strip().splitlines()
    yield from VERDICT_LEGEND.strip().splitlines()
    for hypothesis in HYPOTHESES:
        yield ""
        yield from _verdict(hypothesis, findings)


def row_list(rows: Sequence[int]) -> str:
    """Rising numbers with runs drawn together: 1-4, 7."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(rows), key=lambda pair: pair[1] - pair[0])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs) or "none"


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


def _group(name: str, findings: Findings, rows: Sequence[tuple[int, Correlation]]) -> Iterable[str]:
    """The correlations of one robustness column, strongest first."""
    better = "larger" if findings.comparison.robustness_signs[name] > 0 else "smaller"
    most = max(row.count for _, row in rows)
    yield f"{name} ({better} is more robust), n = {most}"
    for number, row in sorted(rows, key=lambda row: -np.nan_to_num(abs(row[1].of(SPEARMAN).value), nan=-1.0)):
        columns = [_cell(row.of(one), adjusted=one.adjusted) for one in STATISTICS]
        measure = row.measure if row.count == most else f"{row.measure} (n = {row.count})"
        yield f"{number:>4} {measure:<32}  {'  '.join(columns)}  {findings.reading(row)}"


def _cell(found: Association, *, adjusted: bool) -> str:
    """A correlation with its interval and p."""
    return f"{_interval(found)}{_p(found.p_adjusted if adjusted else found.p):>5}"


def _interval(found: Association) -> str:
    if np.isnan(found.value):
        return f"{'undefined':<17}"
    value, low, high = (f"{number:+.2f}".replace("0.", ".") for number in (found.value, found.low, found.high))
    return f"{f'{value} [{low},{high}]':<17}"


def _p(p: float) -> str:
    if np.isnan(p):
        return ""
    return f"{p:.3f}".replace("0.", ".") if p >= 0.001 else f"{p:.0e}"


def _verdict(hypothesis: Hypothesis, findings: Findings) -> Iterable[str]:
    """The verdict on a hypothesis from all its measures together, then from each alone."""
    known = [name for name in hypothesis.measures if any(row.measure == name for row in findings.table)]
    if not known:
        return
    whole = findings.verdict(hypothesis)
    yield f"Hypothesis: {hypothesis.sentence}"
    yield from _two_tallies("all measures together", whole)
    if whole.weighting.compared:
        yield (
            f"  {'  weighted by hits:':<39}median rho {whole.weighting.median:+.2f} instead of "
            f"{whole.plain.median:+.2f}, another sign in {whole.weighting.reversed} of {whole.weighting.compared} pairs"
        )
    for name in known:
        size = "small" if hypothesis.measures[name] < 0 else "large"
        yield from _two_tallies(f"{size} {name}", findings.verdict(hypothesis, name))


def _two_tallies(title: str, verdict: Verdict) -> Iterable[str]:
    for name, tally in ((f"{title}:", verdict.plain), (f"  at fixed {CONTROL}:", verdict.partial)):
        yield f"  {name:<39}{_tally(tally)}"
        if tally.in_favour or tally.against:
            yield f"  {'':<39}{'':<13}rows for {row_list(tally.rows_in_favour)}; against {row_list(tally.rows_against)}"


def _tally(found: Tally) -> str:
    if not found.tested:
        return f"{found.answer.upper():<13}no pair could be tested"
    return (
        f"{found.answer.upper():<13}{found.in_favour} of {found.tested} pairs for, {found.against} against, "
        f"median rho {found.median:+.2f} (rows {row_list(found.rows)})"
    )
