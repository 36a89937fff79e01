"""Ways from guesses to transition states, by Krylov spaces and by exact Hessians: ``python -m
tests.benchmarks.following``.

    following  transition states from the same guesses, on bands between minima of random quenches, by both ways of
               eigenvector-following, and the time of a guess
    verdict    index of the minima and transition states found, by factors and by all eigenvalues: number of agreements,
               and time of a point, for the two ways to the lowest eigenvalues (`FACTORS_FROM`, `LANCZOS_FROM`)

Process CPU time on one thread. `--only NAME` takes one landscape.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from unittest.mock import patch

import click
import numpy as np
import torch
from torch import Tensor

from landscape.campaign.context import one_thread_per_task
from landscape.numerics import spectra
from landscape.numerics.factors import by_lanczos, by_reduction, factorise
from landscape.optimize.driver import take_rows
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.newton import StationaryPoints, newton_finish
from landscape.optimize.quench import quench
from landscape.problems.problem import Problem
from landscape.search import eigenvector_following
from landscape.search.bands import BandSettings, candidates, relax, straight_bands
from landscape.search.eigenvector_following import EigenvectorFollowing, follow

T = TypeVar("T")


@dataclass(frozen=True)
class Landscape:
    """A problem, the number of random quenches, and of guesses taken from bands between their nearest ends."""

    table: dict[str, object]
    quenches: int
    guesses: int


LANDSCAPES = {
    "iris 4-10-3, l2 = 1e-4": Landscape({"dataset": "iris", "hidden": [10], "l2": 1e-4}, 48, 96),
    "wine 13-10-3, l2 = 1e-3": Landscape({"dataset": "wine", "hidden": [10], "l2": 1e-3}, 64, 48),
    "digits 64-3-10, l2 = 1e-2": Landscape({"dataset": "digits", "subset": 200, "hidden": [3], "l2": 1e-2}, 48, 96),
    "digits 64-3-10, l2 = 1e-3": Landscape({"dataset": "digits", "subset": 200, "hidden": [3], "l2": 1e-3}, 32, 48),
}
POINTS = 40  # number of points of each kind whose verdicts are compared
IMAGES = 15


@click.command()
@click.option("--only", type=click.Choice([*LANDSCAPES]), help="One landscape.")
def main(only: str | None) -> None:
    """Prints the yield and the time of both ways of following and of both ways to a verdict."""
    with one_thread_per_task():
        for name in [only] if only else LANDSCAPES:
            _measure(name, LANDSCAPES[name])


def _measure(name: str, landscape: Landscape) -> None:
    problem = Problem(**landscape.table)  # type: ignore[arg-type] # a table of keys
    minima = _minima(problem, landscape.quenches)
    guesses = _guesses(problem, minima.theta)[: landscape.guesses]
    exact, krylov = (_followed(problem, guesses, limit) for limit in (problem.n_parameters, 0))
    click.echo(f"{name}, P = {problem.n_parameters}: {len(guesses)} guesses")
    for way, (found, seconds) in {"exact Hessians": exact, "Krylov spaces": krylov}.items():
        distinct = len(np.unique(found.energy.numpy().round(9)))
        states = f"{len(found)} transition states, {distinct} energies"
        click.echo(f"    following, {way}: {states}, {1e3 * seconds / len(guesses):.1f} ms a guess")
    click.echo(f"    ratio {exact[1] / krylov[1]:.2f}")
    _verdicts(problem, torch.cat([minima.theta[:POINTS], exact[0].theta[:POINTS]]))


def _minima(problem: Problem, count: int) -> StationaryPoints:
    """Distinct minima of `count` quenches, the lowest first."""
    starts = torch.tensor(np.random.default_rng(1).normal(size=(count, problem.n_parameters)))
    method = LBFGS(precondition=problem.cheap_hessian)
    found = quench(problem, starts, method=method, batch=64)
    rows = found.is_minimum.nonzero()[:, 0]
    rows = rows[found.energy[rows].argsort(stable=True)]
    new = np.diff(found.energy[rows].numpy(), prepend=-np.inf) > 1e-9
    return take_rows(found, rows[torch.from_numpy(new)])


def _guesses(problem: Problem, minima: Tensor) -> Tensor:
    """Maxima [C, 2, P] of bands between pairs of minima, the nearest first, and their tangents."""
    symmetry, theta = problem.symmetry, minima.numpy()
    one, other = np.triu_indices(len(theta), 1)
    nearest = np.argsort(symmetry.distance(theta[other], theta[one]), kind="stable")
    first = minima[one[nearest[:POINTS]]]
    last = torch.tensor(symmetry.align(theta[other[nearest[:POINTS]]], first.numpy()))
    found = candidates(problem, relax(problem, straight_bands(first, last, IMAGES), BandSettings()))
    return torch.stack([found.theta, found.tangent], 1)


def _followed(problem: Problem, guesses: Tensor, limit: int) -> tuple[StationaryPoints, float]:
    """Transition states found from guesses [C, 2, P], and seconds until the final Newton steps."""
    with patch.object(eigenvector_following, "EXACT_LIMIT", limit):
        follow(problem, guesses[:1], EigenvectorFollowing(max_steps=1), 64)
        state, seconds = _timed(lambda: follow(problem, guesses, EigenvectorFollowing(), 64))
    points = newton_finish(problem, state.theta)
    return take_rows(points, points.is_transition_state.nonzero()[:, 0]), seconds


def _verdicts(problem: Problem, theta: Tensor) -> None:
    hessian, threshold = problem.hessian(theta), problem.curvature_threshold
    verdicts = []
    for limit in (problem.n_parameters + 1, 0):
        with patch.object(spectra, "FACTORS_FROM", limit):
            spectra.curvature(hessian[:1], threshold)
            verdicts.append(_timed(lambda: spectra.curvature(hessian, threshold)))
    (whole, slow), (quick, fast) = verdicts
    same = (whole.index == quick.index) & (whole.log_determinant - quick.log_determinant).abs().lt(1e-8)
    factors, factored = _timed(lambda: factorise(hessian))
    by_lanczos(hessian[:1], factorise(hessian[:1]))
    _, lanczos = _timed(lambda: by_lanczos(hessian, factors))
    _, reduction = _timed(lambda: by_reduction(hessian, factors))
    times = [1e3 * seconds / len(theta) for seconds in (slow, fast, factored, lanczos, reduction)]
    click.echo(
        f"    verdicts: {int(same.sum())} of {len(theta)} agree; milliseconds a point: all eigenvalues {times[0]:.2f}, "
        f"by factors {times[1]:.2f}; factors {times[2]:.2f}, two eigenvalues by Lanczos {times[3]:.2f}, by reduction "
        f"{times[4]:.2f}"
    )


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begin = time.process_time()
    result = work()
    return result, time.process_time() - begin


if __name__ == "__main__":
    main()
