"""The answer as three sentences, a table and a CSV file."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import fields

import numpy as np

from landscape.messages import listed
from landscape.statistics.random_effects import Combined, least_p
from landscape.studies.answer.effects import ENDPOINTS
from landscape.studies.answer.minima import MEASURES, MOST_UNSEEN
from landscape.studies.answer.replicates import PLATEAU, DataSetAnswer, Finding, across
from landscape.studies.answer.secondary import SecondaryFinding
from landscape.studies.words import CORRELATION

COLUMNS = (
    "data_set",
    "landscape",
    "replicates",
    "direction",
    "robustness",
    "given",
    "minima",
    "complete",
    "sampled",
    "over",
    "rho",
)
MINIMA, QUENCHES = "minima", "quenches"
"""The units of a correlation: all minima alike, or each minimum as often as quenches met it."""
ALL = "all data sets"
LEVEL = 0.05  # level of significance of the adjusted p
SUMMARY = tuple(one.name for one in fields(Combined) if one.name not in ("replicates", "mean", "tau"))


def sentences(found: Sequence[DataSetAnswer]) -> Iterator[str]:
    """A sentence on deeper minima, one on flatter minima, and one on the data behind the answer."""
    for direction in MEASURES:
        said = "; ".join(f"{one.name}: {', '.join(_said(one, direction))}" for one in found)
        yield f"{direction.capitalize()} minima are: {said}."
    basis = "; ".join(
        f"{one.name}: {one.replicates} replicates{_shares(one)}, {_searched(one)}"
        f"{''.join(f'; missing: {reason}' for reason in one.missing)}"
        for one in found
    )
    yield f"Each replicate counts once, whatever number of minima it has. {basis}."


def table(found: Sequence[DataSetAnswer]) -> Iterator[str]:
    """A line for each data set and endpoint: mean correlation, its interval, that of a further replicate, and words."""
    yield (
        f"{'data set':<13} {'minima':<8} {'by':<15} {'rho':>5} {'95 %':>14} {'next replicate':>14} {'moved':>5} "
        f"{'given accuracy':>20}  words (given accuracy)"
    )
    for one in found:
        yield from (_line(one.name, finding) for finding in one.findings)
        yield from (_held_out_line(one.name, pair) for pair in one.secondary if pair.words)
    yield from (_line(ALL, finding) for finding in across(found))


def _line(name: str, finding: Finding) -> str:
    total, given = finding.total, finding.given_accuracy
    return (
        f"{name:<13} {finding.direction:<8} {finding.robustness:<15} {_number(total.mean)} "
        f"{_range(total.low, total.high)} {_range(total.predicted_low, total.predicted_high)} "
        f"{_number(finding.moved)} {_number(given.mean)} {_range(given.low, given.high)}  "
        f"{finding.words} ({finding.words_given_accuracy})"
    )


def _held_out_line(name: str, pair: SecondaryFinding) -> str:
    """The line of a pair that was chosen beforehand, on test samples."""
    direction = next(word for word, measure in MEASURES.items() if measure == pair.measure)
    by = pair.robustness.split("@")[0].replace("margin_linf", "margin").replace("_", " ")
    total = pair.total
    return (
        f"{name:<13} {direction:<8} {by:<15} {_number(total.mean)} {_range(total.low, total.high)} "
        f"{_range(total.predicted_low, total.predicted_high)} {'':>5} {'':>20}  {pair.words}"
    )


def notes(found: Sequence[DataSetAnswer]) -> Iterator[str]:
    """The meaning of the columns of the table."""
    if across(found):
        yield f"{ALL}: each data set that has enough data counts once; the next replicate is another data set."
    epsilon = ", ".join(f"{one.name} {one.epsilon:g}" for one in found)
    yield "rho: mean over replicates of Spearman's correlation with depth or flatness, positive where it is in favour;"
    yield f"  no relation is within {CORRELATION.negligible:g} of 0."
    yield "moved: by how much rho changes from the first half of the minima found to all of them;"
    yield f"  where that is not below {PLATEAU:g} there are no words."
    yield "given accuracy: at fixed accuracy on clean samples."
    yield f"margin: mean adversarial distance of samples that are right. robust accuracy: at epsilon {epsilon}."


def appendix(found: Sequence[DataSetAnswer]) -> Iterator[str]:
    """A line for each data set on its secondary pairs: the number with p below the level, and the strongest pair."""
    for one in found:
        if one.missing:
            yield f"{one.name}: of secondary pairs, not enough data."
            continue
        tested = [pair for pair in one.secondary if np.isfinite(pair.p)]
        related = sorted((pair for pair in tested if pair.p < LEVEL), key=lambda pair: (pair.p, -abs(pair.total.mean)))
        if not tested:
            yield f"{one.name}: no secondary pair can be tested{', since replicates share samples' * bool(one.shared)}."
            continue
        strongest = "".join(
            f"; most of all {pair.measure} and {pair.robustness}, rho {pair.total.mean:+.2f}, adjusted p "
            f"{p_text(pair.p, one.replicates)}"
            for pair in related[:1]
        )
        yield (
            f"{one.name}: {len(related)} of {len(tested)} secondary pairs have p < {LEVEL:g}, adjusted for all of them"
            f"{strongest}."
        )


def p_text(p: float, replicates: int) -> str:
    """An adjusted p as text, with "<=" if it is the least p that this number of replicates can give."""
    return f"<= {p:.2g}" if p <= least_p(replicates) else f"{p:.2g}"


def appendix_csv(found: Sequence[DataSetAnswer]) -> str:
    """Every secondary pair as CSV: its combined correlation, its unadjusted intervals and its adjusted p."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["data_set", "measure", "robustness", "replicates", "rho", *SUMMARY, "adjusted_p", "least_p", "words"]
    )
    for one in found:
        for pair in one.secondary:
            summary = [getattr(pair.total, name) for name in SUMMARY]
            head = [one.name, pair.measure, pair.robustness, pair.total.replicates, pair.total.mean]
            writer.writerow([*head, *summary, pair.p, least_p(one.replicates), pair.words])
    return text.getvalue()


def csv_text(found: Sequence[DataSetAnswer]) -> str:
    """Every correlation as CSV: those of the landscapes of each data set, followed by its combined correlations, whose
    landscape is "all"; the correlations of all data sets together come last.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, "rho_first_half", *SUMMARY, "words"])
    for one in found:
        writer.writerows(_landscape_rows(one))
        for finding in one.findings:
            writer.writerows(_combined_rows(one.name, one.replicates, [one], finding))
    for finding in across(found):
        place = ENDPOINTS.index((finding.direction, finding.robustness))
        known = [one for one in found if one.has_words(place)]
        writer.writerows(_combined_rows(ALL, len(known), known, finding))
    return text.getvalue()


def _landscape_rows(found: DataSetAnswer) -> Iterator[list[object]]:
    blank = [""] * (len(SUMMARY) - 1)  # the columns after the interval: only combined correlations have values there
    for landscape, effects in zip(found.landscapes, found.effects, strict=True):
        for endpoint in ENDPOINTS:
            for given, values, intervals in (
                ("nothing", effects.total, effects.total_interval),
                ("accuracy", effects.given_accuracy, effects.given_interval),
            ):
                first = effects.first_half[endpoint] if given == "nothing" else ""
                counts = [len(landscape.minima), int(landscape.is_complete), int(landscape.is_sample)]
                over = QUENCHES if found.as_met and landscape.is_sample else MINIMA
                ends = intervals.get(endpoint, ("", ""))
                head = [found.name, landscape.name, 1, *endpoint, given, *counts, over]
                yield [*head, values[endpoint], first, *ends, *blank]


def _combined_rows(
    name: str, replicates: int, members: Sequence[DataSetAnswer], finding: Finding
) -> Iterator[list[object]]:
    pairs = (
        ("nothing", finding.total, finding.words),
        ("accuracy", finding.given_accuracy, finding.words_given_accuracy),
    )
    minima = sum(len(one.minima) for member in members for one in member.landscapes)
    counts = [minima, *(sum(getattr(member, name) for member in members) for name in ("complete", "sampled"))]
    over = sorted({QUENCHES if member.as_met else MINIMA for member in members})
    for given, effect, words in pairs:
        head = [name, "all", replicates, finding.direction, finding.robustness, given, *counts, listed(over, "and")]
        yield [*head, effect.mean, "", *(getattr(effect, name) for name in SUMMARY), words]


def _said(found: DataSetAnswer, direction: str) -> list[str]:
    own = [one for one in found.findings if one.direction == direction]
    if len({one.words for one in own}) == 1:
        return [own[0].words]
    return [f"{one.words} by {one.robustness}" for one in own]


def _searched(found: DataSetAnswer) -> str:
    listed = len(found.landscapes) - found.sampled
    parts = [f"{found.complete} of {listed} landscapes complete"] * bool(listed)
    sparse = sum(one.minima.is_sparse for one in found.landscapes)
    met = (
        f", minima counting as often as these meet them: in {sparse} of them a further quench would meet a new minimum "
        f"with a probability above {MOST_UNSEEN:g}"
    )
    parts += [f"{found.sampled} landscapes sampled by independent quenches{met * found.as_met}"] * bool(found.sampled)
    return ", ".join(parts)


def _shares(found: DataSetAnswer) -> str:
    if not found.shared:
        return ""
    return (
        f" that share {found.shared:.0%} of their samples, so that intervals are widened and hold for this data alone"
    )


def _range(low: float, high: float) -> str:
    return f"{_number(low)} to {_number(high)}" if low <= high else f"{'unknown':>14}"


def _number(value: float) -> str:
    return f"{value:>+5.2f}" if np.isfinite(value) else f"{'?':>5}"
