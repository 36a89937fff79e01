"""Cutting a batch of walkers into chunks that fit the cache or the memory of the device.

Results never depend on the chunk: every function cut here treats each row on its own.
"""

from collections.abc import Callable

import torch
from jaxtyping import Shaped
from torch import Tensor

# Working set of one chunk. Measured on iris 4-10-3 and digits 64-16-10 (see tests/benchmarks/chunk_size.py): on a CPU
# small chunks pay for each operation's overhead and large ones leave the caches, on a GPU only the memory bounds them.
CHUNK_BYTES = {"cpu": 6 * 2**20, "cuda": 2 * 2**30}
# Memory for the walkers that are in hand at a time: histories, Hessians (see tests/benchmarks/growth.py). On a CPU a
# step of a quench takes longer once these leave the caches; with fewer walkers each pays more of a step's overhead.
STATE_BYTES = {"cpu": 16 * 2**20, "cuda": 4 * 2**30}


def rows_per_chunk(doubles_per_row: int, device: torch.device) -> int:
    """Rows of a chunk whose working set is `doubles_per_row` float64 numbers a row; at least one."""
    return _rows(CHUNK_BYTES, doubles_per_row, device)


def walkers_in_hand(doubles_per_walker: int, device: torch.device) -> int:
    """Most walkers to hold at a time where `doubles_per_walker` float64 numbers are kept of each; at least one."""
    return _rows(STATE_BYTES, doubles_per_walker, device)


def _rows(budget: dict[str, int], doubles: int, device: torch.device) -> int:
    return max(1, budget.get(device.type, budget["cpu"]) // (8 * doubles))


def map_rows(
    function: Callable[..., Shaped[Tensor, "_n ..."]], rows: int, *arguments: Shaped[Tensor, "_W ..."]
) -> Shaped[Tensor, "W ..."]:
    """`function(*arguments)` evaluated on `rows` rows at a time and joined again along the leading axis.

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
    """As `map_rows`, for a function of one tensor with two results."""
    if len(argument) <= rows:
        return function(argument)
    first, second = zip(*(function(piece) for piece in torch.split(argument, rows)), strict=True)
    return torch.cat(first), torch.cat(second)
