"""Cutting a batch of walkers into chunks that fit the cache or the memory of the device.

Results never depend on the chunk: every function cut here treats each row on its own.
"""

from collections.abc import Callable

import torch
from jaxtyping import Shaped
from torch import Tensor

# Working set of one chunk. Measured on iris 4-10-3 and digits 64-16-10 (see tests/benchmarks/chunk_size.py): on a CPU
# small chunks suffer from the overhead of each operation and large ones leave the caches; on a GPU only memory matters.
CHUNK_BYTES = {"cpu": 6 * 2**20, "cuda": 2 * 2**30}
# Memory for the states (histories, Hessians) of the walkers held at a time, see tests/benchmarks/growth.py. On a CPU a
# quench step slows down once the states leave the caches; fewer walkers share the overhead of a step less well.
STATE_BYTES = {"cpu": 16 * 2**20, "cuda": 4 * 2**30}


def rows_per_chunk(doubles_per_row: int, device: torch.device) -> int:
    """Number of rows of a chunk with a working set of `doubles_per_row` float64 numbers per row; at least one."""
    return _rows(CHUNK_BYTES, doubles_per_row, device)


def walkers_in_hand(doubles_per_walker: int, device: torch.device) -> int:
    """Largest number of walkers to hold at a time, each with `doubles_per_walker` float64 numbers; at least one."""
    return _rows(STATE_BYTES, doubles_per_walker, device)


def _rows(budget: dict[str, int], doubles: int, device: torch.device) -> int:
    return max(1, budget.get(device.type, budget["cpu"]) // (8 * doubles))


def map_rows(
    function: Callable[..., Shaped[Tensor, "_n ..."]], rows: int, *arguments: Shaped[Tensor, "_W ..."]
) -> Shaped[Tensor, "W ..."]:
    """`function(*arguments)` evaluated on `rows` rows at a time, with the results joined along the leading axis.

    Raises ValueError for arguments that need different numbers of chunks.
    """
    if len(arguments[0]) <= rows:
        return function(*arguments)
    pieces = zip(*(torch.split(argument, rows) for argument in arguments), strict=True)
    return torch.cat([function(*piece) for piece in pieces])


def map_row_pairs(
    function: Callable[[Shaped[Tensor, "_n ..."]], tuple[Shaped[Tensor, "_n ..."], Shaped[Tensor, "_n ..."]]],
    rows: int,
    argument: Shaped[Tensor, "W ..."],
) -> tuple[Shaped[Tensor, "W ..."], Shaped[Tensor, "W ..."]]:
    """`map_rows` for a function of one tensor with two results."""
    if len(argument) <= rows:
        return function(argument)
    first, second = zip(*(function(piece) for piece in torch.split(argument, rows)), strict=True)
    return torch.cat(first), torch.cat(second)
