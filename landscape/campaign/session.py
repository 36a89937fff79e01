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
from landscape.campaign.preparation import StartBox, prepared_context, record_of
from landscape.campaign.progress import Progress, Silent
from landscape.campaign.resumption import check_energy, open_or_create
from landscape.campaign.rounds.phase import MakePhase
from landscape.campaign.sequences import exploring
from landscape.config.run_file import Settings
from landscape.database.database import Database, open_database
from landscape.database.store import Store
from landscape.errors import ConfigError
from landscape.messages import did_you_mean
from landscape.problems.surfaces.adapter import as_objective


def explore(
    problem: object,
    *,
    start: StartBox | None = None,
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
        LandscapeError: an argument or a setting is unusable, or `path` cannot be written or continued.
    """
    unknown = next((name for name in tables if name not in Settings.model_fields), None)
    if unknown is not None:
        known = [*inspect.signature(explore).parameters, *Settings.model_fields]
        raise ConfigError(f"explore: expected no argument {unknown!r}; {did_you_mean(unknown, known)}")
    hopping = {"walkers": walkers, "steps": steps, **tables.pop("basin_hopping", {})}
    run = {"seed": seed, **tables.pop("run", {})}
    settings = Settings.from_table({"basin_hopping": hopping, "run": run, **tables}, "explore")
    require_strategies(settings.connect.strategies, "explore")
    objective = as_objective(problem)
    context = prepared_context(objective, settings, start)
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


def run_campaign(
    context: Context,
    store: Store,
    pool: Pool,
    progress: Progress,
    interrupt: Interrupt,
    phases: tuple[MakePhase, ...],
) -> Ending:
    """Run the phases to the end or until interrupted.

    Raises `DatabaseError` if the minima of the store belong to another energy.
    """
    check_energy(context, store)
    return Campaign(context, store, pool, progress, phases).run(interrupt)
