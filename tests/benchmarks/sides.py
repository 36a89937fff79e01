"""Sides of transition states by the search's flow and by the former descent, compared with LSODA, and their times.

    python -m tests.benchmarks.sides iris.h5 --states 100

draws states of a database at random. It prints the number of correct sides by either way, the states that the search
marks as ambiguous and those for which LSODA ends on a saddle, and the ratio of the processor times, the best of three
of each.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor

from landscape.campaign.context import one_thread_per_task
from landscape.campaign.preparation import stored_context
from landscape.database.database import open_database
from landscape.objective import Objective
from landscape.optimize.driver import take_rows
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.newton import StationaryPoints, newton_finish
from landscape.optimize.quench import quench
from landscape.search.descent.gradient_flow import GradientFlow
from landscape.search.descent.sides import sides
from tests.search.integrator import End, descended, lowest_direction

Ends = tuple[StationaryPoints, StationaryPoints]
BATCH = 64


def old_descent(objective: Objective, points: StationaryPoints, method: LBFGS) -> Ends:
    """The minima by a push off the state and a quench of short steps, the method before the flow was followed."""
    wanted = 1e-5 * points.theta.shape[1] ** 0.5 / points.values[:, 0].abs()
    push = wanted.clamp(0.01, 0.2)[:, None] * points.direction
    starts = torch.cat([points.theta + push, points.theta - push])
    ends = quench(objective, starts, method=replace(method, max_step=min(0.1, method.max_step)), batch=BATCH)
    half = torch.arange(len(points))
    return take_rows(ends, half), take_rows(ends, half + len(points))


def right(objective: Objective, truth: list[tuple[End, End]], ends: Ends) -> np.ndarray:
    """Mask bool[T, 2] of sides that agree with LSODA; false where LSODA ended on a saddle."""
    columns = []
    for side, points in enumerate(ends):
        theirs = np.stack([both[side].theta for both in truth])
        same = objective.symmetry.distance(points.theta.numpy(), theirs) <= 1e-3
        same &= np.abs(points.energy.numpy() - [both[side].energy for both in truth]) <= 1e-9
        columns.append(same & points.is_minimum.numpy())
    return np.stack(columns, 1)


def best(ways: Sequence[Callable[[], Any]], repeats: int = 3) -> tuple[list[Any], list[float]]:
    """Results of several functions and the least processor seconds of each, measured in turn."""
    seconds: list[list[float]] = [[] for _ in ways]
    results: list[Any] = [None] * len(ways)
    for _ in range(repeats):
        for number, way in enumerate(ways):
            began = time.process_time()
            results[number] = way()
            seconds[number].append(time.process_time() - began)
    return results, [min(times) for times in seconds]


def compare(objective: Objective, theta: Tensor, method: LBFGS) -> None:
    """Prints the comparison for transition states theta [T, P]."""
    direction = lowest_direction(objective, theta)
    points = replace(newton_finish(objective, theta), direction=direction)
    new = partial(sides, objective, points.theta, direction, GradientFlow(), BATCH)
    old = partial(old_descent, objective, points, method)
    (joined, before), (new_seconds, old_seconds) = best([new, old])
    truth = [
        (descended(objective, point, along), descended(objective, point, -along))
        for point, along in zip(points.theta, direction, strict=True)
    ]
    on_saddle = np.array([[end.negative > 0 for end in both] for both in truth])
    clear = ~on_saddle.any(1) & ~joined.ambiguous.numpy()
    for name, ends in (("flow", joined.ends), ("old descent", before)):
        same = right(objective, truth, ends)[clear]
        click.echo(f"{name}: {same.all(1).sum()} of {len(same)} states right, {same.sum()} of {same.size} sides")
    marked = np.flatnonzero(joined.ambiguous).tolist()
    click.echo(f"ambiguous: marked {marked}, by LSODA {np.flatnonzero(on_saddle.any(1)).tolist()}")
    count = 2 * len(theta)
    click.echo(
        f"milliseconds a side: flow {1e3 * new_seconds / count:.2f}, old {1e3 * old_seconds / count:.2f}, "
        f"ratio {new_seconds / old_seconds:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--states", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with open_database(given.file) as db:
        context = stored_context(db.problem_record, "cpu")
        rows = np.random.default_rng(given.seed).permutation(len(db.transition_states))[: given.states]
        theta = torch.tensor(db.transition_states.parameters[np.sort(rows)])
    with one_thread_per_task():
        compare(context.objective, theta, context.quench)


if __name__ == "__main__":
    main()
