"""What rank 0 does for the commands that explore or measure: a store, a campaign on it, an ending in words."""

from pathlib import Path

import click

from landscape.campaign.campaign import Ending
from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import STOPPED, complain
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import record_of, resolve_device, stored_context
from landscape.campaign.progress import Console
from landscape.campaign.resumption import open_or_create
from landscape.campaign.rounds.phase import MakePhase
from landscape.campaign.sequences import ALL_PHASES
from landscape.campaign.session import run_campaign
from landscape.database.database import Database
from landscape.database.store import Store, open_store
from landscape.errors import PropertyError
from landscape.messages import listed
from landscape.problems.activations import SMOOTH
from landscape.problems.energies.compiled import compiled_before
from landscape.problems.problem import Problem
from landscape.studies.overview import overview

KINKS = (
    "landscape: found {}: only minima off the kinks, where the gradient vanishes, are found, and no transition states; "
    f"{listed(SMOOTH)} without adversarial_weight have whole landscapes"
)
FIRST_USE = "landscape: compiles its energies and searches for this machine, once; that takes about half a minute"


POINTS = {
    "minima": "expected minima to measure, found none yet: find some with 'landscape run'",
    "training": "expected end points of training, found none yet: train with 'landscape train'",
}


def stored(file: Path, local: int, changed: dict[str, object] | None = None, *, of: str = "minima") -> Context:
    """The context of a database, which must have the points `of` which are to be measured, if any are."""
    with Database(open_store(file)) as db:
        if changed is not None and not len(getattr(db, of)):
            raise PropertyError(f"{file}: {POINTS[of]}")
        return stored_context(db.problem_record, resolve_device("auto", local), changed, str(file))


def explored(context: Context, path: Path, pool: Pool, interrupt: Interrupt, *, resume: bool, remedy: str) -> int:
    """Explores a landscape; the exit status."""
    store = open_or_create(path, record_of(context.objective, context.settings), resume=resume)
    if isinstance(context.objective, Problem) and context.objective.kinks:
        click.echo(KINKS.format(context.objective.kinks), err=True)
    if not compiled_before():
        click.echo(FIRST_USE, err=True)
    return campaign(context, store, pool, interrupt, ALL_PHASES, remedy)


def campaign(
    context: Context,
    store: Store,
    pool: Pool,
    interrupt: Interrupt,
    phases: tuple[MakePhase, ...],
    remedy: str,
) -> int:
    """Runs the phases on a store, which is closed then; the exit status. `remedy` says how to continue if stopped."""
    if store.n_rounds:
        click.echo(f"{store.path}: continuing after {store.n_rounds} committed rounds", err=True)
    try:
        ending = run_campaign(context, store, pool, Console(), interrupt, phases)
        if ending is not Ending.COMPLETE:
            lost = ", all but the open round" if ending is Ending.GIVEN_UP else ""
            complain(f"stopped early ({interrupt.reason}), everything committed to {store.path}{lost}; {remedy}")
            return STOPPED
        return 0
    finally:
        store.close()


def show_overview(path: Path) -> int:
    """Prints what a database holds; the exit status."""
    with Database(open_store(path)) as db:
        click.echo(overview(db, 5))
    return 0
