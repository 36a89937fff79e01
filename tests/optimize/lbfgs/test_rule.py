"""The rule of accepted and rejected trials in all three forms, for every case, against a plain Python version."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch

from landscape.numerics.compilation import entry, exact
from landscape.numerics.vectors import LANES, aligned, load, store
from landscape.optimize.lbfgs.rule import PATIENCE, SHORTENING, decide
from landscape.optimize.status import Status

Array = np.ndarray
MAX_CALLS = 30
COLUMNS = ("accepted", "converged", "scale", "rejections", "calls")
# A walker with 2 * PATIENCE rejections has ended; the last allowed call is MAX_CALLS.
CASES = np.array(
    [*product((0.0, 1.0), (0.0, 1.0), (1.0, 1e-3), range(2 * PATIENCE), (1, MAX_CALLS - 2, MAX_CALLS - 1, MAX_CALLS))]
)


def in_words(accepted: float, converged: float, scale: float, rejections: float, calls: float) -> list[float]:
    calls += 1
    if accepted:
        scale, rejections = 1.0, 0
    else:
        scale, rejections = SHORTENING * scale, rejections + 1
    forgets = rejections == PATIENCE
    if forgets:
        scale = 1.0
    if accepted and converged:
        status = Status.CONVERGED
    elif rejections >= 2 * PATIENCE:
        status = Status.STALLED
    elif calls >= MAX_CALLS:
        status = Status.OUT_OF_STEPS
    else:
        status = Status.RUNNING
    return [scale, rejections, calls, forgets, status]


def of_tensors(cases: Array) -> Array:
    accepted, converged, scale, rejections, calls = torch.tensor(cases).unbind(1)
    counts = rejections.long(), calls.long()
    found = decide(MAX_CALLS, accepted > 0, converged > 0, scale, *counts)
    assert [values.dtype for values in found] == [torch.float64, torch.int64, torch.int64, torch.bool, torch.int64]
    return torch.stack([values.double() for values in found], 1).numpy()


@entry
@exact
def each(cases: Array, out: Array) -> None:
    for row in range(len(cases)):
        accepted, converged, scale, rejections, calls = cases[row]
        found = decide(MAX_CALLS, accepted > 0, converged > 0, scale, int(rejections), int(calls))
        out[row, 0], out[row, 1], out[row, 2] = found.scale, found.rejections, found.calls
        out[row, 3], out[row, 4] = found.forgets, found.status


def of_numbers(cases: Array) -> Array:
    out = np.empty_like(cases)
    each(cases, out)
    return out


@entry
@exact
def side_by_side(cases: Array, out: Array) -> None:
    found = decide(MAX_CALLS, load(cases, 0), load(cases, 1), load(cases, 2), load(cases, 3), load(cases, 4))
    store(out, 0, found.scale)
    store(out, 1, found.rejections)
    store(out, 2, found.calls)
    store(out, 3, found.forgets)
    store(out, 4, found.status)


def of_vectors(cases: Array) -> Array:
    parts = []
    for first in range(0, len(cases), LANES):
        rows, out = aligned(len(COLUMNS)), aligned(len(COLUMNS))
        rows[:] = cases[first : first + LANES].T
        side_by_side(rows, out)
        parts.append(out.T)
    return np.concatenate(parts)


@pytest.mark.parametrize("form", [of_tensors, of_numbers, of_vectors])
def test_every_form_decides_every_case_as_the_rule_says(form: Callable[[Array], Array]) -> None:
    expected = np.array([in_words(*case) for case in CASES])
    assert len(CASES) % LANES == 0
    assert set(expected[:, 4]) == {Status.RUNNING, Status.CONVERGED, Status.OUT_OF_STEPS, Status.STALLED}
    np.testing.assert_array_equal(form(CASES), expected)
