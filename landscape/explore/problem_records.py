"""A problem and its settings as a database keeps them, and back."""

import tomllib
from dataclasses import asdict
from typing import Any

from landscape.config.run_file import RunConfig, Settings
from landscape.config.tables import ProblemConfig
from landscape.database.records import ProblemRecord
from landscape.errors import DatabaseError
from landscape.numerics.spectra import index_test
from landscape.objective import Objective
from landscape.problems.datasets import DataSet
from landscape.problems.problem import Problem


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


def stored_data(record: ProblemRecord, source: str) -> DataSet:
    """The data of a record; `source` names it in messages. Raises `DatabaseError` where it is of no network."""
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


def stored_tables(record: ProblemRecord, source: str) -> dict[str, Any]:
    """The tables of the run file of a record. Raises `DatabaseError` where its text is damaged."""
    try:
        return tomllib.loads(record.run_toml)
    except tomllib.TOMLDecodeError as error:
        raise DatabaseError(f"{source}: the stored run file is damaged ({error}): restore it from a copy") from error


def _problem_toml(config: ProblemConfig) -> str:
    return RunConfig(problem=config).to_toml("problem")
