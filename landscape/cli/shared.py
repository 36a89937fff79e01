"""Steps that several commands share: contexts, campaigns and messages."""

from pathlib import Path

import click

from landscape.campaign.campaign import Ending
from landscape.campaign.context import Context
from landscape.campaign.exits import STOPPED, report_error
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import record_of, resolve_device, stored_context
from landscape.campaign.progress import Console
from landscape.campaign.resumption import FIXED, FIXED_FOR_SAMPLE, open_or_create
from landscape.campaign.rounds.phase import MakePhase
from landscape.campaign.sequences import exploring, exploring_sample
from landscape.campaign.session import run_campaign
from landscape.database.database import open_database
from landscape.database.store import Store
from landscape.errors import PropertyError
from landscape.messages import listed
from landscape.problems.activations import SMOOTH
from landscape.problems.energies.compiled import compiled_before
from landscape.studies.completeness.goal import Goal
from landscape.studies.overview import overview

KINKS = (
    "landscape: found {}: only minima off the kinks, where the gradient vanishes, are found, and no transition states; "
    f"{listed(SMOOTH)} without adversarial_weight have whole landscapes"
)
ONE_MINIMUM = (
    "landscape: found l2 = {:g}: above {:.6g} theta = 0 is a minimum, and often the only one, so that there may be "
    "nothing to map; a smaller l2 has more"
)
FIRST_USE = "landscape: compiles its energies and searches for this machine, once; that takes up to a minute"
POINTS = {
    "minima": "expected minima to measure, found none yet: find some with 'landscape run'",
    "training": "expected end points of training, found none yet: train with 'landscape train'",
    "sampled_quenches": "expected sampled quenches, found none yet: sample with 'landscape sample'",
}


def database_context(
    file: Path, local: int, changed: dict[str, object] | None = None, *, of: str = "minima"
) -> Context:
    """The context of a database on the rank `local` of its node.

    `changed` are keys of the [measure] table for measurements; if given, the database must have rows in the table `of`.
    """
    with open_database(file) as db:
        if changed is not None and not len(getattr(db, of)):
            raise PropertyError(f"{file}: {POINTS[of]}")
        return stored_context(db.problem_record, resolve_device("auto", local), changed, str(file))


def run_exploration(
    context: Context,
    path: Path,
    pool: Pool,
    interrupt: Interrupt,
    *,
    resume: bool,
    remedy: str,
    sampled: bool = False,
) -> int:
    """Explore the landscape of a problem, or sample it; returns the exit status.

    `remedy` says how to continue after a stop.
    """
    phases = exploring_sample(context) if sampled else exploring(context)
    fixed = FIXED_FOR_SAMPLE if sampled else FIXED
    store = open_or_create(path, record_of(context), resume=resume, fixed=fixed)
    if kinks := context.require_problem().kinks:
        click.echo(KINKS.format(kinks), err=True)
    if (largest := _largest_critical_l2(context)) and context.require_problem().l2 > largest:
        click.echo(ONE_MINIMUM.format(context.require_problem().l2, largest), err=True)
    if not compiled_before():
        click.echo(FIRST_USE, err=True)
    return run_phases(context, store, pool, interrupt, phases, remedy)


def run_phases(
    context: Context,
    store: Store,
    pool: Pool,
    interrupt: Interrupt,
    phases: tuple[MakePhase, ...],
    remedy: str,
) -> int:
    """Run phases on a store and close it; returns the exit status. `remedy` says how to continue after a stop."""
    if store.n_rounds:
        click.echo(f"{store.path}: continuing after {store.n_rounds} committed rounds", err=True)
    try:
        ending = run_campaign(context, store, pool, Console(), interrupt, phases)
        if ending is not Ending.COMPLETE:
            lost = ", all but the open round" if ending is Ending.GIVEN_UP else ""
            kept = f"everything committed to {store.path}{lost}{_unmeasured(store)}"
            report_error(f"stopped early ({interrupt.reason}), {kept}; {remedy}")
            return STOPPED
        return 0
    finally:
        store.close()


def _largest_critical_l2(context: Context) -> float:
    """The largest l2 at which the index of theta = 0 changes; 0 if there is none or no closed form."""
    origin = context.require_problem().origin
    return max(origin.critical_l2(), default=0.0) if origin is not None else 0.0


def _unmeasured(store: Store) -> str:
    """A clause for a message if minima were found but none was measured; otherwise empty."""
    measured = store.tables.properties["minima"]
    return ", minima not measured yet" if len(store.tables.minima) and not measured else ""


def show_overview(path: Path, goal: Goal | None = None) -> int:
    """Print an overview of a database, judged by the goal of a run or the stored one; returns the exit status."""
    with open_database(path) as db:
        click.echo(overview(db, 5, goal))
    return 0
