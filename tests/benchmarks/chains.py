"""Joining of pairs of distant minima, by one attempt each and by chains, in one run.

    python -m tests.benchmarks.chains                          six pairs of 64-3-10 on 200 digits, l2 = 1e-3
    python -m tests.benchmarks.chains --large --pairs 5        random pairs of quenches of 64-24-10 on all 1797 digits

The six pairs lie at equal steps in the longer half of the edges of the minimum spanning tree of the 40 lowest minima of
`--quenches` independent quenches. Seconds are CPU seconds of one core.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import click
import numpy as np
import torch
from scipy.sparse.csgraph import minimum_spanning_tree
from torch import Tensor

from landscape.campaign.context import one_thread_per_task
from landscape.database.sampled import QUENCHES, SampledPairs
from landscape.numerics.streams import stream
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.quench import quench
from landscape.problems.problem import Problem
from landscape.search.chain_graph import Effort
from landscape.search.chains import ChainSettings, chains
from landscape.search.transition_states import SearchSettings, connect
from landscape.studies.samples.barriers import BOUNDS, barriers, climbs

LOWEST, CHOSEN = 40, 6
T = TypeVar("T")


def timed(call: Callable[[], T]) -> tuple[float, T]:
    """CPU seconds and the result of a call."""
    begun = time.process_time()
    found = call()
    return time.process_time() - begun, found


def quenched(problem: Problem, count: int) -> Tensor:
    """The minima [n, P] that quenches from normal starts reach."""
    starts = np.array([stream(0, number).standard_normal(problem.n_parameters) for number in range(count)])
    points = quench(problem, torch.tensor(starts), method=LBFGS(precondition=problem.cheap_hessian), batch=16)
    return points.theta[points.is_minimum.nonzero()[:, 0]]


def spanning_pairs(problem: Problem, theta: Tensor) -> list[tuple[int, int]]:
    """Pairs of rows of the lowest minima: edges of their spanning tree, at equal steps in the longer half."""
    lowest = problem.energy(theta).argsort()[:LOWEST].tolist()
    minima = theta[lowest].numpy()
    distance = np.array([problem.symmetry.distance(minima, np.broadcast_to(one, minima.shape)) for one in minima])
    tree = minimum_spanning_tree(distance).tocoo()
    order = np.argsort(tree.data)
    click.echo(f"  spanning tree of the {LOWEST} lowest: median edge {np.median(tree.data):.2f}")
    edges = order[np.linspace(len(order) // 2, len(order) - 1, CHOSEN).round().astype(int)]
    return [(lowest[tree.row[edge]], lowest[tree.col[edge]]) for edge in edges]


def single(problem: Problem, first: Tensor, last: Tensor) -> bool:
    """True if one attempt with the settings of a search joins the two minima."""
    aligned = torch.tensor(problem.symmetry.align(last.numpy(), first.numpy()))
    images = np.clip(3.0 * (aligned - first).norm(dim=1).numpy(), 10, 50).astype(int)
    found = connect(problem, first, aligned, images, SearchSettings())
    for sides in zip(*(side.theta.numpy() for side in found.sides), strict=True):
        for one, other in (sides, sides[::-1]):
            ends = problem.symmetry.distance(np.stack([one, other]), np.concatenate([first.numpy(), last.numpy()]))
            if (ends < 1e-3).all():
                return True
    return False


@click.command()
@click.option("--large", is_flag=True, help="64-24-10 on all digits.")
@click.option("--quenches", default=60, show_default=True)
@click.option("--pairs", default=5, show_default=True, help="Random pairs of --large.")
@click.option("--attempts", default=40, show_default=True, help="Most bands for a pair.")
def main(*, large: bool, quenches: int, pairs: int, attempts: int) -> None:
    """Print the number of joined pairs, and CPU seconds an attempt."""
    settings = ChainSettings(effort=Effort(attempts=attempts))
    with one_thread_per_task():
        if large:
            problem = Problem(dataset="digits", hidden=(24,), l2=1e-3)
        else:
            problem = Problem(dataset="digits", subset=200, hidden=(3,), l2=1e-3)
        seconds, theta = timed(lambda: quenched(problem, quenches))
        click.echo(
            f"P = {problem.n_parameters}: {len(theta)} minima of {quenches} quenches, {seconds / quenches:.2f} s each"
        )
        if large:
            rows = [tuple(stream(1, pair).choice(len(theta), 2, replace=False).tolist()) for pair in range(pairs)]
        else:
            rows = spanning_pairs(problem, theta)
            once = [timed(lambda: single(problem, theta[[i]], theta[[j]])) for i, j in rows]  # noqa: B023 - called at once
            joined, spent = sum(ok for _, ok in once), sum(seconds for seconds, _ in once)
            click.echo(f"  one attempt: {joined} of {len(rows)} joined, {spent / len(rows):.2f} s an attempt")
        by_chains(problem, theta, rows, settings)


def by_chains(problem: Problem, theta: Tensor, rows: list[tuple[int, int]], settings: ChainSettings) -> None:
    """Join pairs of rows of theta [n, P] by chains, one at a time, and print a line for each pair and for all."""
    total, parts = 0.0, []
    for i, j in rows:
        seconds, found = timed(lambda: chains(problem, theta[[i]], theta[[j]], settings))  # noqa: B023 - called at once
        (graph,) = found.graphs
        total += seconds
        parts.append(
            SampledPairs(
                ends_of=np.array([QUENCHES]),
                rows=np.array([[i, j]]),
                energies=problem.energy(theta[[i, j]]).numpy()[None],
                straight=found.straight,
                band=found.band,
                certified=np.array([graph.highest[0]]),
                joined=np.array([graph.joined]),
                attempts=np.array([graph.attempts]),
                parameters=np.full((1, theta.shape[1]), np.nan),
            )
        )
        bounds = "  ".join(f"{name} {values[0]:.6f}" for name, values in climbs(parts[-1]).items())
        click.echo(
            f"    {i:>3} {j:>3}  {'joined' if graph.joined else 'open  '} {graph.attempts:>3} attempts "
            f"{len(graph.states):>3} states {seconds:>7.1f} s  {bounds}",
        )
    pairs = SampledPairs.concatenated(parts)
    attempts, states = int(pairs.attempts.sum()), barriers(pairs)
    click.echo(
        f"  chains: {states.joined} of {len(pairs)} joined, {attempts} attempts, {total / max(1, attempts):.2f} s each"
    )
    for name in BOUNDS:
        one = states.bounds[name]
        click.echo(f"    {name:<10} median {one.value:.6f}, 95 % interval {one.low:.6f} to {one.high:.6f}")


if __name__ == "__main__":
    main()
