"""The fused energy: its kernel, in Triton's interpreter without a GPU, and its choice on any machine."""

import numpy as np
import pytest
import torch

from landscape.problems.energies import fused
from landscape.problems.energies.batched import BatchedEnergy
from landscape.problems.energies.form import Definition
from landscape.problems.energies.fused import FusedEnergy, covered
from landscape.problems.energy import fastest_form
from landscape.problems.networks.losses import LOSSES
from landscape.problems.problem import Problem
from tests.interpreter import DEVICE, needs_triton

TABLES = {
    "xor": {"dataset": "xor", "standardise": False, "hidden": [1], "l2": 1e-2},
    "iris": {"dataset": "iris", "hidden": [10], "l2": 1e-4},
    "moons": {"dataset": "moons", "hidden": [3], "l2": 1e-3, "subset": 33},
}


def problem_of(name: str) -> Problem:
    return Problem(device=DEVICE, **TABLES[name])  # type: ignore[arg-type]


def definition_of(problem: Problem) -> Definition:
    return Definition(problem.network, problem.inputs, LOSSES[problem.loss], problem.encoded, problem.l2)


def fused_of(problem: Problem) -> FusedEnergy:
    return FusedEnergy(definition_of(problem))


@needs_triton
@pytest.mark.parametrize("many", [4096, 1])
@pytest.mark.parametrize("name", TABLES)
def test_it_equals_the_batched_energy(name: str, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Walkers one by one and in groups of eight, the last group not full."""
    monkeypatch.setattr(fused, "MANY_WALKERS", many)
    problem = problem_of(name)
    random = np.random.default_rng(0)
    theta = torch.tensor(random.normal(size=(11, problem.n_parameters)) * random.choice([0.1, 1.0, 30.0], (11, 1)))
    theta = theta.to(DEVICE)
    energy, gradient = fused_of(problem).energy_and_gradient(theta)
    expected = problem._energy.batched.energy_and_gradient(theta)
    torch.testing.assert_close(energy, expected[0], rtol=1e-13, atol=1e-14)
    torch.testing.assert_close(gradient, expected[1], rtol=1e-12, atol=1e-14)
    assert torch.equal(fused_of(problem).energy(theta), energy)


@needs_triton
def test_nobody_has_no_energy() -> None:
    problem = problem_of("xor")
    energy, gradient = fused_of(problem).energy_and_gradient(torch.empty(0, problem.n_parameters).double().to(DEVICE))
    assert energy.shape == (0,)
    assert gradient.shape == (0, problem.n_parameters)


@needs_triton
def test_what_is_no_number_stays_with_its_walker() -> None:
    problem = problem_of("iris")
    theta = torch.ones(3, problem.n_parameters).double().to(DEVICE)
    theta[1, 5] = torch.nan
    energy, gradient = fused_of(problem).energy_and_gradient(theta)
    assert energy.isfinite().tolist() == [True, False, True]
    assert gradient.isfinite().all(1).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [({}, True), ({"hidden": [40]}, False), ({"hidden": [3, 3]}, False), ({"activation": "silu"}, False),
     ({"loss": "mse"}, False)],
)  # fmt: skip
def test_it_covers_small_networks_of_one_kind(changed: dict[str, object], expected: bool) -> None:
    problem = Problem(**({"dataset": "iris", "hidden": [10], "l2": 1e-4} | changed))  # type: ignore[arg-type]
    assert covered(definition_of(problem)) == expected


class OnGpu:
    """Inputs that say they are on a GPU."""

    device = torch.device("cuda")

    def __len__(self) -> int:
        return 150


def test_the_choice_is_by_device_and_a_failure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = definition_of(Problem(dataset="iris", hidden=[10], l2=1e-4))
    assert not FusedEnergy.admits(definition)
    on_gpu = definition._replace(inputs=OnGpu())  # type: ignore[arg-type]
    monkeypatch.setattr(FusedEnergy, "__init__", lambda *_: None)
    chosen: list[type] = []

    def choose(error: float) -> None:
        monkeypatch.setattr(fused, "_largest_error", lambda *_: error)
        chosen.append(type(fastest_form(on_gpu)))

    choose(1e-15)
    with pytest.warns(UserWarning, match="found a difference of 1.0e-08"):
        choose(1e-8)
    with pytest.warns(UserWarning, match="found a difference of nan"):
        choose(float("nan"))
    monkeypatch.setattr(FusedEnergy, "__init__", failing)
    with pytest.warns(UserWarning, match="found RuntimeError: no compiler"):
        choose(0.0)
    assert chosen == [FusedEnergy, BatchedEnergy, BatchedEnergy, BatchedEnergy]


def failing(*_: object) -> None:
    raise RuntimeError("no compiler\nfor three reasons")
