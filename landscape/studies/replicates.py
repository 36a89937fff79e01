"""Replicates: sets of samples of one data set, each with its own databases, and the part of the samples they share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from landscape.database.records import ProblemRecord
from landscape.errors import PropertyError

Problem = Mapping[str, Any]
"""The table [problem] of a run file."""
WholeSize = Callable[[Problem], float]
"""Returns the number of samples of a data set, from which replicates are drawn; infinity for samples of a law."""

ARCHITECTURE = ("hidden", "convolution", "activation", "loss", "classes", "downscale", "subset")


def require_one_problem(name: str, problems: Sequence[Problem], keys: Sequence[str] = ARCHITECTURE) -> None:
    """Raises PropertyError where the replicates of a data set differ in one of these keys."""
    for key in keys:
        found = sorted({str(one.get(key)) for one in problems})
        if len(found) > 1:
            raise PropertyError(
                f"{name}: expected replicates of one architecture and size, found {key} = {' and '.join(found[:2])}: "
                "answer for them apart"
            )


def stored_problem(record: ProblemRecord, name: str) -> Problem:
    """The problem of a database, with the seed with which its samples were drawn as `subset_seed`.

    Raises PropertyError if the database has no network of a run file.
    """
    tables = record.tables(name)
    if "problem" not in tables:
        raise PropertyError(f"{name}: expected a network of a run file, found another energy: leave it out")
    problem: dict[str, Any] = tables["problem"]
    if problem.get("subset_seed", -1) < 0:
        problem["subset_seed"] = tables.get("run", {}).get("seed", 0)
    return problem


def replicate_of(problem: Problem, sha256: str) -> str:
    """Name of the replicate to which a landscape belongs: landscapes on the same samples are one replicate.

    A subset goes by the seed and part with which it was drawn, whatever part of it is held out and however it is
    scaled; other data go by their digest `sha256`.
    """
    if problem.get("subset"):
        return f"seed {problem['subset_seed']}, part {problem.get('subset_part', 0)}"
    return sha256


def shared_part(replicates: Mapping[str, Problem], size: int, whole_size: WholeSize) -> float:
    """The part of its samples that a replicate shares with another: 0 if all are parts of one drawing.

    `replicates` are their problems by `replicate_of`, and `size` is the number of samples of each that count.
    """
    problems = replicates.values()
    if all(one.get("subset") for one in problems) and len({one["subset_seed"] for one in problems}) == 1:
        return 0.0
    return min(size / max(whole_size(next(iter(problems))), 1), 0.99)
