"""A campaign from beginning to end, for the commands and `landscape.explore`."""

import inspect
from collections.abc import Mapping
from pathlib import Path

from landscape.campaign.campaign import Campaign, Ending
from landscape.campaign.context import Context, one_thread_per_task
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pairs.selection import require_strategies
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import BoxEnds, prepared_context, record_of, surface_context
from landscape.campaign.progress import Progress, Silent
from landscape.campaign.resumption import check_energy, open_or_create
from landscape.campaign.rounds.hopping import BasinHopping
from landscape.campaign.rounds.phase import MakePhase, rounds_done
from landscape.campaign.sequences import exploring
from landscape.campaign.surfaces.lengths import InUnitsOfLength
from landscape.campaign.surfaces.trials import why_none
from landscape.config.run_file import Settings
from landscape.database.database import Database, open_database
from landscape.database.store import Store
from landscape.errors import ConfigError, SearchError
from landscape.messages import did_you_mean
from landscape.problems.problem import Problem


def explore(
    problem: object,
    *,
    start: BoxEnds | None = None,
    bounds: BoxEnds | None = None,
    path: str | Path | None = None,
    walkers: int = 64,
    steps: int = 100,
    seed: int = 0,
    resume: bool = False,
    progress: Progress | None = None,
    **tables: Mapping[str, object],
) -> Database:
    """Map a landscape in this process: minima, transition states and, for a network, their properties.

    Args:
        problem: a `Problem`, or any object with `n_parameters` and
            `energy_and_gradient(theta[W, P]) -> (energy[W], gradient[W, P])`, as in
            `landscape.problems.surfaces.adapter`.
        start: for such an object, the box (low, high) in which walkers start: two numbers, or two for each parameter.
        bounds: for such an object, the box outside of which nothing is searched; walkers start in it without `start`.
        path: a file for the database; in memory without one.
        walkers: independent walks of basin-hopping.
        steps: steps of each walk.
        seed: seed of all random numbers.
        resume: continue the database at `path` if it exists.
        progress: observer of the rounds, for instance `landscape.campaign.progress.Console()`; none by default.
        tables: further settings by table of the run file, as in ``connect={"rounds": 50}``.

    Returns:
        The database. Ctrl-C ends the exploration early; the database then has all committed rounds.

    Raises:
        LandscapeError: an argument or a setting is unusable, `path` cannot be written or continued, the energy cannot
            be searched (it has no lower bound, its minima are valleys, its gradient is not its own), or no quench
            reached a minimum.
    """
    unknown = next((name for name in tables if name not in Settings.model_fields), None)
    if unknown is not None:
        known = [*inspect.signature(explore).parameters, *Settings.model_fields]
        raise ConfigError(f"explore: expected no argument {unknown!r}; {did_you_mean(unknown, known)}")
    hopping = {"walkers": walkers, "steps": steps, **tables.pop("basin_hopping", {})}
    run = {"seed": seed, **tables.pop("run", {})}
    settings = Settings.from_table({"basin_hopping": hopping, "run": run, **tables}, "explore")
    require_strategies(settings.connect.strategies, "explore")
    context = _context(problem, settings, start, bounds, path if resume else None)
    phases = exploring(context)
    store = open_or_create(path, record_of(context), resume=resume)
    pool = LocalPool(context.execute)
    try:
        with one_thread_per_task(), Interrupt() as interrupt:
            run_campaign(context, store, pool, progress or Silent(), interrupt, phases)
    finally:
        context.abandoned.set()
        pool.wait()  # a thread at work would disturb the end of the process
        if store.path is not None:
            store.close()
    return Database(store) if store.path is None else open_database(store.path)  # others may continue the file


def _context(
    problem: object, settings: Settings, start: BoxEnds | None, bounds: BoxEnds | None, continued: str | Path | None
) -> Context:
    """The context of a problem or a surface; `continued` is the file that may be continued."""
    if isinstance(problem, Problem):
        if bounds is not None:
            raise ConfigError("bounds: expected none for a network, whose energy grows far away; leave them out")
        return prepared_context(problem, settings, start)
    if continued is None or not Path(continued).exists():
        return surface_context(problem, settings, start, bounds)
    with open_database(continued) as db:
        return surface_context(problem, settings, start, bounds, db.problem_record)


def run_campaign(
    context: Context,
    store: Store,
    pool: Pool,
    progress: Progress,
    interrupt: Interrupt,
    phases: tuple[MakePhase, ...],
) -> Ending:
    """Run the phases to the end or until interrupted.

    Raises `DatabaseError` if the minima of the store belong to another energy, `SearchError` if no quench reached a
    minimum.
    """
    if context.frame.length_unit != 1.0:
        store = InUnitsOfLength(store, context.frame.length_unit)
    check_energy(context, store)
    ending = Campaign(context, store, pool, progress, phases).run(interrupt)
    tables = store.tables
    if ending is Ending.COMPLETE and rounds_done(tables, BasinHopping.kind) and not len(tables.minima):
        raise SearchError(f"expected minima, found that no quench reached one: {why_none(context)}")
    return ending
