"""`landscape complete`: completeness of a landscape below a level, judged from two searches."""

import sys
from pathlib import Path

import click
import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.exits import FAILED
from landscape.campaign.identity import PointIndex
from landscape.campaign.pools.launch import launcher_rank
from landscape.campaign.preparation import stored_context
from landscape.database.database import Database, open_database
from landscape.errors import DatabaseError
from landscape.graph.targets import target_rows
from landscape.studies.completeness.comparison import Comparison, Union
from landscape.studies.completeness.goal import Goal

FREE = {"dataset", "subset_seed", "subset_part"}
"""Keys of [problem] that say where the data come from. They may differ; the data themselves are compared."""


@click.command()
@click.argument("first", metavar="A.h5", type=click.Path(path_type=Path))
@click.argument("second", metavar="B.h5", type=click.Path(path_type=Path))
@click.option("--lowest", type=click.IntRange(min=1), metavar="N", help="Judge the N minima of lowest energy.")
@click.option("--energy", type=float, help="Judge all minima up to this energy.")
def complete(first: Path, second: Path, lowest: int | None, energy: float | None) -> None:
    """Compare two searches of one landscape with different seeds, and say whether it is complete.

    The minima to be judged are by default the goal of A.h5: those that [explore] in its run file asks for, else all.
    The exit status is 0 if all criteria hold, 1 if one fails.

    \b
    landscape run runs/xor.toml -o xor.h5
    landscape run runs/xor.toml -o xor-1.h5 --set run.seed=1
    landscape complete xor.h5 xor-1.h5
    """  # noqa: D301 - click wants the backspace character itself
    if lowest is not None and energy is not None:
        raise click.UsageError("expected --lowest or --energy, found both")
    with open_database(first) as ours, open_database(second) as theirs:
        context, other = (stored_context(db.problem_record, "cpu", source=str(db.path)) for db in (ours, theirs))
        _require_two_searches((ours, context), (theirs, other))
        union = Union.of(ours, theirs, _places(ours, theirs, context))
        if lowest is None and energy is None:
            target = Goal.stored(ours.problem_record).rows(union.channels.energy)
        else:
            target = target_rows(union.channels.energy, lowest or 0, energy)
        if not len(target):
            raise DatabaseError(f"{first}, {second}: expected minima to judge, found none up to that energy: raise it")
        tolerance = ours.problem_record.energy_tolerance
        comparison = Comparison(searches=(ours, theirs), union=union, target=target, tolerance=tolerance)
        if not launcher_rank():
            for name, path, db, own in (("A", first, ours, context), ("B", second, theirs, other)):
                counts = f"{len(db.minima)} minima, {len(db.transition_states)} transition states"
                click.echo(f"{name}       {path}, seed {own.settings.run.seed}: {counts}")
            for line in comparison.lines():
                click.echo(line)
        sys.exit(0 if comparison.is_complete else FAILED)


def _require_two_searches(first: tuple[Database, Context], second: tuple[Database, Context]) -> None:
    """Raise `DatabaseError` unless the two are searches of one landscape with different seeds."""
    (ours, context), (theirs, other) = first, second
    names = f"{ours.path} and {theirs.path}"
    if ours.problem_record.sha256 != theirs.problem_record.sha256:
        raise DatabaseError(
            f"{names}: expected searches of one landscape, found different data: where run.seed draws a subset or a "
            "test split, set problem.subset_seed to one number for both"
        )
    if key := _differing_key(context, other):
        raise DatabaseError(f"{names}: expected searches of one landscape, found different {key}: choose others")
    if context.settings.run.seed == other.settings.run.seed:
        raise DatabaseError(
            f"{names}: expected searches with different seeds, found {other.settings.run.seed} in both, and equal "
            "searches agree in any case: make another with --set run.seed=N"
        )
    for db in (ours, theirs):
        if not len(db.minima):
            raise DatabaseError(f"{db.path}: expected minima, found none yet: find some with 'landscape run'")


def _differing_key(context: Context, other: Context) -> str:
    """The first key of [problem] or [identity] in which two run files differ; empty if there is none."""
    tables = []
    for one in (context, other):
        config = one.require_problem().config
        problem = {} if config is None else config.model_dump(exclude=FREE)
        identity = one.settings.identity.model_dump()
        tables.append(
            {
                f"{name}.{key}": value
                for name, table in (("problem", problem), ("identity", identity))
                for key, value in table.items()
            }
        )
    return next((key for key in tables[0] if tables[0][key] != tables[1][key]), "")


def _places(ours: Database, theirs: Database, context: Context) -> np.ndarray:
    """Rows int64[B] of the second database's minima in the union of both.

    The union has the minima of the first database, followed by those that only the second has.
    """
    index = PointIndex(context.objective.symmetry, context.identity)
    index.fill(ours.minima.energy, ours.minima.parameters)
    points = zip(theirs.minima.energy.tolist(), theirs.minima.parameters, strict=True)
    return np.array([index.find_or_add(energy, theta) for energy, theta in points], dtype=np.int64)
