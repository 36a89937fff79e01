"""Rates of a device, measured and by its data sheet, and the least work of an energy call.

The least work of an energy-gradient call: theta is read once, energy and gradient are written once, and intermediate
values stay on the chip; additions, multiplications, exponentials and hyperbolic tangents are counted as in the
formulas. An exponential or logarithm counts as 30 operations (a polynomial of degree 11 in fused multiply-adds, two
operations each, and the reduction of its argument), a hyperbolic tangent as 50 (an exponential and a division).
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch

from landscape.problems.networks.layered import DenseNetwork

EXPONENTIAL = 30
TANH = 50


@dataclass(frozen=True)
class Rates:
    """Bytes a second read and written, and float64 operations a second, in matrix units and outside them."""

    bytes: float
    matrix: float
    vector: float


# NVIDIA's data sheets, by the name that CUDA gives the card.
DATA_SHEETS = {
    "NVIDIA H200": Rates(bytes=4.8e12, matrix=67e12, vector=34e12),
    "NVIDIA H100 80GB HBM3": Rates(bytes=3.35e12, matrix=67e12, vector=34e12),
    "NVIDIA H100 PCIe": Rates(bytes=2.0e12, matrix=51e12, vector=26e12),
    "NVIDIA A100-SXM4-80GB": Rates(bytes=2.039e12, matrix=19.5e12, vector=9.7e12),
    "NVIDIA A100-SXM4-40GB": Rates(bytes=1.555e12, matrix=19.5e12, vector=9.7e12),
    "NVIDIA A100 80GB PCIe": Rates(bytes=1.935e12, matrix=19.5e12, vector=9.7e12),
    "NVIDIA A100-PCIE-40GB": Rates(bytes=1.555e12, matrix=19.5e12, vector=9.7e12),
}


def seconds_of(work: Callable[[], object], device: torch.device, repeats: int = 1, rounds: int = 3) -> float:
    """Least wall-clock seconds of `work`, which is repeated `repeats` times in each round, after a warm-up."""
    work()
    return min(_seconds(work, device, repeats) for _ in range(rounds)) / repeats


def wait(device: torch.device) -> None:
    """Wait until the device has finished all its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measured_rates(device: torch.device, size: int) -> Rates:
    """Rates of a copy and of a product of matrices [size, size], and on a GPU of multiply-adds without a matrix."""
    first = torch.rand(size, size, dtype=torch.float64, device=device)
    second, out = torch.rand_like(first), torch.empty_like(first)
    copy = seconds_of(lambda: out.copy_(first), device, 10)
    product = seconds_of(lambda: torch.mm(first, second, out=out), device, 2)
    matrix = 2.0 * size**3 / product
    vector = _vector_rate(device) if device.type == "cuda" else matrix
    return Rates(bytes=2 * 8 * size**2 / copy, matrix=matrix, vector=vector)


def _vector_rate(device: torch.device) -> float:
    from tests.benchmarks.vector_kernel import BLOCK, OPERATIONS, run  # noqa: PLC0415 - needs a CUDA build of torch

    numbers = torch.rand(4096 * BLOCK, dtype=torch.float64, device=device).mul_(0.1)
    return OPERATIONS * len(numbers) / seconds_of(lambda: run(numbers), device)


def least_bytes(network: DenseNetwork) -> int:
    """Least bytes of one walker in an energy-gradient call."""
    return 8 * (2 * network.n_parameters + 1)


def least_operations(network: DenseNetwork, samples: int) -> int:
    """Least operations of one walker in an energy-gradient call of a tanh network with cross-entropy."""
    weights = sum(layer.n_in * layer.n_out for layer in network.layers)
    first = network.layers[0].n_in * network.layers[0].n_out
    biases = sum(layer.n_out for layer in network.layers)
    hidden, classes = biases - network.n_outputs, network.n_outputs
    forward = 2 * weights + biases + TANH * hidden + (EXPONENTIAL + 4) * classes + EXPONENTIAL
    backward = 2 * weights + biases + 2 * (weights - first) + 3 * hidden
    return samples * (forward + backward)


def synchronisations(device: torch.device, work: Callable[[], object]) -> int | None:
    """Number of times that `work` waits for the device, as far as torch notices; None for a CPU."""
    if device.type != "cuda":
        work()
        return None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        work()
        torch.cuda.set_sync_debug_mode("default")
    return sum("called a synchronizing" in str(warning.message) for warning in caught)


def _seconds(work: Callable[[], object], device: torch.device, repeats: int) -> float:
    wait(device)
    begin = time.perf_counter()
    for _ in range(repeats):
        work()
    wait(device)
    return time.perf_counter() - begin
