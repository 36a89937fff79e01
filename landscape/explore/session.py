"""Putting a campaign together: problem, store, context, pool; for the command and for Python alike."""

import inspect
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from landscape.config.run_file import RunConfig, Settings
from landscape.config.tables import ProblemConfig
from landscape.database.database import Database
from landscape.database.records import ProblemRecord
from landscape.database.store import Store, create_store, open_store
from landscape.errors import ConfigError, DatabaseError, MissingDataError
from landscape.explore.campaign import ALL_PHASES, Campaign, Ending, MakePhase
from landscape.explore.connecting import METHOD_NAMES
from landscape.explore.context import Context, one_thread_per_task
from landscape.explore.interrupt import Interrupt
from landscape.explore.pool import LocalPool, Pool
from landscape.explore.progress import Progress, Silent
from landscape.messages import did_you_mean
from landscape.numerics.spectra import index_test
from landscape.objective import Objective
from landscape.problems.adapter import as_objective
from landscape.problems.datasets import DataSet
from landscape.problems.problem import Problem
from landscape.properties.work import check_settings
from landscape.search.starts import BoxStarts, GaussianStarts, Starts
from landscape.search.transition_states import OUTCOME_NAMES

StartBox = tuple[Any, Any]
# What may not change when a database is continued: the problem, what makes points one, seed and walks. Training shares
# with an explored landscape the problem, its data and the seed alone.
FIXED = ("problem.", "identity.", "run.seed", "basin_hopping.walkers", "basin_hopping.round_steps")
FIXED_FOR_TRAINING = ("problem.", "run.seed")


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
            `energy_and_gradient(theta[W, P]) -> (energy[W], gradient[W, P])`; see `landscape.problems.adapter`.
        start: for such an object, the box (low, high) in which walkers start; numbers or one a parameter.
        path: a file for the database; in memory without one.
        walkers: independent walks of basin-hopping.
        steps: steps of each walk.
        seed: of every random number.
        resume: continue the database at `path` if it exists.
        progress: told of every round, for instance `landscape.explore.progress.Console()`.
        tables: further settings by table of the run file, as in ``connect={"rounds": 50}``.

    Returns the database; Ctrl-C ends the exploration early with what was committed.
    Raises `LandscapeError` for whatever cannot be used.
    """
    unknown = next((name for name in tables if name not in Settings.model_fields), None)
    if unknown is not None:
        known = [*inspect.signature(explore).parameters, *Settings.model_fields]
        raise ConfigError(f"explore: expected no argument {unknown!r}; {did_you_mean(unknown, known)}")
    hopping = {"walkers": walkers, "steps": steps, **tables.pop("basin_hopping", {})}
    run = {"seed": seed, **tables.pop("run", {})}
    settings = Settings.from_table({"basin_hopping": hopping, "run": run, **tables}, "explore")
    objective = as_objective(problem)
    context = _context(objective, settings, start)
    store = open_or_create(path, record_of(objective, settings), resume=resume)
    pool = LocalPool(executor(context))
    try:
        with one_thread_per_task(), Interrupt() as interrupt:
            run_campaign(context, store, pool, progress or Silent(), interrupt)
    finally:
        context.abandoned.set()
        pool.wait()  # a thread at work would spoil the end of the process
        if store.path is not None:
            store.close()
    return Database(store if store.path is None else open_store(store.path))  # others may continue the file


def run_campaign(
    context: Context,
    store: Store,
    pool: Pool,
    progress: Progress,
    interrupt: Interrupt,
    phases: tuple[MakePhase, ...] = ALL_PHASES,
) -> Ending:
    """Runs the phases to the end or until interrupted.

    Raises `DatabaseError` if the minima of the store are none of this energy's.
    """
    _check_energy(context, store)
    return Campaign(context, store, pool, progress, phases).run(interrupt)


def executor(context: Context) -> Callable[[Any], Any]:
    """What a worker does with a task."""
    return lambda task: task.run(context)


def context_of(config: RunConfig, device: str, stored: Path | None = None) -> Context:
    """Context of a run file. Raises `LandscapeError` for whatever in it does not fit the problem.

    If the files of its data set are gone, the data are those of the `stored` database, which is to be continued.
    """
    try:
        problem = Problem(device=device, seed=config.run.seed, **config.problem.model_dump())
    except MissingDataError:
        if stored is None or not stored.exists():
            raise
        with Database(open_store(stored)) as db:
            problem = Problem.from_data(config.problem, _stored_data(db.problem_record, str(stored)), device)
    return _context(problem, config, None)


def stored_context(
    record: ProblemRecord, device: str, measure: Mapping[str, object] | None = None, source: str = "database"
) -> Context:
    """Context of a database: the problem rebuilt from its data, the settings from its run file.

    `measure` replaces keys of the [measure] table; `source` names the database in messages. Raises `DatabaseError` if
    the file holds no network, `ConfigError` or `PropertyError` for settings that cannot be used.
    """
    data = _stored_data(record, source)
    tables = _stored_tables(record, source)
    config = ProblemConfig.from_table(tables.pop("problem"), source)
    tables["measure"] = tables.get("measure", {}) | dict(measure or {})
    settings = Settings.from_table(tables, source)
    return _context(Problem.from_data(config, data, device), settings, None)


def _context(objective: Objective, settings: Settings, start: StartBox | None) -> Context:
    """A context whose settings can be measured with, once there are minima."""
    context = Context(objective, settings, _starts(objective, settings, start))
    if isinstance(objective, Problem):
        check_settings(objective, context.measuring)
    return context


def record_of(objective: Objective, settings: Settings) -> ProblemRecord:
    """The record of a problem for a new database."""
    identity = settings.identity
    known: dict[str, Any] = dict.fromkeys(("inputs", "targets", "test_inputs", "test_targets", "image")) | {
        "sha256": "",
        "toml": "",
    }
    if isinstance(objective, Problem):
        data = objective.data
        known = asdict(data) | {"toml": "" if objective.config is None else _problem_toml(objective.config)}
    text = settings.to_toml()
    if known["toml"] and not isinstance(settings, RunConfig):
        text = f"{known['toml']}\n{text}"
    return ProblemRecord(
        **known,
        run_toml=text,
        n_parameters=objective.n_parameters,
        energy_tolerance=identity.energy_tolerance,
        distance_tolerance=identity.distance_tolerance,
        index_test=index_test(objective),
    )


def open_or_create(
    path: str | Path | None, record: ProblemRecord, *, resume: bool, fixed: tuple[str, ...] = FIXED
) -> Store:
    """A new store, or the one at `path` to be continued; raises `DatabaseError` if it is of something else, or keys of
    the run file differ whose names, with their table, begin with one of `fixed`.
    """
    if path is None or not (resume and Path(path).exists()):
        return create_store(path, record, OUTCOME_NAMES, METHOD_NAMES, {"torch": str(torch.__version__)})
    store = open_store(path, writable=True)
    difference = _difference(store.record, record, str(path), fixed)
    if difference:
        store.close()
        raise DatabaseError(f"{path}: cannot be continued, {difference}; choose another file with -o")
    return store


def resolve_device(name: str, local_rank: int = 0) -> str:
    """The torch device of a [run] device: "auto" is a GPU of this rank's own if there is one, else the CPU."""
    if name == "auto":
        return f"cuda:{local_rank % torch.cuda.device_count()}" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda"):
        number, count = int(name.partition(":")[2] or 0), torch.cuda.device_count()
        if number >= count:
            raise ConfigError(f'run.device: expected one of the {count} GPUs here, found "{name}"; use "auto"')
    return name


def _stored_data(record: ProblemRecord, source: str) -> DataSet:
    if not record.toml or record.inputs is None or record.targets is None:
        raise DatabaseError(
            f"{source}: expected a database of a network, with its [problem] table and data; found one of a user's own "
            "energy: verify or measure it from Python, where that energy is"
        )
    return DataSet(
        inputs=record.inputs,
        targets=record.targets,
        test_inputs=record.test_inputs,
        test_targets=record.test_targets,
        sha256=record.sha256,
        image=record.image,
    )


def _stored_tables(record: ProblemRecord, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(record.run_toml)
    except tomllib.TOMLDecodeError as error:
        raise DatabaseError(f"{source}: the stored run file is damaged ({error}): restore it from a copy") from error


def _difference(stored: ProblemRecord, wanted: ProblemRecord, source: str, fixed: tuple[str, ...]) -> str:
    """What makes a database belong to another run file; empty if nothing does."""
    if stored.n_parameters != wanted.n_parameters:
        return f"it has {stored.n_parameters} parameters and the run file {wanted.n_parameters}"
    if stored.sha256 != wanted.sha256:
        return "its data differ from those of the run file"
    ours, theirs = (_fixed_keys(_stored_tables(record, source), fixed) for record in (wanted, stored))
    defaults = _fixed_keys(
        {"problem": {name: field.default for name, field in ProblemConfig.model_fields.items()}}, fixed
    )
    theirs = {key: defaults.get(key) for key in ours} | theirs  # a key that is younger than the file
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            return f"{key} is {theirs.get(key)!r} in it and {ours.get(key)!r} in the run file"
    return ""


def _fixed_keys(tables: Mapping[str, Mapping[str, object]], fixed: tuple[str, ...]) -> dict[str, object]:
    whole = {f"{name}.{key}": value for name, table in tables.items() for key, value in table.items()}
    return {key: value for key, value in whole.items() if key.startswith(fixed)}


def _check_energy(context: Context, store: Store) -> None:
    """An energy of the user's own has no run file to compare: its stored minima tell whether it is the same."""
    minima = store.tables.minima
    if not len(minima):
        return
    first = torch.tensor(minima.parameters[:1], device=context.objective.device)
    found, stored = float(context.objective.energy_and_gradient(first)[0]), float(minima.energy[0])
    if not abs(found - stored) <= context.settings.identity.energy_tolerance:
        raise DatabaseError(
            f"{store.path or 'the database'}: cannot be continued, its first minimum has energy {stored:.10g} and "
            f"{found:.10g} for this energy; choose another file"
        )


def _problem_toml(config: ProblemConfig) -> str:
    return RunConfig(problem=config).to_toml("problem")


def _starts(objective: Objective, settings: Settings, start: StartBox | None) -> Starts:
    if start is None:
        if not isinstance(objective, Problem):
            raise ConfigError("start: expected a box (low, high) for an energy of your own, found none; give start=")
        return GaussianStarts(settings.basin_hopping.start_scales)
    low, high = (np.broadcast_to(np.asarray(end, dtype=np.float64), objective.n_parameters) for end in start)
    if not (low < high).all():
        raise ConfigError(f"start: expected low < high for every parameter, found {start!r}")
    return BoxStarts(low, high)
