"""Growth of the costs of the core, on one core: ``python -m tests.benchmarks.growth``.

    walkers    time of a call of a quench for a walker, and the peak memory, by the number of simultaneous walkers
    P, N       time of an energy-gradient call by the hidden units and by the samples: exponent of the fit of log time
               by log P or log N, and the largest between two neighbours
    Hessian    time of a step of eigenvector-following, exact and in a Krylov space, and of a quench with and without
               Hessians: the size at which the faster way changes, and the limit at which the project changes it

Process CPU time on one thread, the least of several repetitions.
"""

import math
import resource
import time
from collections.abc import Callable, Sequence
from unittest.mock import patch

import click
import numpy as np
import torch

from landscape.campaign.context import one_thread_per_task
from landscape.config.tables import ProblemConfig
from landscape.numerics.batching import STATE_BYTES
from landscape.optimize.driver import in_hand, run_all
from landscape.optimize.lbfgs.method import LBFGS
from landscape.problems.data.datasets import from_arrays
from landscape.problems.energies.compiled import CHEAP_HESSIAN_PARAMETERS
from landscape.problems.problem import Problem
from landscape.search import eigenvector_following
from landscape.search.eigenvector_following import EXACT_LIMIT, EigenvectorFollowing

WALKERS = (64, 1024, 16384)
STARTS = 2048  # smallest number of starts
CALLS = 48  # calls of a quench, enough for a full history and a Hessian
ROUNDS = 2
HIDDEN = (2, 5, 10, 20, 50, 100, 200)
SAMPLES = (150, 500, 1500, 5000, 15000, 50000, 100000)
SHAPES = {"4-H-3": (4, 3), "64-H-10": (64, 10)}
FOLLOWED = {"iris": (3, 6, 10, 20), "wine": (1, 2, 4, 8), "digits": (1, 2, 3)}
SHORTEST = 0.02  # least seconds of a measurement
QUENCHED = {"iris": (10, 15, 20, 25, 30), "moons": (20, 30, 40), "breast_cancer": (2, 4, 6)}


@click.command()
@click.option("--most", type=click.IntRange(min=64), default=WALKERS[-1], show_default=True, help="Most walkers.")
def main(most: int) -> None:
    """Prints one table of cost by walkers, parameters and samples, and the size at which Hessians stop paying."""
    with one_thread_per_task():
        rows = [
            _walkers([count for count in WALKERS if count <= most]),
            *(_energy_by_parameters(name) for name in SHAPES),
            *(_energy_by_samples(name) for name in SHAPES),
            *(_crossing("following step", name, _following, EXACT_LIMIT, units) for name, units in FOLLOWED.items()),
            *(_crossing("quench", name, _quench, CHEAP_HESSIAN_PARAMETERS, units) for name, units in QUENCHED.items()),
        ]
    click.echo("\n".join(["| cost of | against | measured | result |", "|---|---|---|---|", *rows]))


def _walkers(counts: Sequence[int]) -> str:
    """Row for quenches of at most `CALLS` calls; fewer walkers than `STARTS` refill their places."""
    problem = Problem(dataset="iris", hidden=[10], l2=1e-3)
    method = LBFGS(precondition=problem.cheap_hessian, max_calls=CALLS)
    starts = torch.tensor(np.random.default_rng(0).normal(size=(counts[-1], problem.n_parameters)))
    _quenches(method, problem, starts[: counts[0]], counts[0])
    before = _peak_memory()
    rounds = [[_quenches(method, problem, starts[: max(STARTS, n)], n) for n in counts] for _ in range(ROUNDS)]
    times = [min(column) for column in zip(*rounds, strict=True)]
    held = in_hand(method, problem, counts[-1])
    return _row(
        "a call of a quench, iris-10",
        f"{', '.join(map(str, counts))} walkers",
        ", ".join(f"{1e6 * seconds:.1f}" for seconds in times) + " us",
        f"largest to least {max(times) / min(times):.2f}; {held} in hand ({STATE_BYTES['cpu'] >> 20} MiB); "
        f"at the peak {(_peak_memory() - before) / 2**20:.0f} MiB more than before",
    )


def _quenches(method: LBFGS, problem: Problem, starts: torch.Tensor, batch: int) -> float:
    """Process CPU seconds of one call of one walker."""
    begin = time.process_time()
    calls = run_all(method, problem, starts, batch).calls.sum()
    return (time.process_time() - begin) / int(calls)


def _energy_by_parameters(name: str) -> str:
    samples = {"4-H-3": 150, "64-H-10": 1797}[name]
    problems = [_made_up(name, hidden, samples) for hidden in HIDDEN]
    sizes = [problem.n_parameters for problem in problems]
    return _energies(f"{name}, N = {samples}", f"H = {HIDDEN[0]} to {HIDDEN[-1]}", "P", sizes, problems)


def _energy_by_samples(name: str) -> str:
    hidden = {"4-H-3": 10, "64-H-10": 16}[name]
    problems = [_made_up(name, hidden, samples) for samples in SAMPLES]
    return _energies(f"{name}, H = {hidden}", f"N = {SAMPLES[0]} to {SAMPLES[-1]}", "N", SAMPLES, problems)


def _energies(place: str, span: str, symbol: str, sizes: Sequence[int], problems: Sequence[Problem]) -> str:
    times = [_energy_seconds(problem) for problem in problems]
    exponent = np.polyfit(np.log(sizes), np.log(times), 1)[0]
    local = np.diff(np.log(times)) / np.diff(np.log(sizes))
    return _row(
        f"an energy and gradient, {place}",
        span,
        f"{1e6 * times[0]:.1f} to {1e6 * times[-1]:.0f} us",
        f"exponent in {symbol} {exponent:.2f}, at most {local.max():.2f} between neighbours",
    )


def _made_up(name: str, hidden: int, samples: int) -> Problem:
    inputs, classes = SHAPES[name]
    data = from_arrays(np.random.default_rng(0).normal(size=(samples, inputs)), np.arange(samples) % classes)
    config = ProblemConfig.from_table({"dataset": "made-up.npz", "hidden": [hidden], "l2": 1e-4})
    return Problem.from_data(config, data)


def _energy_seconds(problem: Problem) -> float:
    theta = _points(problem, 8)
    return _least(lambda: problem.energy_and_gradient(theta)) / len(theta)


def _crossing(
    work: str,
    dataset: str,
    measure: Callable[[Problem], tuple[float, float]],
    limit: int,
    units: Sequence[int],
) -> str:
    """Row with the size at which the second way becomes faster, interpolated in logarithms."""
    problems = [Problem(dataset=dataset, hidden=[hidden], l2=1e-4) for hidden in units]
    sizes = [problem.n_parameters for problem in problems]
    ratios = [exact / other for exact, other in map(measure, problems)]
    return _row(
        f"a {work} with Hessians to one without, {dataset}",
        f"P = {', '.join(map(str, sizes))}",
        ", ".join(f"{ratio:.2f}" for ratio in ratios),
        f"equal at P = {_where_one(sizes, ratios)}; limit {limit}",
    )


def _following(problem: Problem) -> tuple[float, float]:
    """Seconds of a step with an exact Hessian, and in a Krylov space."""
    method, guesses = (
        EigenvectorFollowing(),
        torch.stack([_points(problem, 8), torch.randn(8, problem.n_parameters, dtype=torch.float64)], 1),
    )

    def seconds(limit: int) -> float:
        with patch.object(eigenvector_following, "EXACT_LIMIT", limit):
            state = method.init(problem, guesses)
            return _least(lambda: method.step(problem, state), 3)

    return seconds(problem.n_parameters), seconds(0)


def _quench(problem: Problem) -> tuple[float, float]:
    """Seconds of quenches with and without Hessians."""
    starts = torch.tensor(np.random.default_rng(0).normal(size=(32, problem.n_parameters)))
    with_hessians = _least(lambda: run_all(LBFGS(precondition=True), problem, starts, 32), 3)
    return with_hessians, _least(lambda: run_all(LBFGS(), problem, starts, 32), 3)


def _where_one(sizes: Sequence[int], ratios: Sequence[float]) -> str:
    if ratios[0] > 1.0:
        return f"less than {sizes[0]}"
    for place in range(1, len(sizes)):
        if ratios[place] > 1.0:
            low, high = math.log(ratios[place - 1]), math.log(ratios[place])
            return f"{sizes[place - 1] * (sizes[place] / sizes[place - 1]) ** (-low / (high - low)):.0f}"
    return f"more than {sizes[-1]}"


def _points(problem: Problem, walkers: int) -> torch.Tensor:
    return torch.tensor(0.5 * np.random.default_rng(1).normal(size=(walkers, problem.n_parameters)))


def _least(work: Callable[[], object], repetitions: int = 5) -> float:
    """The least process CPU seconds of a piece of work, after a warm-up; short work is repeated."""
    work()
    number = max(1, int(SHORTEST / max(_seconds(work), 1e-6)))
    return min(_seconds(work, number) for _ in range(repetitions)) / number


def _seconds(work: Callable[[], object], number: int = 1) -> float:
    begin = time.process_time()
    for _ in range(number):
        work()
    return time.process_time() - begin


def _peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
