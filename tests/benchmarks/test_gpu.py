"""The benchmark of a GPU: its counting, what it says without one, and the whole of it in small on the CPU."""

import pytest
import torch
from click.testing import CliRunner

from landscape.problems.networks.layered import DenseNetwork
from landscape.problems.problem import Problem
from tests.benchmarks.device_rates import EXPONENTIAL, TANH, least_bytes, least_operations, synchronisations
from tests.benchmarks.gpu import main

SMALL = ["--walkers=48", "--pairs=3", "--core-pairs=2", "--core-starts=16", "--matrix=64", "--rounds=1", "--no-peer"]


def test_the_script_runs_on_the_cpu() -> None:
    result = CliRunner().invoke(main, ["--device", "cpu", "--l2=1e-3", *SMALL], catch_exceptions=False)
    assert result.exit_code == 0
    rows = dict(line.strip("| ").split(" | ") for line in result.output.splitlines()[2:])
    assert rows["the same minima"] == "yes"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_it_says_so_in_a_line() -> None:
    result = CliRunner().invoke(main, [])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1


def test_operations_are_counted() -> None:
    """By hand for a 2-1-2 network: forward 8 + 3, softmax and logarithm, tanh; backward 8 + 3 + 4 and the slope."""
    network = Problem(dataset="xor", standardise=False, hidden=[1], l2=1e-3).network
    assert isinstance(network, DenseNetwork)
    softmax = 2 * (EXPONENTIAL + 4) + EXPONENTIAL
    assert least_operations(network, 5) == 5 * (8 + 3 + TANH + softmax + 8 + 3 + 4 + 3)
    assert least_bytes(network) == 8 * (7 + 7 + 1)


def test_nobody_waits_for_a_cpu() -> None:
    assert synchronisations(torch.device("cpu"), lambda: None) is None
