"""Verification of the minima that transition states join.

A gradient flow finds them again; it starts nearer to the state and has a tenth of the error of the first flow of the
search. If the flow ends on a saddle, the state must be marked, and is then not compared. If small errors decide along a
ridge, the state must be marked only if the flow reaches other minima than the file says. Some states are borderline; so
each disagreement is followed once more with far less error, and the second result decides.
Shapes: T transition states, S of them, P parameters.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.identity import PointIndex
from landscape.campaign.pools.pool import Pool
from landscape.campaign.rounds.phase import task_starts
from landscape.database.database import Database
from landscape.numerics.streams import stream
from landscape.optimize.newton import classify
from landscape.search.descent.gradient_flow import GradientFlow
from landscape.search.descent.sides import sides

TASK_STATES = 32
SIDES_FLOW = GradientFlow(tolerance=5e-4, distance=0.01, contraction=0.02)
DECIDING_FLOW = GradientFlow(tolerance=2e-6, distance=1e-3, contraction=0.01, max_steps=2000)


@dataclass(frozen=True, kw_only=True)
class RecomputedSides:
    """The ends [T, 2] of steepest descent from some transition states [T]."""

    energy: np.ndarray  # [T, 2]
    parameters: np.ndarray  # [T, 2, P]
    is_minimum: np.ndarray  # bool[T, 2]
    ambiguous: np.ndarray  # bool[T]
    on_saddle: np.ndarray  # bool[T]


@dataclass(frozen=True)
class SidesTask:
    """Descend from some transition states theta [T, P], with far less error if `again`."""

    theta: np.ndarray
    again: bool = False

    def run(self, context: Context) -> RecomputedSides:
        """The ends that the transition states join."""
        objective, flow = context.objective, DECIDING_FLOW if self.again else SIDES_FLOW
        theta = torch.tensor(self.theta, dtype=torch.float64, device=objective.device)
        joined = sides(objective, theta, classify(objective, theta).direction, flow, context.search.batch)
        canonical = objective.symmetry.canonical
        return RecomputedSides(
            energy=np.stack([end.energy.cpu().numpy() for end in joined.ends], 1),
            parameters=np.stack([canonical(end.theta.cpu().numpy()) for end in joined.ends], 1),
            is_minimum=np.stack([end.is_minimum.cpu().numpy() for end in joined.ends], 1),
            ambiguous=joined.ambiguous.cpu().numpy(),
            on_saddle=joined.on_saddle.cpu().numpy(),
        )


def sampled_states(db: Database, context: Context, wanted: int | None) -> np.ndarray:
    """Rising rows of the transition states whose sides are to be recomputed: `wanted` of them at random, or all."""
    count = len(db.transition_states) if context.objective.smooth else 0
    if wanted is None or wanted >= count:
        return np.arange(count)
    random = stream(context.settings.run.seed, count)
    return np.sort(random.choice(count, wanted, replace=False))


def sides_tasks(db: Database, rows: np.ndarray, *, again: bool = False) -> list[SidesTask]:
    """Tasks that descend from the transition states `rows` int64[S]."""
    parts = (rows[start : start + TASK_STATES] for start in task_starts(len(rows), TASK_STATES))
    return [SidesTask(db.transition_states.parameters[part], again) for part in parts]


def side_faults(
    db: Database,
    context: Context,
    pool: Pool,
    rows: np.ndarray,
    results: Sequence[RecomputedSides],
    interrupted: Callable[[], bool],
) -> list[str]:
    """Faults of the sides of transition states `rows` int64[S], by the results of their tasks; states that disagree are
    followed again by further tasks. Raises `Abandoned` once `interrupted()` is true.
    """
    doubted = np.array([row for row, _ in _disagreements(db, context, rows, results)], dtype=np.int64)
    tasks = sides_tasks(db, doubted, again=True)
    decided = pool.run(tasks, lambda: None, interrupted) if tasks else []
    return [fault for _, fault in _disagreements(db, context, doubted, decided)]


def _disagreements(
    db: Database, context: Context, rows: np.ndarray, results: Sequence[RecomputedSides]
) -> Iterator[tuple[int, str]]:
    """Faults of transition states `rows` [S] that join other minima than the file says, or lack the mark of ambiguity:
    the row and a sentence of each. Files of older programs do not have the mark.
    """
    if not results:
        return
    states, columns = db.transition_states, RecomputedSides.__dataclass_fields__
    found = {name: np.concatenate([getattr(result, name) for result in results]) for name in columns}
    index = PointIndex(context.objective.symmetry, context.identity)
    index.fill(db.minima.energy, db.minima.parameters)
    for place, row in enumerate(rows.tolist()):
        what, expected = f"transition state {row}", states.minima[row]
        if states.sides_ambiguous[row] or not ((expected >= 0) & (expected < len(db.minima))).all():
            continue
        theta, markable = found["parameters"][place], not np.isnan(states.log_determinant[row])
        if found["on_saddle"][place]:
            if markable:
                yield row, f"{what}: descent ends on a saddle, expected the mark of ambiguous sides"
        elif _are(context, theta, db, expected) or _are(context, theta, db, expected[::-1]):
            continue
        elif found["ambiguous"][place]:
            if markable:
                yield row, f"{what}: small errors decide where descent leads, expected the mark of ambiguous sides"
        elif not found["is_minimum"][place].all():
            yield row, f"{what}: descent reaches no minimum, expected {expected[0]} and {expected[1]}"
        else:
            reached = [index.find(*end) for end in zip(found["energy"][place].tolist(), theta, strict=True)]
            names = " and ".join("one that is not in the file" if end < 0 else str(end) for end in sorted(reached))
            yield row, f"{what}: descent reaches {names}, expected minima {expected[0]} and {expected[1]}"


def _are(context: Context, theta: np.ndarray, db: Database, minima: np.ndarray) -> bool:
    """True if points theta [2, P] are the minima of rows int64[2]; stored energies are not compared."""
    distance = context.objective.symmetry.distance(theta, db.minima.parameters[minima])
    return bool((distance <= context.identity.distance_tolerance).all())
