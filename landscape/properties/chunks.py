"""Averages over samples of functions that give one value a minimum and sample, in bounded memory.

The samples are cut first, by the width of the network alone, then the minima by what is left of the working
set of `numerics.batching`. A value of a minimum therefore never depends on how many minima are measured with it.

Shapes: M minima, N samples.
"""

from collections.abc import Callable

from torch import Tensor

from landscape.numerics.batching import rows_per_chunk
from landscape.problems.problem import Problem
from landscape.properties.settings import Samples


def samples_per_chunk(problem: Problem) -> int:
    """Samples of which one minimum fills at most a working set."""
    return rows_per_chunk(_numbers_per_sample(problem), problem.device)


def minima_per_block(problem: Problem) -> int:
    """Minima that fill a working set together with one chunk of samples."""
    n_samples = min(len(problem.inputs), samples_per_chunk(problem))
    return rows_per_chunk(_numbers_per_sample(problem) * n_samples, problem.device)


def sample_mean(function: Callable[[Samples], dict[str, Tensor]], samples: Samples, chunk: int) -> dict[str, Tensor]:
    """Means over axis 1 of the tensors [M, n, ...] that `function` gives for each n <= `chunk` of the samples."""
    totals: dict[str, Tensor] = {}
    for start in range(0, len(samples.inputs), chunk):
        found = function(samples.part(slice(start, start + chunk)))
        for name, values in found.items():
            total = values.sum(1)
            totals[name] = totals[name] + total if name in totals else total
    return {name: total / len(samples.inputs) for name, total in totals.items()}


def _numbers_per_sample(problem: Problem) -> int:
    network = problem.network
    return network.doubles_per_walker_and_sample + 4 * network.n_inputs + network.n_outputs**2
