"""A campaign from beginning to end, for the commands and `landscape.explore`."""

import inspect
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal

from landscape.campaign.campaign import Campaign, Ending
from landscape.campaign.context import Context, one_thread_per_task
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pairs.selection import require_strategies
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import (
    BoxEnds,
    given_context,
    prepared_context,
    record_of,
    stored_context,
    surface_context,
)
from landscape.campaign.progress import Progress, shown
from landscape.campaign.resumption import check_energy, open_or_create
from landscape.campaign.rounds.hopping import BasinHopping
from landscape.campaign.rounds.phase import MakePhase, rounds_done
from landscape.campaign.sequences import exploring, measuring, replacements
from landscape.campaign.surfaces.lengths import in_units_of_length
from landscape.campaign.surfaces.trials import why_none
from landscape.campaign.verification.contents import content_faults
from landscape.campaign.verification.properties import AMOUNTS, Amount, remeasured
from landscape.campaign.verification.verify import verify as verify_points
from landscape.config.run_file import Settings
from landscape.database.database import Database, open_database
from landscape.database.store import Store, open_store
from landscape.errors import ConfigError, LandscapeWarning, PropertyError, SearchError
from landscape.messages import did_you_mean, listed
from landscape.problems.networks.symmetry import NoSymmetry
from landscape.problems.problem import Problem

COPIES = (
    "explore: the symmetry of this module is not known, so each minimum is found as many times as it has copies: write "
    "a dense or convolutional network as a torch.nn.Sequential, whose symmetry is known"
)
INTERRUPTS = ("raise", "return")


def explore(  # noqa: PLR0913 - a public call with one keyword a setting
    problem: object,
    *,
    start: BoxEnds | None = None,
    bounds: BoxEnds | None = None,
    path: str | Path | None = None,
    walkers: int = 64,
    steps: int = 100,
    seed: int = 0,
    resume: bool = False,
    progress: bool | Progress = True,
    on_interrupt: Literal["raise", "return"] = "raise",
    **tables: Mapping[str, object],
) -> Database:
    """Map a landscape in this process: minima, transition states and, for a network, their properties.

    Args:
        problem: a `Problem`, or any object with `n_parameters` and
            `energy_and_gradient(theta[W, P]) -> (energy[W], gradient[W, P])`, as in
            `landscape.problems.surfaces.adapter`.
        start: for such an object, the box (low, high) in which walkers start: two numbers, or two for each parameter.
        bounds: for such an object, the box outside of which nothing is searched; the default of `start`.
        path: a file for the database; without a path it is in memory.
        walkers: independent walks of basin-hopping.
        steps: steps of each walk.
        seed: seed of all random numbers.
        resume: continue the database at `path` if it exists.
        progress: a bar on a terminal or in a notebook; False for none, or an observer of the rounds, such as
            `landscape.campaign.progress.Console()`, which writes a line a round.
        on_interrupt: after Ctrl-C, "raise" KeyboardInterrupt or "return" the database; either way everything committed
            is kept in the file.
        tables: further settings by table of the run file, as in ``connect={"rounds": 50}``.

    Returns:
        The database; its attribute `complete` tells whether the exploration ran to its end.

    Raises:
        LandscapeError: an argument or a setting is unusable, `path` cannot be written or continued, the energy cannot
            be searched (it has no lower bound, its minima are valleys, its gradient is not its own), or no quench
            reached a minimum.
        KeyboardInterrupt: Ctrl-C or SIGTERM ended the exploration early, and `on_interrupt` is "raise".
    """
    if on_interrupt not in INTERRUPTS:
        raise ConfigError(f"on_interrupt: expected {listed(INTERRUPTS, 'or')}, found {on_interrupt!r}")
    unknown = next((name for name in tables if name not in Settings.model_fields), None)
    if unknown is not None:
        known = [*_keywords(explore), *Settings.model_fields]
        raise ConfigError(f"explore: expected no argument {unknown!r}; {did_you_mean(unknown, known)}")
    hopping = {"walkers": walkers, "steps": steps, **tables.pop("basin_hopping", {})}
    run = {"seed": seed, **tables.pop("run", {})}
    settings = Settings.from_table({"basin_hopping": hopping, "run": run, **tables}, "explore")
    require_strategies(settings.connect.strategies, "explore")
    context = _context(problem, settings, start, bounds, path if resume else None)
    phases = exploring(context)
    store = open_or_create(path, record_of(context), resume=resume)
    return _explored(context, store, phases, progress, on_interrupt)


def _keywords(function: Callable[..., object]) -> list[str]:
    """The names of the keyword-only arguments of a function."""
    return [name for name, one in inspect.signature(function).parameters.items() if one.kind is one.KEYWORD_ONLY]


def _explored(
    context: Context,
    store: Store,
    phases: tuple[MakePhase, ...],
    progress: bool | Progress,
    on_interrupt: str = "raise",
) -> Database:
    """The database of a store after the phases were run in this process.

    Raises KeyboardInterrupt, with everything committed and the file closed, after a stop unless `on_interrupt` is
    "return".
    """
    pool = LocalPool(context.execute)
    try:
        with one_thread_per_task(), Interrupt() as interrupt, shown(progress) as observer:
            ending = run_campaign(context, store, pool, observer, interrupt, phases)
        if ending is not Ending.COMPLETE and on_interrupt == "raise":
            raise KeyboardInterrupt(_kept(store, interrupt.reason))
    finally:
        context.abandoned.set()
        pool.wait()  # a thread at work would disturb the end of the process
        if store.path is not None:
            store.close()
    return Database(store) if store.path is None else open_database(store.path)  # others may continue the file


def _kept(store: Store, reason: str) -> str:
    """A sentence on what is left after a stop."""
    if store.path is None:
        return f"stopped by {reason}: the database in memory is lost; path= keeps it, on_interrupt='return' returns it"
    return f"stopped by {reason}: {store.path} has {store.n_rounds} committed rounds; continue with resume=True"


def verify(db: Database | str | Path, energy: object = None, *, properties: Amount = "sample") -> list[str]:
    """Compute every stored point of a database or file again, and return one line for every fault.

    `energy` is the surface, or the `Problem`, that was explored; a network of a run file is rebuilt from its database.
    `properties` are measured again too: "none", a "sample" of them, or "all". Numbers in messages on a surface with
    bounds are in its unit of length. Raises `LandscapeError` if the energy is missing or another one.
    """
    if properties not in AMOUNTS:
        raise ConfigError(f"properties: expected {listed(AMOUNTS, 'or')}, found {properties!r}")
    with _opened(db) as opened:
        context = _again(opened, energy, "verify", {})
        pool = LocalPool(context.execute)
        seen = in_units_of_length(opened.store, context.frame.length_unit)
        with one_thread_per_task():
            named, _ = content_faults(opened, context)
            points = verify_points(Database(seen), context, pool)
            return [*named, *points, *remeasured(Database(seen), context, pool, amount=properties).faults]


def measure(
    db: Database | str | Path,
    *names: str,
    problem: Problem | None = None,
    paths: bool = False,
    progress: bool | Progress = True,
    **settings: object,
) -> Database:
    """Measure properties of the minima of a network in a database or file, all of them without `names`.

    `problem` is needed only for a network that no run file describes; `paths` measures along pathways too, and
    `settings` are keys of the [measure] table. Further epsilons are added to the stored ones; a change of another
    setting replaces the stored values, and a warning names them. Returns the database with the properties. Raises
    `LandscapeError` for properties that cannot be measured: an energy of the user's own has no inputs, so no
    robustness. Depths and barriers are stored with every exploration.
    """
    with _opened(db) as opened:
        if not isinstance(problem, Problem) and (problem is not None or not opened.problem_record.toml):
            raise PropertyError(
                "measure: expected a network; that of a Problem without a run file is given by problem=, and an energy "
                "of your own has no inputs and so no robustness: depths and barriers are stored already"
            )
        context = _again(opened, problem, "measure", settings)
    phases = measuring(context, names, paths=paths)
    store = db.store if isinstance(db, Database) and db.path is None else open_store(opened.path or "", writable=True)
    for line in replacements(context, store.tables, phases):
        warnings.warn(f"measure: {line}", LandscapeWarning, stacklevel=2)
    return _explored(context, store, phases, progress)


def problem_of(db: Database | str | Path) -> Problem:
    """The network and the data of a database or file, to evaluate minima theta [M, P] by `network.outputs(theta,
    inputs)`. Raises `LandscapeError` for an energy that no run file describes.
    """
    with _opened(db) as opened:
        context = _again(opened, None, "problem_of", {})
    return context.require_problem()


def _opened(db: Database | str | Path) -> AbstractContextManager[Database]:
    """A context of a database: an open one stays open, one from a file is closed at the end."""
    return nullcontext(db) if isinstance(db, Database) else open_database(db)


def _again(db: Database, energy: object, name: str, changed: Mapping[str, object]) -> Context:
    """The context of a database; the energy must be given unless it is that of a network in a run file.

    `changed` are keys of the [measure] table; `name` is the calling function, for messages. Raises `LandscapeError` if
    they do not fit.
    """
    record, source = db.problem_record, f"{name}: {db.path or 'database'}"
    if energy is None:
        return stored_context(record, "cpu", changed, source)
    return given_context(record, energy, changed, source)


def _context(
    problem: object, settings: Settings, start: BoxEnds | None, bounds: BoxEnds | None, continued: str | Path | None
) -> Context:
    """The context of a problem or a surface; `continued` is the file that may be continued."""
    if isinstance(problem, Problem):
        if bounds is not None:
            raise ConfigError("bounds: expected none for a network, whose energy grows far away; leave them out")
        if isinstance(problem.symmetry, NoSymmetry):
            warnings.warn(COPIES, LandscapeWarning, stacklevel=3)
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
    store = in_units_of_length(store, context.frame.length_unit)
    check_energy(context, store)
    ending = Campaign(context, store, pool, progress, phases).run(interrupt)
    tables = store.tables
    if ending is Ending.COMPLETE and rounds_done(tables, BasinHopping.kind) and not len(tables.minima):
        raise SearchError(f"expected minima, found that no quench reached one: {why_none(context)}")
    return ending
