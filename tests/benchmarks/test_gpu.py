"""The benchmark of a GPU and its script: counts, and messages without a GPU or when parts fail."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from landscape.problems.networks.layered import DenseNetwork
from landscape.problems.problem import Problem
from tests.benchmarks.device_rates import EXPONENTIAL, TANH, least_bytes, least_operations, synchronisations
from tests.benchmarks.gpu import Bench, Measurement, main
from tests.interpreter import DEVICE, needs_triton

ROOT = Path(__file__).parents[2]
SMALL = ["--walkers=48", "--pairs=3", "--core-pairs=2", "--core-starts=16", "--matrix=64", "--rounds=1", "--no-peer"]


def test_the_script_runs_on_the_cpu() -> None:
    result = CliRunner().invoke(main, ["--device", "cpu", "--l2=1e-3", *SMALL], catch_exceptions=False)
    assert result.exit_code == 0
    cells = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in result.stdout.splitlines()]
    assert {len(row) for row in cells[2:]} == {3}
    assert ["the same minima", "yes", ""] in cells


def test_parts_are_measured_singly() -> None:
    result = CliRunner().invoke(main, ["machine", "--device", "cpu", *SMALL], catch_exceptions=False)
    assert [line.split(" | ")[0] for line in result.output.splitlines()[2:4]] == ["| GPU", "| driver"]
    assert "large copy" not in result.output


def test_without_a_gpu_it_says_so_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = CliRunner().invoke(main, [])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1


def test_rates_stand_beside_the_limits_of_a_known_card(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench("cpu", 1e-3, Measurement(48, 3, 2, 16, 64, 1, peer=False))
    rate, limit = bench._share("matrix", bench.rates.matrix)
    assert limit == f"100% of {rate}, measured"
    bench.device = torch.device("cuda")
    del bench.limits
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H200")
    assert bench._share("bytes", 1.2e12) == ("1.2 TB/s", "25% of 4.8 TB/s, data sheet")
    assert bench._share("vector", 17e12) == ("17 TFLOP/s", "50% of 34 TFLOP/s, data sheet")


def test_operations_are_counted() -> None:
    """Count by hand for a 2-1-2 network: forward 8 + 3, softmax and logarithm, tanh; backward 8 + 3 + 4 and slope."""
    network = Problem(dataset="xor", standardise=False, hidden=[1], l2=1e-3).network
    assert isinstance(network, DenseNetwork)
    softmax = 2 * (EXPONENTIAL + 4) + EXPONENTIAL
    assert least_operations(network, 5) == 5 * (8 + 3 + TANH + softmax + 8 + 3 + 4 + 3)
    assert least_bytes(network) == 8 * (7 + 7 + 1)


def test_nobody_waits_for_a_cpu() -> None:
    assert synchronisations(torch.device("cpu"), lambda: None) is None


@needs_triton
def test_chains_of_multiply_adds_are_what_they_say() -> None:
    from tests.benchmarks import vector_kernel  # noqa: PLC0415 - Triton need not be installed

    x = torch.rand(2 * vector_kernel.BLOCK, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = torch.zeros_like(x)
    for chain in range(vector_kernel.CHAINS):
        value = x + chain
        for _ in range(3):
            value = value * x + x
        expected += value
    found = x.to(DEVICE, copy=True)
    vector_kernel.run(found, 3)
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-14, atol=0)


class Script:
    """tests/gpu.sh with a fake Python that gives the answer of the first pattern that its arguments match."""

    def __init__(self, folder: Path, **answers: str) -> None:
        cases = "".join(f"    *{pattern}*) {answer} ;;\n" for pattern, answer in answers.items())
        python = folder / "python"
        python.write_text(f'#!/usr/bin/env bash\ncase "$*" in\n{cases}esac\n')
        python.chmod(0o755)
        environment = os.environ | {"PYTHON": str(python), "WHEELS": str(folder / "none")}
        command = ["bash", str(ROOT / "tests/gpu.sh"), str(folder)]
        self.process = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        table = folder / "gpu.md"
        lines = table.read_text().splitlines() if table.exists() else []
        self.rows = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines]

    def told(self, what: str) -> str:
        (measured,) = (row[1] for row in self.rows if row[0] == what)
        return measured


def test_a_part_that_hangs_or_fails_leaves_the_others_and_its_own_rows(tmp_path: Path) -> None:
    script = Script(tmp_path, saddles="echo '| rate | 3 |  |'; exit 124", test_cuda="echo '1 failed in 2s'; exit 1")
    assert script.process.returncode == 1
    assert script.rows[0] == ["what", "measured", "limit or goal"]
    assert {len(row) for row in script.rows[2:]} == {3}
    assert script.told("rate") == "3"
    assert script.told("benchmark: saddles").startswith("**stopped** after")
    assert script.told("tests/optimize/test_cuda.py") == "**failed**, status 1: 1 failed in 2s"
    assert script.told("its verification").startswith("passed")


def test_all_passed_on_a_gpu_if_nothing_was_skipped(tmp_path: Path) -> None:
    assert Script(tmp_path, pytest="echo '3 passed in 1s'").process.returncode == 0
    script = Script(tmp_path, test_fused="echo '3 passed, 1 skipped in 1s'")
    assert script.process.returncode == 1
    assert "1 skipped" in script.told("tests/problems/test_fused.py")


def test_the_script_without_a_gpu_says_so_in_a_line(tmp_path: Path) -> None:
    script = Script(tmp_path, is_available="exit 1")
    assert script.process.returncode == 2
    assert script.process.stderr.count("\n") == 1
    assert not script.rows


def test_the_script_runs_every_test_that_needs_a_gpu_or_triton() -> None:
    run = set(re.findall(r"tests/\S+\.py", (ROOT / "tests/gpu.sh").read_text()))
    needy = re.compile(r"^@needs_triton|^pytestmark.*cuda", re.MULTILINE)
    found = [path for path in (ROOT / "tests").rglob("test_*.py") if needy.search(path.read_text())]
    assert len(found) >= 3
    assert {path.relative_to(ROOT).as_posix() for path in found} <= run
