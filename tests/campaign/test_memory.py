"""Numbers of a run file that ask for more memory than there may be, and memory that runs out all the same."""

import numpy as np
import pytest
import torch

import landscape
from landscape.campaign.exits import is_users, one_line
from landscape.errors import ConfigError
from landscape.limits import SEARCH
from tests.campaign.energies import Himmelblau
from tests.campaign.xor import xor

REFUSED = "expected at most 4 GiB of numbers, found"


def test_a_network_above_the_limit_is_refused() -> None:
    with pytest.raises(ConfigError, match=rf"\[problem\]: {REFUSED} 74.5 GiB in the 10000600002 parameters of the"):
        landscape.Problem(dataset="xor", hidden=[100_000, 100_000])


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("basin_hopping", "walkers"),
        ("quench", "memory"),
        ("connect", "min_images"),
        ("sample", "quenches"),
        ("train", "seeds"),
    ],
)
def test_points_above_the_limit_are_refused(table: str, key: str) -> None:
    tables: dict[str, dict[str, object]] = {table: {key: 10**9}}
    if key == "min_images":
        tables[table]["max_images"] = 10**9
    with pytest.raises(ConfigError, match=rf"\[{table}\] {key}: {REFUSED} [\d.]+ GiB in \d+ points of 12 parameters"):
        landscape.explore(xor(), **tables)  # type: ignore[arg-type] # tables beside the named arguments
    with pytest.raises(ConfigError, match=rf"\[{table}\] {key}: {REFUSED} [\d.]+ GiB in \d+ points of 2 parameters"):
        landscape.explore(Himmelblau(), start=(-5.0, 5.0), **tables)  # type: ignore[arg-type] # as above


def test_the_limit_of_points_can_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SEARCH.variable, "1e-7")
    with pytest.raises(ConfigError, match=f"set the environment variable {SEARCH.variable} to more"):
        landscape.explore(Himmelblau(), start=(-5.0, 5.0))


@pytest.mark.parametrize("ask", [lambda: np.empty(2**55), lambda: torch.empty(2**50)], ids=["numpy", "torch"])
def test_memory_that_runs_out_is_one_line(ask: object) -> None:
    assert callable(ask)
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        ask()
    assert is_users(caught.value)
    assert one_line(caught.value).startswith("expected enough memory, found: ")
    assert "\n" not in one_line(caught.value)


def of_interpreter(text: str, *, cause: Exception | None = None, context: Exception | None = None) -> SystemError:
    """A SystemError that was raised from `cause`, or while `context` was handled."""
    error = SystemError(text)
    error.__cause__, error.__context__ = cause, context
    return error


def test_memory_that_runs_out_inside_an_index_is_one_line() -> None:
    text, lacking = "<method 'take'> returned a result with an exception set", MemoryError("Unable to allocate 3 GiB")
    for error in (of_interpreter(text, cause=lacking), of_interpreter(text, context=lacking)):
        assert is_users(error)
        assert one_line(error).startswith("expected enough memory, found: Unable to allocate 3 GiB; take fewer walkers")


def test_other_errors_of_torch_and_of_the_interpreter_are_no_users() -> None:
    assert not is_users(RuntimeError("The size of tensor a (2) must match the size of tensor b (3)"))
    assert not is_users(of_interpreter("unknown opcode"))
    assert not is_users(of_interpreter("returned a result with an exception set", cause=ValueError("wrong")))
