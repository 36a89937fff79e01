"""Cutting a batch of walkers into chunks that fit the cache or the memory of the device.

Results never depend on the chunk: every function cut here treats each row on its own.
"""

from collections.abc import Callable

import torch
from torch import Tensor

# Working set of one chunk. Measured on iris 4-10-3 (see tests/benchmarks/chunk_size.py): on a CPU the energy call is
# fastest while a chunk stays inside the second-level cache, on a GPU only the memory bounds it.
CHUNK_BYTES = {"cpu": 3 * 2**20, "cuda": 2 * 2**30}


def rows_per_chunk(doubles_per_row: int, device: torch.device) -> int:
    """Rows of a chunk whose working set is `doubles_per_row` float64 numbers a row; at least one."""
    return max(1, CHUNK_BYTES.get(device.type, CHUNK_BYTES["cpu"]) // (8 * doubles_per_row))


def map_rows(function: Callable[..., Tensor], rows: int, *arguments: Tensor) -> Tensor:
    """`function(*arguments)` evaluated on `rows` rows at a time and joined again along the leading axis."""
    if len(arguments[0]) <= rows:
        return function(*arguments)
    pieces = zip(*(torch.split(argument, rows) for argument in arguments), strict=True)
    return torch.cat([function(*piece) for piece in pieces])


def map_row_pairs(
    function: Callable[[Tensor], tuple[Tensor, Tensor]], rows: int, argument: Tensor
) -> tuple[Tensor, Tensor]:
    """As `map_rows`, for a function of one tensor with two results."""
    if len(argument) <= rows:
        return function(argument)
    first, second = zip(*(function(piece) for piece in torch.split(argument, rows)), strict=True)
    return torch.cat(first), torch.cat(second)
