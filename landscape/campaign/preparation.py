"""Preparation of the context of a campaign: from a run file, a database or an objective in Python."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from landscape.campaign.context import Context
from landscape.campaign.pairs.selection import require_strategies
from landscape.campaign.surfaces.trials import check_valleys, tried
from landscape.config.run_file import RunConfig, Settings
from landscape.config.tables import MeasureConfig, ProblemConfig
from landscape.database.database import open_database
from landscape.database.records import ProblemRecord
from landscape.errors import ConfigError, DatabaseError, MissingDataError
from landscape.limits import SEARCH
from landscape.numerics.spectra import index_test
from landscape.objective import Objective
from landscape.problems.activations import Linear
from landscape.problems.data.datasets import DataSet
from landscape.problems.problem import Problem
from landscape.problems.surfaces.frame import Box, Frame, framed
from landscape.properties.measurement import check_settings
from landscape.search.starts import BoxStarts, GaussianStarts, Starts

BoxEnds = tuple[Any, Any]
"""Low and high ends of a box: two numbers, or two for each parameter."""


def context_of(config: RunConfig, device: str, stored: Path | None = None, source: str = "run file") -> Context:
    """Context of a run file. Raises `LandscapeError` for settings that do not fit the problem.

    If the files of the data set are gone, the data come from the `stored` database that is to be continued. `source`
    names the run file in messages.
    """
    require_strategies(config.connect.strategies, source)
    try:
        problem = Problem(device=device, seed=config.run.seed, **config.problem.model_dump())
    except MissingDataError:
        if stored is None or not stored.exists():
            raise
        with open_database(stored) as db:
            problem = Problem.from_data(config.problem, stored_data(db.problem_record, str(stored)), device)
    return prepared_context(problem, config, None)


def stored_context(
    record: ProblemRecord, device: str, measure: Mapping[str, object] | None = None, source: str = "database"
) -> Context:
    """Context of a database: the problem is rebuilt from the stored data, the settings come from the stored run file.

    `measure` replaces keys of the [measure] table; `source` names the database in messages. Raises `DatabaseError` if
    the database is not of a network, `ConfigError` or `PropertyError` for unusable settings.
    """
    data = stored_data(record, source)
    config = ProblemConfig.from_table(record.tables(source)["problem"], source)
    settings = _stored_settings(record, measure or {}, source)
    problem = Problem.from_data(config, data, device)
    if problem.n_parameters != record.n_parameters:
        raise DatabaseError(
            f"{source} is damaged: its points have {record.n_parameters} parameters, and the network of its run file "
            f"{problem.n_parameters}: restore it from a copy"
        )
    return prepared_context(problem, settings, None)


def prepared_context(objective: Objective, settings: Settings, start: BoxEnds | None) -> Context:
    """Context of an objective, with settings checked against it.

    `start` is the box in which walkers start, for an energy of the user's own. Raises `ConfigError` or `PropertyError`
    for settings that do not fit the objective.
    """
    problem = objective if isinstance(objective, Problem) else None
    _require_room(settings, objective.n_parameters)
    context = Context(objective, settings, _starts(objective, settings, start), problem)
    if problem is not None:
        _check_isolated(problem)
        check_settings(problem, settings.measure)
        _require_room_for_draws(settings.measure, problem)
    return context


def _require_room(settings: Settings, n_parameters: int) -> None:
    """Raises `ConfigError` if a number in the settings asks for an array of points above the limit of memory."""
    points = {
        "[basin_hopping] walkers": settings.basin_hopping.walkers,
        "[quench] memory": 2 * settings.quench.memory,
        "[connect] min_images": settings.connect.min_images,
        "[sample] quenches": settings.sample.quenches,
        "[train] seeds": settings.train.seeds,
    }
    for key, number in points.items():
        SEARCH.require_room(key, f"{number} points of {n_parameters} parameters", number * n_parameters)


def _require_room_for_draws(settings: MeasureConfig, problem: Problem) -> None:
    """Raises `ConfigError` if the random numbers of attacks are above the limit of memory."""
    tested = 0 if problem.test_inputs is None else len(problem.test_inputs)
    samples, features = max(len(problem.inputs), tested), problem.inputs.shape[1]
    draws = {"pgd_restarts": settings.pgd_restarts, "noise_draws": settings.noise_draws}
    for key, number in draws.items():
        what = f"{number} draws for {samples} samples of {features} features"
        SEARCH.require_room(f"[measure] {key}", what, number * samples * features)
    queries = settings.search_queries
    SEARCH.require_room("[measure] search_queries", f"{queries} queries of {features} features", queries * features)


def _check_isolated(problem: Problem) -> None:
    """Raises `ConfigError` for a linear network whose stationary points are no points but whole orbits of rotations, or
    of scalings where there is no penalty.
    """
    network = problem.network.layered
    if network is None or not isinstance(network.activation.shape, Linear):
        return
    hidden = [layer.n_out for layer in network.layers[:-1]]
    if network.rotates:
        raise ConfigError(
            f'[problem] activation = "identity": expected one unit in each hidden layer, found {hidden}: rotations of '
            "several linear units leave the energy unchanged, so that minima are no points; take one unit, or tanh"
        )
    if hidden and not problem.l2:
        raise ConfigError(
            '[problem] activation = "identity": expected l2 > 0, found 0: scaling a unit up before and down behind it '
            "leaves the loss unchanged, so that minima are no points; give l2, or take tanh"
        )


def surface_context(
    surface: object,
    settings: Settings,
    start: BoxEnds | None,
    bounds: BoxEnds | None,
    stored: ProblemRecord | None = None,
) -> Context:
    """Context of an energy of the user's own, after trial quenches from its starts.

    If a database is to be continued, the units are those of its record `stored`. Raises `LandscapeError` if the surface
    cannot be searched, or if the boxes do not fit it.
    """
    n_parameters = framed(surface, Frame()).n_parameters
    box = None if bounds is None else Box.of(bounds, n_parameters, "bounds")
    if start is None and bounds is None:
        raise ConfigError(
            "start: expected a box (low, high) for an energy of your own, found none; give start= or bounds="
        )
    _require_room(settings, n_parameters)
    frame = Frame.around(box)
    from_box = Box.of(start or bounds, n_parameters, "start").scaled(1.0 / frame.length_unit)
    starts = BoxStarts(from_box.low, from_box.high)
    known = getattr(surface, "energy_unit", None) if stored is None else stored_frame(stored, "database").energy_unit
    trials = tried(framed(surface, frame), starts, known, bounded=box is not None)
    frame = replace(frame, energy_unit=trials.energy_unit, floor=trials.floor)
    objective = framed(surface, frame)
    check_valleys(objective, trials, settings.identity.distance_tolerance)
    return Context(objective, settings, starts, None, frame)


def given_context(record: ProblemRecord, energy: object, measure: Mapping[str, object], source: str) -> Context:
    """Context of a database whose energy is given: a problem, or a surface in the stored frame.

    `measure` replaces keys of the [measure] table; `source` names the database in messages. Raises `LandscapeError` if
    the energy does not fit.
    """
    settings = _stored_settings(record, measure, source)
    frame = Frame() if isinstance(energy, Problem) else stored_frame(record, source)
    objective = energy if isinstance(energy, Problem) else framed(energy, frame)
    if objective.n_parameters != record.n_parameters:
        raise DatabaseError(
            f"{source}: expected an energy of {record.n_parameters} parameters, found one of {objective.n_parameters}: "
            "give the energy that was explored"
        )
    if isinstance(energy, Problem) and energy.data.sha256 != record.sha256:
        raise DatabaseError(f"{source}: expected the problem that was explored, found other data: give that problem")
    return replace(prepared_context(objective, settings, None), frame=frame)


def resolve_device(name: str, local_rank: int = 0) -> str:
    """The torch device for run.device: "auto" is one of the node's GPUs, in turn by local rank, else the CPU."""
    if name == "auto":
        return f"cuda:{local_rank % torch.cuda.device_count()}" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda"):
        number, count = int(name.partition(":")[2] or 0), torch.cuda.device_count()
        if number >= count:
            raise ConfigError(f'run.device: expected one of the {count} GPUs here, found "{name}"; use "auto"')
    return name


def _starts(objective: Objective, settings: Settings, start: BoxEnds | None) -> Starts:
    """Starts in the box, if one is given, Gaussian ones otherwise."""
    if start is None:
        return GaussianStarts(settings.basin_hopping.start_scales)
    box = Box.of(start, objective.n_parameters, "start")
    return BoxStarts(box.low, box.high)


def record_of(context: Context) -> ProblemRecord:
    """The record of the objective and settings for a new database."""
    problem, settings = context.problem, context.settings
    data: dict[str, Any] = dict.fromkeys(("inputs", "targets", "test_inputs", "test_targets", "image"))
    data["sha256"] = toml = ""
    if problem is not None:
        data = asdict(problem.data)
        toml = "" if problem.config is None else _problem_toml(problem.config)
    text = settings.to_toml() if problem is not None else f"{settings.to_toml()}\n{context.frame.to_toml()}"
    return ProblemRecord(
        **data,
        toml=toml,
        run_toml=f"{toml}\n{text}" if toml and not isinstance(settings, RunConfig) else text,
        n_parameters=context.objective.n_parameters,
        energy_tolerance=context.identity.energy_tolerance,
        distance_tolerance=settings.identity.distance_tolerance,
        index_test=index_test(context.objective),
    )


def stored_data(record: ProblemRecord, source: str) -> DataSet:
    """The data of a record; `source` names the record in messages. Raises `DatabaseError` if it is not of a network."""
    if not record.toml or record.inputs is None or record.targets is None:
        raise DatabaseError(
            f"{source}: expected a database of a network, with its [problem] table and data; found one of a user's own "
            "energy, which commands cannot compute: use Python, as in landscape.verify(FILE, ENERGY)"
        )
    return DataSet(
        inputs=record.inputs,
        targets=record.targets,
        test_inputs=record.test_inputs,
        test_targets=record.test_targets,
        sha256=record.sha256,
        image=record.image,
    )


def stored_frame(record: ProblemRecord, source: str) -> Frame:
    """The frame in the database of an energy of the user's own."""
    return Frame.from_table(record.tables(source).get("frame", {}), record.n_parameters)


def _stored_settings(record: ProblemRecord, measure: Mapping[str, object], source: str) -> Settings:
    """The settings of the run file of a record; `measure` replaces keys of the [measure] table."""
    tables = {name: table for name, table in record.tables(source).items() if name not in ("problem", "frame")}
    tables["measure"] = tables.get("measure", {}) | dict(measure)
    return Settings.from_table(tables, source)


def _problem_toml(config: ProblemConfig) -> str:
    """The text of the [problem] table."""
    return RunConfig(problem=config).to_toml("problem")
