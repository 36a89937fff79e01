"""Division of batches into chunks: results do not depend on it."""

import pytest
import torch

from landscape.numerics.batching import (
    CHUNK_BYTES,
    STATE_BYTES,
    map_row_pairs,
    map_rows,
    rows_per_chunk,
    walkers_in_hand,
)

BATCH = torch.arange(14.0).reshape(7, 2)


@pytest.mark.parametrize("rows", [1, 2, 3, 6, 7, 100])
def test_rows_are_joined_in_order(rows: int) -> None:
    sizes = []

    def weighted(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        sizes.append(len(a))
        return a * b[:, None]

    result = map_rows(weighted, rows, BATCH, torch.arange(7.0))
    assert torch.equal(result, BATCH * torch.arange(7.0)[:, None])
    assert sum(sizes) == 7
    assert max(sizes) <= rows
    first, second = map_row_pairs(lambda a: (a.sum(1), a * 2.0), rows, BATCH)
    assert torch.equal(first, BATCH.sum(1))
    assert torch.equal(second, BATCH * 2.0)


def test_an_empty_batch_stays_empty() -> None:
    assert map_rows(torch.neg, 3, BATCH[:0]).shape == (0, 2)
    assert map_row_pairs(lambda a: (a.sum(1), a), 3, BATCH[:0])[0].shape == (0,)


def test_arguments_of_different_lengths_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="zip"):
        map_rows(torch.add, 2, BATCH, BATCH[:2])


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_chunk_fills_its_bytes_and_has_a_row_at_least(device: str) -> None:
    assert rows_per_chunk(100, torch.device(device)) == CHUNK_BYTES[device] // 800
    assert rows_per_chunk(10**12, torch.device(device)) == 1
    assert walkers_in_hand(100, torch.device(device)) == STATE_BYTES[device] // 800
    assert walkers_in_hand(10**12, torch.device(device)) == 1
