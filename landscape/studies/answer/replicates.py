"""The landscapes of replicates, grouped by data set, and their combined findings.

A replicate is one set of samples with its landscapes: one, or one for each value of a key of the run file. The effects
of the landscapes of a replicate are averaged first. The replicate is the unit of inference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.statistics.random_effects import Combined, combined_correlations, replicate_means
from landscape.studies.answer.effects import ENDPOINTS, Effects, effects_of
from landscape.studies.answer.minima import LEAST_MINIMA, MEASURES, NEEDED, MeasuredMinima, common_epsilon
from landscape.studies.answer.secondary import SecondaryFinding, secondary_effects, secondary_findings
from landscape.studies.completeness.criteria import Criteria
from landscape.studies.completeness.goal import Goal
from landscape.studies.replicates import (
    Problem,
    WholeSize,
    replicate_of,
    require_one_problem,
    shared_part,
    stored_problem,
)
from landscape.studies.words import CORRELATION, LEAST_REPLICATES, words_for

LEAST_DATA_SETS = 3  # fewest data sets that are combined
PLATEAU = 0.05  # largest change of the mean correlation while the second half of the minima is found


@dataclass(frozen=True, kw_only=True)
class Landscape:
    """One landscape: its name and replicate, the minima that the search was asked for (all, or those of lowest energy),
    and whether it was complete.
    """

    name: str
    problem: Problem
    replicate: str
    size: int  # training samples
    minima: MeasuredMinima
    is_complete: bool
    secondary: Mapping[tuple[str, str], float]  # oriented correlations of all other pairs of columns

    @classmethod
    def of(cls, db: Database) -> "Landscape":
        """The landscape of a database. Raises PropertyError for a regression and for unmeasured minima."""
        record, name = db.problem_record, str(db.path)
        problem = stored_problem(record, name)
        if record.targets is not None and record.targets.ndim > 1:
            raise PropertyError(
                f"{name}: expected classes, found a regression, which has no robust accuracy: leave it out"
            )
        sampled = len(db.sampled_quenches) and not {*db.properties("minima")} >= NEEDED
        goal = Goal.stored(record, name)
        asked = goal.rows(db.minima.energy)
        try:
            minima = MeasuredMinima.of_sample(db) if sampled else MeasuredMinima.of(db, asked)
        except PropertyError as error:
            raise PropertyError(f"{name}: {error}") from error
        return cls(
            name=db.path.stem if db.path else "in memory",
            problem=problem,
            replicate=replicate_of(problem, record.sha256),
            size=len(record.inputs) if record.inputs is not None else 0,
            minima=minima,
            is_complete=not sampled and Criteria.of(db, goal, record.energy_tolerance).all_hold,
            secondary={} if sampled else secondary_effects(db, asked),
        )

    @property
    def is_sample(self) -> bool:
        """True if the minima are those of independent quenches."""
        return self.minima.visits is not None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The finding of the replicates of a data set on one endpoint, on the scale of correlations."""

    direction: str
    robustness: str
    total: Combined
    given_accuracy: Combined
    moved: float  # mean correlation of all minima less that of the first half found
    words: str
    words_given_accuracy: str

    @property
    def is_steady(self) -> bool:
        """True if the mean correlation hardly changed while the second half of the minima was found."""
        return abs(self.moved) < PLATEAU


@dataclass(frozen=True, kw_only=True)
class DataSetAnswer:
    """The answer of a data set: its landscapes with their effects, and a finding for each endpoint."""

    name: str
    landscapes: tuple[Landscape, ...]
    effects: tuple[Effects, ...]
    replicates: int
    shared: float
    as_met: bool  # true if minima of samples count as often as quenches met them
    epsilon: float
    missing: tuple[str, ...]  # reasons why there are no words on any endpoint
    findings: tuple[Finding, ...]
    secondary: tuple[SecondaryFinding, ...]

    def has_words(self, place: int) -> bool:
        """True if the data suffice for words on the endpoint at this place, whatever its interval is."""
        finding = self.findings[place]
        enough = finding.total.replicates >= LEAST_REPLICATES
        return not self.missing and enough and finding.is_steady

    @property
    def complete(self) -> int:
        """Number of landscapes whose search was complete."""
        return sum(one.is_complete for one in self.landscapes)

    @property
    def sampled(self) -> int:
        """Number of landscapes that were sampled by independent quenches."""
        return sum(one.is_sample for one in self.landscapes)


def answers(landscapes: Sequence[Landscape], whole_size: WholeSize) -> list[DataSetAnswer]:
    """The answer of each data set; `whole_size` returns the number of samples from which replicates are drawn.

    Raises PropertyError if the landscapes of a data set cannot be compared, or if there are fewer than 3 replicates.
    """
    names = dict.fromkeys(str(one.problem["dataset"]) for one in landscapes)
    own = {name: [one for one in landscapes if str(one.problem["dataset"]) == name] for name in names}
    return [_answer(name, members, whole_size) for name, members in own.items()]


def across(found: Sequence[DataSetAnswer]) -> tuple[Finding, ...]:
    """The combined findings of data sets, each counting once: one for each endpoint for which at least 3 data sets have
    enough data.
    """
    known = [[one.findings[place] for one in found if one.has_words(place)] for place in range(len(ENDPOINTS))]
    return tuple(_across(findings) for findings in known if len(findings) >= LEAST_DATA_SETS)


def _across(findings: Sequence[Finding]) -> Finding:
    place = np.arange(len(findings))
    means = [np.array([getattr(one, name).mean for one in findings]) for name in ("total", "given_accuracy")]
    total, given = (combined_correlations(replicate_means(mean, place)) for mean in means)
    return Finding(
        direction=findings[0].direction,
        robustness=findings[0].robustness,
        total=total,
        given_accuracy=given,
        moved=float(np.mean([one.moved for one in findings])),
        words=words_for(total, CORRELATION, missing=False, least=LEAST_DATA_SETS),
        words_given_accuracy=words_for(given, CORRELATION, missing=False, least=LEAST_DATA_SETS),
    )


def _files(landscapes: Sequence[Landscape]) -> str:
    """The names of the first landscapes."""
    names = [one.name for one in landscapes]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _answer(name: str, landscapes: list[Landscape], whole_size: WholeSize) -> DataSetAnswer:
    require_one_problem(name, [one.problem for one in landscapes])
    replicates = list(dict.fromkeys(one.replicate for one in landscapes))
    if len(replicates) < 3:
        raise PropertyError(
            f"{_files(landscapes)}, of the data set {name}: expected at least 3 replicates, and {LEAST_REPLICATES} for "
            f"words, found {len(replicates)} set"
            f"{'s' * (len(replicates) > 1)} of samples: "
            "search more with 'landscape study --replicates'"
        )
    epsilon = common_epsilon([one.minima for one in landscapes])
    if 0 < sum(one.is_sample for one in landscapes) < len(landscapes):
        raise PropertyError(f"{name}: expected searches or samples, found both: answer for them apart")
    as_met = any(one.minima.is_sparse for one in landscapes)
    effects = [effects_of(one.minima, epsilon, as_met=as_met) for one in landscapes]
    shared = shared_part({one.replicate: one.problem for one in landscapes}, landscapes[0].size, whole_size)
    place = np.array([replicates.index(one.replicate) for one in landscapes])
    missing, chosen = tuple(_missing(landscapes, len(replicates))), landscapes[0].minima.epsilon[epsilon]
    findings = tuple(_finding(endpoint, effects, place, shared, missing=bool(missing)) for endpoint in ENDPOINTS)
    steady = {MEASURES[one.direction] for one in findings if one.is_steady and not missing}
    return DataSetAnswer(
        name=name,
        landscapes=tuple(landscapes),
        effects=tuple(effects),
        replicates=len(replicates),
        shared=shared,
        as_met=as_met,
        epsilon=chosen,
        missing=missing,
        findings=findings,
        secondary=secondary_findings(
            [one.secondary for one in landscapes],
            place,
            shared,
            epsilon=chosen,
            steady=steady,
            missing=bool(missing),
        ),
    )


def _missing(landscapes: Sequence[Landscape], replicates: int) -> Iterator[str]:
    listed = [one for one in landscapes if not one.is_sample]
    complete = sum(one.is_complete for one in listed)
    small = sum(len(one.minima) < LEAST_MINIMA for one in landscapes)
    if replicates < LEAST_REPLICATES:
        yield f"{replicates} replicates, at least {LEAST_REPLICATES} are needed"
    if complete < len(listed):
        yield f"{complete} of {len(listed)} landscapes complete, all are needed"
    if small:
        yield f"{small} landscapes have fewer than {LEAST_MINIMA} distinct minima, and so no correlation"


def _finding(
    endpoint: tuple[str, str], effects: Sequence[Effects], place: np.ndarray, shared: float, *, missing: bool
) -> Finding:
    values = {
        name: np.array([getattr(one, name)[endpoint] for one in effects])
        for name in ("total", "given_accuracy", "first_half")
    }
    total, given = (
        combined_correlations(replicate_means(values[name], place), shared) for name in ("total", "given_accuracy")
    )
    moved = values["total"] - values["first_half"]
    moved = float(moved[np.isfinite(moved)].mean()) if np.isfinite(moved).any() else float("nan")
    missing = missing or not abs(moved) < PLATEAU
    return Finding(
        direction=endpoint[0],
        robustness=endpoint[1],
        total=total,
        given_accuracy=given,
        moved=moved,
        words=words_for(total, CORRELATION, missing=missing),
        words_given_accuracy=words_for(given, CORRELATION, missing=missing),
    )
