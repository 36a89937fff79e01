"""Findings about regimes of training as text and as CSV."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence

from landscape.statistics.random_effects import Combined, least_p
from landscape.studies.regimes.answer import RegimesAnswer
from landscape.studies.regimes.outcomes import COSTS_ACCURACY, FACTOR, POINTS
from landscape.studies.regimes.table import Regimes

LEGEND = f"""
Differences of two groups of regimes, positive in favour of the sentence, with the 95 % interval of their mean and that
of a further unit; beside them what the first group loses of clean test accuracy. Words come from the interval of the
mean: differences within {100 * POINTS:g} points of accuracy, or a factor of {FACTOR:g} of a trace, are none.
"""
CHOSEN = """
Groups are chosen by what regimes are made of, "alone" meaning of nothing else; among adversarial training, regularisers
and the sensitivity loss only regimes of the most common schedule (optimiser, batches, epochs) take part. Small and
large batches, training stopped early and on to the end, are twins alike in all else.
"""


def findings_text(answer: RegimesAnswer) -> Iterator[str]:
    """Lines on each finding of a data set: its sentence, the groups, the difference and its words."""
    if not answer.findings and not answer.unmeasured:
        yield f"{answer.name}: no hypothesis has both of its groups of regimes, and what it compares, among these"
        return
    yield from LEGEND.strip().splitlines()
    yield from CHOSEN.strip().splitlines()
    yield f"{answer.name}: {_units(answer.table, answer.shared)}"
    for name, sentences in answer.unmeasured.items():
        yield f"not compared, since '{name}' was not measured everywhere: {'; '.join(sentences)}"
    for one in answer.findings:
        outcome = one.hypothesis.outcome
        yield ""
        yield f"{one.hypothesis.sentence}: {one.words.upper()}"
        yield f"  {outcome.title} ({one.column}): {_interval(one.effect, outcome.shown)}"
        if one.cost is not None and outcome is not COSTS_ACCURACY:
            yield f"  {COSTS_ACCURACY.title}: {_interval(one.cost, COSTS_ACCURACY.shown)}"
        yield from (f"  missing: {reason}" for reason in one.missing)
        yield f"  {_listed(one.first)} against {_listed(one.second)}"


def contrasts_csv(found: Sequence[RegimesAnswer]) -> str:
    """Every secondary difference as CSV, all digits; p is adjusted for all columns of its groups."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = ("mean", "low", "high", "predicted_low", "predicted_high")
    writer.writerow(
        ["data_set", "first", "second", "column", "better", "unit", "units", *names, "adjusted_p", "least_p"]
    )
    for answer in found:
        for row in answer.contrasts:
            numbers = [repr(getattr(row.effect, name)) for name in names]
            units = [answer.table.unit, row.effect.replicates]
            groups = [" ".join(group) for group in (row.first, row.second)]
            head = [answer.name, *groups, row.column, "larger" if row.sign > 0 else "smaller", *units]
            writer.writerow([*head, *numbers, row.p, least_p(max(row.effect.replicates, 1))])
    return text.getvalue()


def _units(table: Regimes, shared: float) -> str:
    if table.unit == "seed":
        return (
            f"units are the {table.units} seeds of one set of samples: what other samples would show is in no interval."
        )
    overlap = f", which share {shared:.0%} of their samples" if shared else ""
    return f"units are {table.units} subsets of the data{overlap}, each the mean over its seeds."


def _interval(effect: Combined, shown: Callable[[float], str]) -> str:
    if not effect.replicates:
        return "unknown"
    mean, *ends = (shown(getattr(effect, name)) for name in ("mean", "low", "high", "predicted_low", "predicted_high"))
    if effect.replicates < 3:
        return f"{mean}, of {effect.replicates}"
    return f"{mean} [{ends[0]}, {ends[1]}], a further unit [{ends[2]}, {ends[3]}]"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
