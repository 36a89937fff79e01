"""Verdicts on hypotheses about regimes, and the course of curves over them, as text."""

from collections.abc import Iterable

import numpy as np

from landscape.statistics.paired_seeds import LEVEL, TOO_MUCH, Contrast, Mean, Trend, smallest_p
from landscape.studies.regimes.curves import Curve, CurveVerdict, affordable_points, costs, curves, judge_curve
from landscape.studies.regimes.hypotheses import HYPOTHESES, RegimeVerdict, judge_regimes
from landscape.studies.regimes.table import Regimes
from landscape.studies.regimes.table_text import shown

VERDICT_LEGEND = f"""
Differences are means over seeds, which two regimes share with the initial parameters and the data, with 95 % intervals;
p by sign flips of the seeds' differences, adjusted within the hypothesis (Holm). A hypothesis is supported where more
than half of its contrasts are significantly for it (p < {LEVEL}) and none is against, contradicted where it is the
other way round, undecided otherwise.
"""
CURVE_LEGEND = f"""
A curve is monotone within noise if its end differs significantly from its beginning in the direction that is expected,
and no later point lies significantly behind the best one before it (p < {LEVEL}, Holm over these comparisons).
"""


def verdicts(table: Regimes) -> Iterable[str]:
    """Lines of the verdicts and of the curves alone."""
    found = [one for one in (judge_regimes(hypothesis, table) for hypothesis in HYPOTHESES) if one]
    if found:
        yield from VERDICT_LEGEND.strip().splitlines()
    for one in found:
        yield ""
        yield from _verdict(one)
    known = list(curves(table.settings))
    if known:
        yield ""
        yield from CURVE_LEGEND.strip().splitlines()
    for curve in known:
        yield ""
        yield from _curve(table, curve)
    if not found and not known:
        yield "no hypothesis has both of its groups of regimes here, and no ingredient three strengths"


def _verdict(found: RegimeVerdict) -> Iterable[str]:
    tally = found.tally
    seeds = max(one.difference.seeds for one in found.contrasts)
    yield f"Hypothesis: {found.sentence}"
    yield f"  {', '.join(found.first)}  against  {', '.join(found.second)}; {seeds} seeds in pairs"
    if tally.tested:
        yield f"  {tally.answer.upper()}: {tally.in_favour} of {tally.tested} contrasts for, {tally.against} against"
    else:
        yield f"  {tally.answer.upper()}: no contrast could be tested"
    if tally.tested * smallest_p(seeds) >= LEVEL:
        yield f"  with {seeds} seeds no p of {tally.tested} contrasts can be below {LEVEL}: train more seeds"
    for one, sign in zip(found.contrasts, found.signs, strict=True):
        yield f"    {one.column:<36}{_difference(one.difference):<30}{_p(one):<10}{_reading(one, sign)}"
    if found.cost is not None:
        yield f"    {'clean test accuracy (no part of it)':<36}{_difference(found.cost)}"


def _curve(table: Regimes, curve: Curve) -> Iterable[str]:
    """Lines on a curve, up to the strength that costs too much and as a whole."""
    count, lost = affordable_points(table, curve), costs(table, curve)
    yield f"Curve: {curve.ingredient.words}"
    for place, (strength, name) in enumerate(zip(curve.strengths, curve.names, strict=True)):
        cost = f"  clean test accuracy {_points(lost[place])}" if lost else ""
        yield f"    {strength:<8g}{name:<24}{cost}"
    much = f"{100 * TOO_MUCH:g} points of clean test accuracy"
    if count < 2:
        yield f"  DOES NOT HOLD: already {curve.strengths[1]:g} costs {much} or more"
    elif lost:
        yield f"  up to {curve.strengths[count - 1]:g} it costs less than {much}"
    found = judge_curve(table, curve)
    for one in found:
        yield from _course(one)
    if count > 1:
        held = sum(one.affordable is not None and one.affordable.course == "monotone" for one in found)
        yield f"  at less than {much} it is monotone within noise in {held} of {len(found)} columns"


def _course(found: CurveVerdict) -> Iterable[str]:
    way = "rises" if found.sign > 0 else "falls"
    if found.affordable is not None:
        yield f"    {found.column}: {_told(found.affordable, way)}"
    if found.affordable is None or len(found.whole.points) > len(found.affordable.points):
        yield f"    {found.column}, whole curve: {_told(found.whole, way)}"


def _told(found: Trend, way: str) -> str:
    """One line: the course, from where to where, and the setbacks."""
    ends = f"from {shown(found.points[0])} to {shown(found.points[-1])}, p {_p(found.change)}"
    match found.course:
        case "monotone":
            return f"HOLDS, {way} monotonically within noise {ends}"
        case "not monotone":
            behind = sum(one.p_adjusted < LEVEL and one.difference.value < 0.0 for one in found.setbacks)
            return f"DOES NOT HOLD, {behind} points lie significantly behind one before them, {ends}"
        case "opposite":
            return f"DOES NOT HOLD, goes the other way {ends}"
        case _:
            return f"UNDECIDED, no significant change {ends}"


def _difference(mean: Mean) -> str:
    return f"{mean.value:+.4g} [{mean.low:+.3g}, {mean.high:+.3g}]"


def _points(mean: Mean) -> str:
    """A difference of accuracies in points of a hundred."""
    return f"{100 * mean.value:+.2f} points [{100 * mean.low:+.2f}, {100 * mean.high:+.2f}]"


def _p(found: Contrast) -> str:
    return "equal" if np.isnan(found.p_adjusted) else f"{found.p_adjusted:.3f}"


def _reading(found: Contrast, sign: int) -> str:
    if not found.p_adjusted < LEVEL:
        return "-"
    return "for" if found.difference.value * sign > 0.0 else "against"
