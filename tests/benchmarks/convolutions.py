"""Networks with convolutions, compared with batched tensors and dense networks: ``python -m
tests.benchmarks.convolutions``.

    gradient, Hessian    of a walker, by the fastest form and by batched tensors, which are the reference
    dense                gradient and Hessian of a dense network of one hidden layer with about as many parameters, on
                         the same samples, and the ratio of the multiplications in the two forward passes

Process CPU time on one thread, the least of several rounds, which take turns.
"""

import time
from collections.abc import Callable

import click
import torch

from landscape.campaign.context import one_thread_per_task
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.problem import Problem

WALKERS = 2
NETWORKS: dict[str, dict[str, object]] = {
    "4 channels, 3 x 3, pooled to 2 x 2": {
        "subset": 100,
        "convolution": [{"channels": 4, "kernel": 3, "pool": 3}],
        "hidden": [],
    },
    "8 and 8 channels, pooled once, 8 units": {
        "subset": 200,
        "convolution": [{"channels": 8, "kernel": 3, "pool": 2}, {"channels": 8, "kernel": 2}],
        "hidden": [8],
    },
}


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=10, show_default=True, help="Repetitions.")
def main(rounds: int) -> None:
    """Prints one table of the cost of gradients and Hessians of convolutional networks on digits."""
    click.echo(
        "| network | P | work | compiled | batched | ratio | dense, P | ratio | multiplications |\n|" + "---|" * 9
    )
    with one_thread_per_task():
        for name, table in NETWORKS.items():
            for row in _rows(table, rounds):
                click.echo(f"| {name} | {' | '.join(row)} |")


def _rows(table: dict[str, object], rounds: int) -> list[list[str]]:
    conv = Problem(dataset="digits", l2=1e-3, **table)  # type: ignore[arg-type]
    units = round((conv.n_parameters - 10) / (conv.network.n_inputs + 11))
    dense = Problem(dataset="digits", subset=table["subset"], hidden=[units], l2=1e-3)
    theta, other = _points(conv), _points(dense)
    batched = conv._energy.batched
    times = _least(
        [
            lambda: conv.energy_and_gradient(theta),
            lambda: batched.energy_and_gradient(theta),
            lambda: dense.energy_and_gradient(other),
            lambda: conv.hessian(theta),
            lambda: batched.hessian(theta),
            lambda: dense.hessian(other),
        ],
        rounds,
    )
    share = f"{_multiplications(conv) / _multiplications(dense):.1f}"
    return [
        _row(work, conv.n_parameters, found, dense.n_parameters, share)
        for work, found in (("gradient", times[:3]), ("Hessian", times[3:]))
    ]


def _row(work: str, parameters: int, times: list[float], others: int, share: str) -> list[str]:
    compiled, batched, dense = times
    figures = f"{compiled:.3f} ms", f"{batched:.3f} ms", f"{batched / compiled:.1f}"
    return [str(parameters), work, *figures, f"{dense:.3f} ms, {others}", f"{compiled / dense:.1f}", share]


def _multiplications(problem: Problem) -> int:
    """Number of multiplications in a forward pass of a sample."""
    assert isinstance(problem.network, LayeredNetwork)
    return sum(layer.n_units * layer.n_in for layer in problem.network.layers)


def _points(problem: Problem) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return 0.5 * torch.randn(WALKERS, problem.n_parameters, dtype=torch.float64, generator=generator)


def _least(works: list[Callable[[], object]], rounds: int) -> list[float]:
    """Least process CPU milliseconds of a walker in each piece of work, after a warm-up of all pieces."""
    for work in works:
        work()
    times = [[_seconds(work) for work in works] for _ in range(rounds)]
    return [1e3 * min(column) / WALKERS for column in zip(*times, strict=True)]


def _seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
