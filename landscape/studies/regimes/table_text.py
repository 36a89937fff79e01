"""The comparison of regimes as text and as CSV: means with intervals, and evaluations that mask gradients."""

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np

from landscape.declaration import TEST, Section
from landscape.properties.attacks.pgd import PGD
from landscape.properties.attacks.random_search import SQUARE
from landscape.properties.catalogue import PROPERTIES
from landscape.properties.robustness import ROBUST
from landscape.statistics.means import Mean, sign_test_p
from landscape.studies.locations import LOCATION
from landscape.studies.regimes.table import COST, GAP, Regimes

LEGENDS = {
    "seed": """
Means over seeds with half the length of their 95 % interval (Student's t); none below two seeds. Seeds differ in
initial parameters and minibatches; the split of the data is one, and what another would change is in no interval.
""",
    "subset": """
Means over subsets of the data with half the length of their 95 % interval (Student's t); none below two subsets. The
number of a subset is the mean over its seeds, unknown where that of a seed is.
""",
}
LEGEND = """
Where a regime has values at fewer units than others (not trained yet, diverged, not located) the row says how many.
Attacked accuracies are those under all attacks together; certified ones those proven by CROWN. Of an evaluation, the
networks are those of a regime, used in another way, and attacked through that.
"""
TRAINING_PART, TEST_PART = "training samples", "test samples"
SECTIONS = (
    (Section.CLEAN, None),
    (Section.ATTACKED, TEST_PART),
    (Section.CERTIFIED, TEST_PART),
    (Section.ADVERSARIAL_LOSS, TEST_PART),
    (Section.ATTACKED, TRAINING_PART),
    (Section.CERTIFIED, TRAINING_PART),
    (Section.ADVERSARIAL_LOSS, TRAINING_PART),
    (Section.SPARSE, TEST_PART),
    (Section.SPARSE, TRAINING_PART),
    (Section.SENSITIVITY, TRAINING_PART),
    (Section.SHARPNESS, None),
    (Section.NORMS, None),
    (Section.QUENCH, None),
)
"""The sections of the table in order, each with the samples of its properties; None stands for any."""
SHOWN = (*PROPERTIES.values(), GAP, COST, *LOCATION.values())
LEVEL = 0.05  # of the sign test
MASKING_LEGEND = f"""
Do evaluations hide their gradients? Accuracy under gradient attacks (PGD), under the random search without gradients,
and under all. MASKED: gradients mislead, the search breaks samples that PGD does not more often than the other way
round, by more than chance (one-sided sign test over samples, each by itself, p < {LEVEL}). Means count as one network.
"""
MASKING_ACCURACIES = (ROBUST.name, PGD.name, SQUARE.name)


def table_text(table: Regimes) -> Iterable[str]:
    """Lines of the table, and lines on evaluations that mask gradients."""
    yield f"{len(table.settings)} regimes, {len(table.evaluations)} evaluations, {table.units} {table.unit}s"
    yield from LEGENDS[table.unit].rstrip().splitlines()
    yield from LEGEND.strip().splitlines()
    for section, part in SECTIONS:
        columns = [column for name in _properties(section, part) for column in table.family(name)]
        if columns:
            yield ""
            yield from _section(section if part is None else f"{section}, {part}", columns, table)
    yield from _masking(table)


def csv_text(table: Regimes) -> str:
    """Every mean as CSV, one row per regime and column, with all digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["regime", "column", "mean", "low", "high", f"{table.unit}s"])
    for name in table.names:
        for column in table.columns:
            found = table.mean(name, column)
            if found.units:
                writer.writerow([name, column, repr(found.value), repr(found.low), repr(found.high), found.units])
    return text.getvalue()


def shown(mean: Mean) -> str:
    """A mean with half of its interval, in five digits or so."""
    if not mean.units:
        return "-"
    if abs(mean.value) >= 1e5:
        return f"{mean.value:.3g}" + (f" ±{mean.half_width:.1g}" if mean.half_width > 0.0 else "")
    digits = 3 if abs(mean.value) < 100.0 else 1
    interval = f" ±{mean.half_width:.{digits}f}" if np.isfinite(mean.half_width) else ""
    return f"{mean.value:.{digits}f}{interval}"


def _properties(section: Section, part: str | None) -> list[str]:
    """Names of the properties that are declared for a section, on one part of the samples if there is one."""
    names = [one.name for one in SHOWN if one.section == section]
    return [name for name in names if part is None or name.startswith(TEST) == (part == TEST_PART)]


def _section(title: str, columns: Sequence[str], table: Regimes) -> Iterable[str]:
    """Lines of a section of the table, with one row per regime for which any of the columns is known."""
    heads = [_head(table, name) for name in columns]
    widths = [max(len(head), 15) for head in heads]
    yield title
    yield f"  {'':<24}" + "".join(f"  {head:>{width}}" for head, width in zip(heads, widths, strict=True))
    for name in table.names:
        means = [table.mean(name, column) for column in columns]
        if any(mean.units for mean in means):
            cells = (f"  {shown(mean):>{width}}" for mean, width in zip(means, widths, strict=True))
            fewest = min(mean.units for mean in means if mean.units)
            fewer = f"  {fewest} {table.unit}s" if name in table.settings and fewest < table.units else ""
            yield f"  {name:<24}" + "".join(cells) + fewer


def _head(table: Regimes, column: str) -> str:
    one = table.columns[column]
    return one.name if one.epsilon is None else f"epsilon {one.epsilon:g}"


def _masking(table: Regimes) -> Iterable[str]:
    """Lines on each evaluation: accuracies under attacks with and without gradients; masked gradients separate them."""
    tested = [table.tested(name) for name in MASKING_ACCURACIES]
    families = [table.family(name) for name in tested]
    if not table.evaluations or not all(families):
        return
    yield ""
    yield from MASKING_LEGEND.strip().splitlines()
    samples = table.samples(tested[0])
    for name in table.evaluations:
        for robust, pgd, square in zip(*families, strict=True):
            worst, with_gradients, without = (table.mean(name, column) for column in (robust, pgd, square))
            if worst.units:
                masked = "  MASKED" if _is_masked(worst, with_gradients, without, samples) else ""
                both = f"PGD {shown(with_gradients):<15}  search {shown(without):<15}"
                yield f"  {name:<24}{_head(table, robust):>14}  {both}  all {shown(worst):<15}{masked}"


def _is_masked(worst: Mean, with_gradients: Mean, without: Mean, samples: int) -> bool:
    """True if the random search breaks more samples than PGD, beyond chance.

    Only the accuracy under all attacks together is known, not that under these two. So samples that only a third attack
    breaks count on both sides, which can only make p larger.
    """
    missed_by_pgd, missed_by_search = (
        round(samples * (accuracy.value - worst.value)) for accuracy in (with_gradients, without)
    )
    return sign_test_p(missed_by_pgd, missed_by_search) < LEVEL
