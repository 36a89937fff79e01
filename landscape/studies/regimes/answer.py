"""The answer of databases with end points of training: the findings of each data set."""

from collections.abc import Sequence
from dataclasses import dataclass

from landscape.database.database import Database
from landscape.studies.regimes.curves import curve_hypotheses
from landscape.studies.regimes.findings import Contrast, RegimeFinding, contrasts, regime_findings
from landscape.studies.regimes.hypotheses import HYPOTHESES
from landscape.studies.regimes.table import Regimes, over_subsets, regimes_of
from landscape.studies.replicates import ARCHITECTURE, WholeSize, require_one_problem, shared_part


@dataclass(frozen=True, kw_only=True)
class RegimesAnswer:
    """The findings of a data set."""

    name: str
    table: Regimes
    shared: float  # part of the samples that two subsets have in common
    findings: tuple[RegimeFinding, ...]
    contrasts: tuple[Contrast, ...]
    unmeasured: dict[str, list[str]]  # by missing property: sentences of the hypotheses that lack only this


def regime_answers(databases: Sequence[Database], whole_size: WholeSize) -> list[RegimesAnswer]:
    """The answer of each data set; `whole_size` returns the number of samples from which subsets are drawn.

    Raises PropertyError if the databases of a data set do not have the same regimes, or if there are only 2 subsets.
    """
    tables: dict[str, list[Regimes]] = {}
    for db in databases:
        table = regimes_of(db)
        (problem,) = table.problems.values()
        tables.setdefault(str(problem["dataset"]), []).append(table)
    return [_answer(name, members, whole_size) for name, members in tables.items()]


def _answer(name: str, tables: Sequence[Regimes], whole_size: WholeSize) -> RegimesAnswer:
    problems = [problem for table in tables for problem in table.problems.values()]
    require_one_problem(name, problems, (*ARCHITECTURE, "l2", "test_fraction", "held_out"))
    table = over_subsets(tables) if len(tables) > 1 else tables[0]
    drawn = int(problems[0].get("subset") or table.training_samples + table.test_samples)  # both kinds are compared
    shared = shared_part(table.problems, drawn, whole_size) if len(tables) > 1 else 0.0
    hypotheses = [*HYPOTHESES, *curve_hypotheses(table)]
    findings = regime_findings(table, hypotheses, shared)
    unmeasured: dict[str, list[str]] = {}
    for one in hypotheses:
        if all(one.groups(table.settings)) and one.outcome.column(table) is None:
            unmeasured.setdefault(one.outcome.property, []).append(one.sentence)
    groups = {(one.first, one.second): one for one in findings}
    return RegimesAnswer(
        name=name,
        table=table,
        shared=shared,
        findings=tuple(findings),
        unmeasured=unmeasured,
        contrasts=tuple(row for one in groups.values() for row in contrasts(one, table, shared)),
    )
