"""Databases of XOR from its known points at two values of l2, and the tracks between them."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from landscape.campaign.continuation.families import family_of
from landscape.campaign.continuation.recording import followed
from landscape.campaign.preparation import prepared_context, record_of
from landscape.campaign.resumption import open_or_create
from landscape.config.ranges import KeyRange
from landscape.config.run_file import RunConfig
from landscape.database.database import Database
from landscape.database.records import Commit, Minima, TransitionStates
from landscape.problems.problem import Problem

TRUTH: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "xor_truth.json").read_text())["landscapes"]
OVER = KeyRange(name="l2", start=1e-2, end=1e-3)


def config(l2: float) -> RunConfig:
    return RunConfig.from_text(f'[problem]\ndataset = "xor"\nstandardise = false\nhidden = [2]\nl2 = {l2}\n')


def xor_database(l2: float) -> Database:
    """A database with the known minima and transition states at this l2, and nothing else that is true."""
    case = next(case for case in TRUTH if case["l2"] == l2)
    run = config(l2)
    problem = Problem(**run.problem.model_dump())
    store = open_or_create(None, record_of(prepared_context(problem, run, None)), resume=False)
    found: dict[str, Any] = {}
    kinds: dict[str, Any] = {"minima": Minima, "transition_states": TransitionStates}
    for name, kind in kinds.items():
        rows = len(case[name])
        columns = {key: column.missing(rows, problem.n_parameters) for key, column in kind.columns().items()}
        columns["parameters"] = np.array([point["theta"] for point in case[name]])
        columns["energy"] = np.array([point["energy"] for point in case[name]])
        found[name] = kind(**columns)
    found["transition_states"].minima[:] = 0
    hits = found["minima"].hits
    hits[:] = 1
    store.commit(Commit(kind="connect", tasks=1, evaluations=1, seconds=1.0, hits=hits, **found))
    return Database(store)


@cache
def tracked() -> tuple[Database, Database]:
    """The database at l2 = 1e-2, with tracks from both ends, and that at 1e-3. Not to be changed."""
    first, last = xor_database(1e-2), xor_database(1e-3)
    problem = config(1e-2).problem
    family = family_of(problem, Problem(**problem.model_dump()).data, OVER, "cpu")
    commit = followed(first, last, family, OVER, lambda: False)
    assert commit is not None
    first.store.commit(replace(commit, seconds=0.0))
    return first, last
