"""Functions that give one value a minimum and sample, and their averages over the samples, in bounded memory.

The samples are cut first, by the width of the network alone, then the minima, by what remains of the working set of
`numerics.batching`. So the value of a minimum is the same sum over the same chunks however many minima are measured
with it; only a matrix product may round its terms differently for another number of minima.

Shapes: M minima, N samples, E perturbation sizes.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from landscape.numerics.batching import rows_per_chunk
from landscape.problems.problem import Problem
from landscape.properties.draws import Samples

OfBlock = Callable[[Float[Tensor, "M P"], slice], dict[str, Shaped[Tensor, "M n ..."]]]
"""Values of a block of minima on a run of n samples, by name."""


def samples_per_chunk(problem: Problem) -> int:
    """Largest number of samples with which one minimum fits into a working set."""
    return rows_per_chunk(_numbers_per_sample(problem), problem.device)


def minima_per_block(problem: Problem) -> int:
    """Number of minima that fill a working set together with one chunk of samples."""
    n_samples = min(len(problem.inputs), samples_per_chunk(problem))
    return rows_per_chunk(_numbers_per_sample(problem) * n_samples, problem.device)


def sample_mean(
    function: Callable[[Samples], dict[str, Shaped[Tensor, "M n ..."]]], samples: Samples, chunk: int
) -> dict[str, Float[Tensor, "M ..."]]:
    """Means over axis 1 of the tensors [M, n, ...] that `function` gives for each chunk of n <= `chunk` samples."""
    totals: dict[str, Tensor] = {}
    for start in range(0, len(samples.inputs), chunk):
        found = function(samples.part(slice(start, start + chunk)))
        for name, values in found.items():
            total = values.sum(1)
            totals[name] = totals[name] + total if name in totals else total
    return {name: total / len(samples.inputs) for name, total in totals.items()}


def stack_sizes(columns: Sequence[dict[str, Shaped[Tensor, "M N"]]]) -> dict[str, Shaped[Tensor, "M N E"]]:
    """Values [M, N, E] by name, stacked from the values [M, N] at each of E perturbation sizes."""
    return {name: torch.stack([column[name] for column in columns], 2) for name in columns[0]}


def map_blocks(
    function: OfBlock, doubles: int, theta: Float[Tensor, "M P"], n_samples: int
) -> dict[str, Shaped[Tensor, "M N ..."]]:
    """The tensors of `function`, called for blocks of theta and runs of samples with a working set of `doubles` float64
    numbers a minimum and sample. The samples are cut first.
    """
    length = min(rows_per_chunk(doubles, theta.device), n_samples)
    parts = [slice(start, min(start + length, n_samples)) for start in range(0, n_samples, length)]
    rows = []
    for block in torch.split(theta, rows_per_chunk(doubles * length, theta.device)):
        runs = [function(block, part) for part in parts]
        rows.append({name: torch.cat([run[name] for run in runs], 1) for name in runs[0]})
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}


def _numbers_per_sample(problem: Problem) -> int:
    network = problem.network
    return network.doubles_per_walker_and_sample + 4 * network.n_inputs + network.n_outputs**2
