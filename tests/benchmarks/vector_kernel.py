"""Multiplications and additions without a matrix: the operations for exponentials and hyperbolic tangents on a GPU."""
# ruff: noqa: ANN001, ANN201, N803 - Triton's language

import torch
import triton
import triton.language as tl

STEPS, BLOCK, CHAINS = 4096, 256, 4
OPERATIONS = 2 * STEPS * CHAINS  # operations for an element


@triton.jit
def chains(numbers, steps, B: tl.constexpr):
    place = tl.program_id(0) * B + tl.arange(0, B)
    x = tl.load(numbers + place)
    a, b, c, d = x, x + 1.0, x + 2.0, x + 3.0
    for _ in range(steps):
        a, b, c, d = tl.fma(a, x, x), tl.fma(b, x, x), tl.fma(c, x, x), tl.fma(d, x, x)
    tl.store(numbers + place, a + b + c + d)


def run(numbers: torch.Tensor, steps: int = STEPS) -> None:
    """Runs four chains of fused multiply-adds for each of numbers [n * BLOCK] below one; their sum replaces it."""
    with torch.cuda.device_of(numbers):
        chains[(len(numbers) // BLOCK,)](numbers, steps, BLOCK, num_warps=4)
