"""The overview of a database as text, shown by `landscape info` and at the end of every run."""

import math

import numpy as np

from landscape.config.tables import ProblemConfig
from landscape.database.database import Database
from landscape.database.lazy import known
from landscape.database.records import ROUND_KINDS
from landscape.database.trained_points import HISTORY_COLUMNS
from landscape.graph.depth import component_fraction
from landscape.messages import counted, listed, toml_value
from landscape.problems.networks.origin import Origin
from landscape.statistics.copies import copies_text
from landscape.statistics.coverage import coverage
from landscape.studies.completeness.channels import Channels
from landscape.studies.completeness.criteria import Criteria
from landscape.studies.completeness.goal import Goal
from landscape.studies.samples.report import sampled_report

LAST_COMMITS = 5
MOST_CRITICAL = 4
ALWAYS = "theta = 0     a minimum at every l2"
MOST_STATES = 200_000  # transition states; the merges of more take too long to compute
LEFT_BOX = "left_box"
LOWEST = "the lowest minima; hits are quenches that ended there, copies its images under the symmetry of the network"


def overview(db: Database, lowest: int, goal: Goal | None = None) -> str:
    """Counts, coverage, completeness, the `lowest` minima, samples and the last commits of a database.

    Completeness is judged by the `goal`, by default the goal of the run file with which the database was made.
    """
    trained = ["", *trained_lines(db)] if len(db.training) else []
    sampled = ["", *sampled_report(db)] if len(db.sampled_quenches) else []
    found = [
        *_counts(db),
        *_quenches(db),
        *_completeness(db, goal or Goal.stored(db.problem_record, str(db.path))),
        "",
        *_lowest(db, lowest),
    ]
    return "\n".join([*found, *sampled, *trained, "", *_commits(db)])


def trained_lines(db: Database) -> list[str]:
    """Means over the networks of each regime of training; accuracies are those at the end of training."""
    points = db.training
    last = np.isfinite(points.history[:, :, 0]).sum(axis=1) - 1
    ends = points.history[np.arange(len(points)), last]
    lines = [f"{'regime':<24} {'networks':>8} {'epochs':>7} {'gradients':>11} {'training':>9} {'test accuracy':>13}"]
    for code, name in enumerate(db.regimes):
        own = points.regime == code
        if not own.any():
            continue
        training, test = (ends[own, HISTORY_COLUMNS.index(f"{part}_accuracy")].mean() for part in ("training", "test"))
        lines.append(
            f"{name:<24} {own.sum():>8} {known(points.epochs[own]).mean():>7.1f} "
            f"{known(points.gradient_evaluations[own]).mean():>11.0f} {training:>9.4f} {test:>13.4f}"
        )
    return lines


def _counts(db: Database) -> list[str]:
    minima, states = db.minima, db.transition_states
    degenerate = int((states.minima[:, 0] == states.minima[:, 1]).sum())
    lines = [
        f"database      {db.path or 'in memory'}, created {db.header.created}",
        f"energy        {_energy(db)}",
        f"parameters    {db.problem_record.n_parameters}",
        *_origin(db),
        f"index test    {db.problem_record.index_test}, by which minima and transition states are told apart",
        f"minima        {len(minima)}, all different: copies by symmetry count as one",
        f"transition    {counted(len(states), 'state')}, {degenerate} degenerate: joining copies of a minimum",
        f"attempts      {counted(len(db.attempts), 'search', 'searches')} for transition states",
    ]
    if len(db.saddles):
        found = zip(*np.unique(db.saddles.index, return_counts=True), strict=True)
        lines.append(f"saddles       {', '.join(f'{number} of index {index}' for index, number in found)}")
    if left := int(np.nansum(known(db.rounds.left))) + int((db.attempts.outcome == LEFT_BOX).sum()):
        lines.append(f"left the box  {left} quenches and searches, which found nothing")
    return lines


def _energy(db: Database) -> str:
    """The data, the network and the l2 of a database, or a word on an energy of a user's own."""
    table = db.problem_record.tables(str(db.path)).get("problem", {})
    if "dataset" not in table:
        return "of your own"
    told = [f"{key} = {toml_value(table[key])}" for key in ("hidden", "activation", "loss", "l2") if key in table]
    return ", ".join([table["dataset"], *told])


def _origin(db: Database) -> list[str]:
    """A line on the values of l2 at which theta = 0 changes its index; none where they are not known."""
    record = db.problem_record
    table = record.tables(str(db.path)).get("problem", {})
    if "dataset" not in table or record.inputs is None or record.targets is None:
        return []
    origin = Origin.of(ProblemConfig.from_table(table, str(db.path)), record.inputs, record.targets)
    if origin is None:
        return []
    largest, *others = [f"{value:.6g}" for value in origin.critical_l2()] or [""]
    shown = [*others[:MOST_CRITICAL], *([f"{len(others) - MOST_CRITICAL} more"] if others[MOST_CRITICAL:] else [])]
    rest = f" and at {listed(shown)}" if others else ""
    return [f"theta = 0     a minimum above l2 = {largest}; its index changes there{rest}" if largest else ALWAYS]


def _quenches(db: Database) -> list[str]:
    """Lines on the coverage by basin-hopping, from the hits of the minima."""
    found = coverage(db.minima.hits)
    if not found.quenches:
        return ["hopping       no quenches yet"]
    met = f"{found.observed} of the minima met" if found.observed < len(db.minima) else "all of the minima met"
    interval = f"95 % interval {found.chao1_low:.1f} to {found.chao1_high:.1f}"
    return [
        f"hopping       {met} in {counted(found.quenches, 'quench', 'quenches')}, {found.singletons} of them once",
        f"              a further quench meets a new one with probability {found.unseen_mass:.2g} (Good-Turing)",
        f"              estimate of all that hopping can meet {found.chao1:.1f}, {interval} (Chao1; often too low)",
    ]


def _completeness(db: Database, goal: Goal) -> list[str]:
    """Lines on the completeness of the wanted minima: the criteria, and the estimates of the two channels."""
    record, minima, states = db.problem_record, db.minima, db.transition_states
    target = goal.rows(minima.energy)
    if not len(target):
        return []
    if len(states) > MOST_STATES:
        share = component_fraction(minima.energy, states.energy, states.minima)
        lines = [
            f"connected     {share:.1%} of the minima with the lowest one; too many states for more to be computed"
        ]
        return [*lines, "", *Channels.of(db).take(target).table()]
    wanted = "minima" if len(target) == len(minima) else f"{len(target)} lowest minima"
    criteria = Criteria.of(db, goal, record.energy_tolerance)
    return ["", *criteria.lines(wanted), "", *criteria.channels.table()]


def _lowest(db: Database, count: int) -> list[str]:
    minima = db.minima
    if not count:
        return []
    lines = [LOWEST, f"{'row':>6} {'energy':>16} {'hits':>8} {'lowest eigenvalue':>18} {'copies':>10}"]
    lines += [
        f"{row:>6} {minima.energy[row]:>16.10f} {minima.hits[row]:>8} "
        f"{minima.lowest_eigenvalue[row]:>18.6g} {copies_text(minima.log_orbit_size[row], digits=4):>10}"
        for row in np.argsort(minima.energy, kind="stable")[:count]
    ]
    return lines


def _commits(db: Database) -> list[str]:
    """A heading, the meaning of the kinds, and a line on each of the last rounds."""
    rounds = db.rounds
    tasks, evaluations, minima, states = map(
        known, (rounds.tasks, rounds.evaluations, rounds.new_minima, rounds.new_transition_states)
    )
    rows = range(max(0, len(rounds) - LAST_COMMITS), len(rounds))
    kinds = dict.fromkeys(rounds.kind[rows.start :].tolist())
    return [
        "the last rounds",
        *(f"  {kind}: {ROUND_KINDS.get(kind, 'a kind of a newer version')}" for kind in kinds),
        f"{'round':>6} {'kind':<14} {'tasks':>6} {'evaluations':>12} {'seconds':>9} {'minima':>7} {'ts':>5}",
        *(
            f"{row:>6} {rounds.kind[row]:<14} {tasks[row]:>6.0f} {evaluations[row]:>12.0f} {rounds.seconds[row]:>9.2f} "
            f"{_added(minima[row]):>7} {_added(states[row]):>5}"
            for row in rows
        ),
    ]


def _added(count: float) -> str:
    """A number of new points with its sign, or nan if unknown."""
    return "nan" if math.isnan(count) else f"{count:+.0f}"
