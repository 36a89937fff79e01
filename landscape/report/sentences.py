"""The three sentences of a page: the landscape that was mapped, the completeness of the search, and the answer."""

from typing import Any

import numpy as np

from landscape.database.database import Database
from landscape.messages import floored, listed, number_text
from landscape.report.data import PageData
from landscape.studies.completeness.criteria import Criteria
from landscape.studies.completeness.goal import Goal
from landscape.studies.findings import HYPOTHESES, Findings
from landscape.studies.hypotheses import Hypothesis
from landscape.studies.overview import MOST_STATES

MINUS = "\N{MINUS SIGN}"
QUOTED = "\N{LEFT DOUBLE QUOTATION MARK}{}\N{RIGHT DOUBLE QUOTATION MARK}"


def title_of(db: Database) -> str:
    """The heading: data set and network, or the file of an energy of the user's own."""
    problem = _problem(db)
    if not problem:
        return f"Landscape of {db.path.stem if db.path else 'an energy'}"
    return f"Landscape of {_network(problem)} on {problem.get('dataset', 'data of its own')}"


def mapped(db: Database, data: PageData) -> str:
    """The sentence on the landscape and the numbers of its points."""
    record, problem = db.problem_record, _problem(db)
    degenerate = int(np.sum(data.ts_minima[:, 0] == data.ts_minima[:, 1]))
    of = "an energy" if not problem else f"{_network(problem)} with weight l2 = {number_text(problem['l2'])}"
    of_set = f" of {problem['dataset']}" if problem else ""
    samples = "" if record.inputs is None else f" on {len(record.inputs)} samples{of_set}"
    return (
        f"This page maps the loss landscape of {of}{samples} ({record.n_parameters} parameters): {len(data.row)} "
        f"minima and {len(data.ts_energy)} transition states are known, {degenerate} of them degenerate rearrangements."
    )


def complete(db: Database) -> str:
    """The sentence on the criteria by which the search is judged."""
    if len(db.transition_states) > MOST_STATES:
        return "There are too many transition states to judge here how complete the search is."
    goal = Goal.stored(db.problem_record, str(db.path))
    found = Criteria.of(db, goal, db.problem_record.energy_tolerance)
    wanted = "minima" if len(found.target) == len(db.minima) else f"{len(found.target)} lowest minima"
    checks = {
        "these minima are connected with the lowest one": found.is_connected,
        "two ways of finding minima agree that hardly any is missing": found.minima_are_known,
        "barriers stopped falling as the effort doubled": found.barriers_have_converged,
    }
    if found.all_hold:
        return f"The search for the {wanted} is complete by its own criteria: {listed(list(checks))}."
    failing = [QUOTED.format(name) for name, holds in checks.items() if not holds]
    verb = "does" if len(failing) == 1 else "do"
    return (
        f"The search for the {wanted} is not complete by its own criteria ({floored(found.connected)} % of them are "
        f"connected with the lowest one): {listed(failing)} {verb} not hold, so barriers are upper bounds."
    )


def answer(data: PageData) -> str:
    """The sentence on robustness: correlations that describe this landscape."""
    if data.findings is None:
        return f"Whether deeper or flatter minima are more robust cannot be asked of it yet. {data.refusal}"
    ranges = listed([_range(data.findings, one) for one in HYPOTHESES])
    return f"One landscape allows no inference, its correlations only describe it: positive if in favour, {ranges}."


def _range(findings: Findings, hypothesis: Hypothesis) -> str:
    rows = [row for row in findings.table if row.measure in hypothesis.measures]
    values = np.array([findings.sign(hypothesis, row) * row.spearman for row in rows])
    known = values[np.isfinite(values)]
    if not len(known):
        return f"those for {QUOTED.format(hypothesis.sentence)} are undefined"
    low, median, high = (f"{value:+.2f}".replace("-", MINUS) for value in np.quantile(known, [0.0, 0.5, 1.0]))
    return (
        f"those for {QUOTED.format(hypothesis.sentence)} have the median {median} "
        f"(from {low} to {high} over {len(known)} pairs)"
    )


def _problem(db: Database) -> dict[str, Any]:
    """The [problem] table; empty for an energy of the user's own."""
    found: dict[str, Any] = db.problem_record.tables(str(db.path)).get("problem", {})
    return found


def _network(problem: dict[str, Any]) -> str:
    """A few words on the network of a [problem] table."""
    hidden = problem.get("hidden", [])
    if "hidden" in problem and not hidden and not problem.get("convolution"):
        return "a network without hidden units"
    units = "-".join(map(str, hidden))
    return f"a {problem.get('activation', 'tanh')} network with {units} hidden units" if hidden else "a network"
