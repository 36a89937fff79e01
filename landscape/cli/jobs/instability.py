"""The work of `landscape instability`."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from landscape.campaign.context import one_thread_per_task
from landscape.campaign.preparation import stored_context
from landscape.cli.jobs.stable_networks import constructed, has_stable_network
from landscape.config.tables import ProblemConfig
from landscape.database.database import Database, open_database
from landscape.problems.problem import whole_size
from landscape.studies.answer.replicates import DataSetAnswer, Landscape, answers
from landscape.studies.instability.checks import faults, number_checked
from landscape.studies.instability.controls import controls
from landscape.studies.instability.crossover import crossovers
from landscape.studies.instability.landscapes import StripesLandscape
from landscape.studies.instability.tables import landscapes_csv, networks_csv, summary
from landscape.studies.instability.verdicts import Verdict, verdicts
from landscape.studies.replicates import Problem

LEAST_REPLICATES = 3


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Everything that the command tells and writes."""

    members: Sequence[StripesLandscape]
    faults: tuple[str, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def networks(self) -> str:
        """The table of all networks."""
        return networks_csv(self.members)

    @property
    def landscapes(self) -> str:
        """The table of all landscapes."""
        return landscapes_csv(self.members)

    def lines(self) -> Iterator[str]:
        """The lines of the command."""
        yield from summary(self.members)
        yield ""
        for one, gaps, low, high in crossovers(self.members):
            yield (
                f"K = {one.options.K}, {one.units} {one.problem['activation']} units, l2 = {one.problem['l2']:g}: "
                f"{_told(low, high)} ({len(gaps)} deltas)"
            )
        yield from controls(self.members)
        yield f"theorems: {sum(map(number_checked, self.members))} networks checked, {len(self.faults)} faults"
        yield from self.faults
        yield ""
        yield from (one.line for one in self.verdicts)


def _told(low: float, high: float) -> str:
    """The crossover in words."""
    if high == float("inf"):
        return f"the lowest accurate minimum has no sample unstable at delta up to delta = {low:g}"
    start = f"between delta = {low:g} and {high:g}" if low else f"below delta = {high:g}"
    return f"samples unstable at delta begin in the lowest accurate minimum {start}"


def judged(files: Sequence[Path]) -> Judged:
    """The judgement of databases. Raises `LandscapeError` if one of them holds no measured landscape of `f_a`."""
    members: list[StripesLandscape] = []
    replicates: dict[object, list[Path]] = defaultdict(list)
    for file in files:
        with open_database(file) as db:
            one = StripesLandscape.of(db)
            members.append(_with_constructed(one, db))
            if (
                one.options.is_drawn and len(one.minima) and one.problem["activation"] != "relu"
            ):  # which has no flatness
                replicates[one.kind, one.options.delta].append(file)
    return Judged(
        members=members,
        faults=tuple(line for one in members for line in faults(one)),
        verdicts=tuple(verdicts(members, list(_answers(replicates.values())))),
    )


def _answers(groups: Iterable[list[Path]]) -> Iterator[DataSetAnswer]:
    """The answers of files that are enough replicates of one landscape."""
    for files in groups:
        if len(files) >= LEAST_REPLICATES:
            landscapes = [_replicate(file) for file in files]
            if len({one.replicate for one in landscapes}) >= LEAST_REPLICATES:
                yield from answers(landscapes, _whole_size)


def _replicate(file: Path) -> Landscape:
    with open_database(file) as db:
        return Landscape.of(db)


def _with_constructed(one: StripesLandscape, db: Database) -> StripesLandscape:
    """The landscape with the stable network, where its network can hold one."""
    context = stored_context(db.problem_record, "cpu", source=str(db.path))
    problem = context.require_problem()
    if not has_stable_network(problem) or not len(one.minima):
        return one
    with one_thread_per_task():
        first, last = constructed(problem, context.quench)
    return replace(one, constructed=first, quenched=last)


def _whole_size(table: Problem) -> float:
    return whole_size(ProblemConfig.from_table(dict(table)))
