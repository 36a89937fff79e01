"""Time of a batched energy-gradient call per walker, for several sizes of a chunk: ``python -m
tests.benchmarks.chunk_size``.

`CHUNK_BYTES` of `landscape.numerics.batching` is chosen by this: few rows pay for the overhead of each operation, many
rows no longer fit into the cache. Rounds over all sizes repeat, and the least time of each size counts.
"""

import time

import click
import torch

from landscape.config.fields import DATASETS
from landscape.problems.problem import Problem

WALKERS = 1024
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@click.command()
@click.option("--dataset", type=click.Choice(DATASETS), default="iris", show_default=True, help="Known data set.")
@click.option("--hidden", type=int, multiple=True, default=(10,), show_default=True, help="Units of each hidden layer.")
@click.option("--rounds", type=click.IntRange(min=1), default=10, show_default=True, help="Repetitions.")
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
def main(dataset: str, hidden: tuple[int, ...], rounds: int, device: str) -> None:
    """Time of an energy-gradient call per walker for several chunk sizes, on one thread."""
    torch.set_num_threads(1)
    problem = Problem(dataset=dataset, hidden=list(hidden), l2=1e-4, device=device)
    theta = torch.randn(WALKERS, problem.n_parameters, dtype=torch.float64, device=device)
    chosen = problem._energy.batched.rows
    sizes = sorted({*ROWS, chosen})
    times = [[_seconds(problem, theta, rows) for rows in sizes] for _ in range(rounds)]
    best = dict(zip(sizes, map(min, zip(*times, strict=True)), strict=True))
    bytes_per_row = 8 * problem.network.doubles_per_walker_and_sample * len(problem.inputs)
    click.echo("| rows | MiB | us per walker |\n|---|---|---|")
    for rows, seconds in best.items():
        mark = " (chosen)" if rows == chosen else ""
        click.echo(f"| {rows}{mark} | {rows * bytes_per_row / 2**20:.2f} | {1e6 * seconds / WALKERS:.1f} |")


def _seconds(problem: Problem, theta: torch.Tensor, rows: int) -> float:
    """Process CPU seconds of one call for all walkers; wall-clock seconds on a GPU."""
    clock = time.process_time if theta.device.type == "cpu" else time.perf_counter
    problem._energy.batched.rows = rows
    begin = clock()
    energy, _ = problem._energy.batched.energy_and_gradient(theta)
    energy.sum().item()
    return clock() - begin


if __name__ == "__main__":
    main()
