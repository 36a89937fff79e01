"""Whole diagrams: the cusp catastrophe, the pitchforks of networks in closed form, XOR between two known landscapes."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from landscape.problems.problem import Problem
from landscape.search.continuation.arcs import Arc, End, Traced
from landscape.search.continuation.curve import Curve
from landscape.search.continuation.diagram import FIRST, LAST, Diagram, Follower, follow
from landscape.search.continuation.events import FOLD, PITCHFORK, TRANSCRITICAL
from landscape.search.continuation.family import Interval, L2Family
from tests.search.continuation.families import Crossing, CuspOverA, CuspOverB, Mirror, ends, followed, over

TRUTH = json.loads((Path(__file__).parents[2] / "campaign/xor_truth.json").read_text())["landscapes"]
FOLD_B = 2.0 / (3.0 * math.sqrt(3.0))


def indices(diagram: Diagram, event: int, side: int) -> list[int]:
    return sorted(one.index for one in diagram.events[event].branches if one.side == side)


def assert_nothing_is_lost(diagram: Diagram) -> None:
    assert all(event.conserved for event in diagram.events)
    assert all(arc.end.place != "lost" for arc in diagram.arcs)


def test_a_curve_is_followed_through_two_turning_points() -> None:
    found = followed(CuspOverB(), -1.0, 1.0, float(np.roots([1, 0, -1, 1]).real.min()))
    assert_nothing_is_lost(found)
    assert [event.kind for event in found.events] == [FOLD, FOLD]
    for event, sign in zip(found.events, (1.0, -1.0), strict=True):
        # At a fold s is stationary, so x is known to the square root of rounding only.
        np.testing.assert_allclose(event.z.numpy(), [-sign / math.sqrt(3.0), 0.0, sign * FOLD_B], rtol=1e-10, atol=1e-7)
        assert event.energy == pytest.approx(1 / 36 - 1 / 6 + FOLD_B / math.sqrt(3.0), abs=1e-12)
    assert [arc.index for arc in found.arcs] == [0, 1, 0]
    assert (indices(found, 0, -1), indices(found, 0, 1)) == ([0, 1], [])
    assert (indices(found, 1, -1), indices(found, 1, 1)) == ([], [0, 1])


@pytest.mark.parametrize("symmetry", [None, Mirror()], ids=["hidden symmetry", "known symmetry"])
@pytest.mark.parametrize(("start", "end", "first"), [(-1.0, 2.0, 0.0), (2.0, -1.0, math.sqrt(2.0))])
def test_all_branches_of_a_pitchfork_are_found_from_its_stem_and_from_an_arm(
    start: float, end: float, first: float, symmetry: Mirror | None
) -> None:
    found = followed(CuspOverA(symmetry=symmetry), start, end, first)
    assert_nothing_is_lost(found)
    (event,) = found.events
    np.testing.assert_allclose(event.z.numpy(), 0.0, atol=1e-12)
    assert (event.kind, event.multiplicity, event.mirrored) == (PITCHFORK, 1, symmetry is not None)
    arms = [0] if symmetry else [0, 0]
    assert (indices(found, 0, -1), indices(found, 0, 1)) == ([0], [*arms, 1])
    assert event.sum_on(-1) == event.sum_on(1) == 1.0
    assert len(found.arcs) == 2 + len(arms)
    for arc in found.arcs:
        z = np.array([point.numpy() for point, _ in arc.points])
        x, a = z[:, 0], z[:, 2]
        on_arm = np.abs(x) > 1e-6
        assert (on_arm.all() and (arc.index == 0)) or not on_arm.any()
        np.testing.assert_allclose(x[on_arm] ** 2, a[on_arm], rtol=1e-7)  # near the pitchfork the arm is flat
        np.testing.assert_allclose([energy for _, energy in arc.points], -(x**2) * np.abs(a) / 4, atol=1e-11)


def test_a_pair_that_is_born_apart_is_found_from_the_last_end_only() -> None:
    b = 0.1
    high = np.sort(np.roots([1, 0, -2.0, -b]).real)
    (low,) = (root.real for root in np.roots([1, 0, 1.0, -b]) if abs(root.imag) < 1e-9)
    alone = followed(CuspOverA(b), -1.0, 2.0, low)
    assert (len(alone.arcs), alone.events) == (1, [])
    both = followed(CuspOverA(b), -1.0, 2.0, low, last=tuple(high))
    assert_nothing_is_lost(both)
    assert float(both.events[0].z[-1]) == pytest.approx(3.0 * (b / 2.0) ** (2.0 / 3.0), rel=1e-12)
    assert (len(high), len(both.points[LAST]), len(both.arcs)) == (3, 3, 3)


def test_points_that_exchange_their_roles_keep_their_curves() -> None:
    found = followed(Crossing(), -1.0, 1.0, 0.0, -1.0)
    assert_nothing_is_lost(found)
    (event,) = found.events
    assert event.kind == TRANSCRITICAL
    assert len(event.through) == 2
    assert (indices(found, 0, -1), indices(found, 0, 1)) == ([0, 1], [0, 1])
    assert len(found.arcs) == 4


def test_a_curve_that_is_followed_from_both_sides_is_kept_once() -> None:
    high = math.sqrt(2.0)
    found = followed(CuspOverA(), -1.0, 2.0, 0.0, last=(0.0, high, -high))
    assert len(found.arcs) == 4
    assert len({end for pair in ends(found) for end in pair}) == 8


def test_an_arc_that_ends_where_another_ended_is_lost() -> None:
    follower = Follower(over(CuspOverA(), -1.0, 2.0))
    at_end = torch.tensor([0.0, 0.0, 2.0], dtype=torch.float64)
    arcs = [Arc(points=[(at_end, 0.0)], index=1, begin=End(FIRST, number)) for number in range(2)]
    for arc in arcs:
        follower._finish(Traced(arc=arc, crossing=None, landed=True))
    assert [arc.end.place for arc in arcs] == [LAST, "lost"]
    assert len(follower.diagram.points[LAST]) == 1


def iris(hidden: int, end: float) -> Diagram:
    """The diagram of networks on Iris from zero at l2 = 0.6, where zero is the only stationary point."""
    problem = Problem(dataset="iris", hidden=[hidden], l2=end)
    curve = Curve(L2Family(problem, end), Interval(start=0.6, end=end, logarithmic=True))
    return follow(curve, torch.zeros(1, problem.n_parameters, dtype=torch.float64))


def stem_values() -> np.ndarray:
    """Half the singular values of C = (1/N) sum_n (onehot(y_n) - 1/K) x_n^T, where zero changes its index."""
    problem = Problem(dataset="iris", hidden=[1], l2=1.0)
    inputs, labels = problem.inputs.numpy(), np.eye(3)[problem.targets.numpy()]
    found: np.ndarray = np.linalg.svd((labels - 1 / 3).T @ inputs / len(inputs), compute_uv=False)[:2] / 2
    return found


def test_the_pitchforks_of_zero_are_those_in_closed_form() -> None:
    found = iris(2, 0.1)
    assert_nothing_is_lost(found)
    assert stem_values() == pytest.approx([0.477864, 0.111615], abs=1e-6)
    at_zero = [event for event in found.events if float(event.z[:-1].abs().max()) < 1e-6]
    np.testing.assert_allclose([math.exp(float(event.z[-1])) for event in at_zero], stem_values(), rtol=1e-8)
    assert [(event.kind, event.multiplicity, event.mirrored) for event in at_zero] == [(PITCHFORK, 2, True)] * 2
    stems = [sorted(one.index for one in event.branches if one.copies == 1.0) for event in at_zero]
    assert stems == [[0, 2], [2, 4]]


def test_units_that_leave_zero_together_do_so_along_the_faces_of_a_cube() -> None:
    """Three units: minima at its 8 corners, transition states at its 12 edges, 6 points of index 2 on its faces."""
    found = iris(3, 0.45)
    (event,) = found.events
    assert float(event.z[-1].exp()) == pytest.approx(stem_values()[0], rel=1e-8)
    assert (event.multiplicity, event.conserved) == (3, True)
    arms = sorted((one.index, one.copies) for one in event.branches if one.side == -1)
    assert arms == [(0, 8.0), (1, 12.0), (2, 6.0), (3, 1.0)]


def known(l2: float) -> tuple[int, int, torch.Tensor]:
    """Numbers of minima and transition states of XOR at this l2, and all these points, minima first."""
    case: dict[str, Any] = next(case for case in TRUTH if case["l2"] == l2)
    theta = [point["theta"] for table in ("minima", "transition_states") for point in case[table]]
    return len(case["minima"]), len(case["transition_states"]), torch.tensor(theta, dtype=torch.float64)


def test_every_change_of_the_points_of_xor_is_an_event() -> None:
    """Between l2 = 1e-2 and 1e-3: 5 minima and 16 transition states become 7 and 19."""
    first, last = known(1e-2), known(1e-3)
    assert (*first[:2], *last[:2]) == (5, 16, 7, 19)
    problem = Problem(dataset="xor", standardise=False, hidden=[2], l2=1e-3)
    curve = Curve(L2Family(problem, 1e-3), Interval(start=1e-2, end=1e-3, logarithmic=True))
    found = follow(curve, first[2], last[2])
    assert_nothing_is_lost(found)
    ends = {(end.place, end.number) for arc in found.arcs for end in (arc.begin, arc.end)}
    assert ends >= {(place, number) for place, size in ((FIRST, 21), (LAST, 26)) for number in range(size)}
    through = [arc for arc in found.arcs if {arc.begin.place, arc.end.place} == {FIRST, LAST}]
    assert sorted(arc.index for arc in through) == [0] * 5 + [1] * 16
    assert [event.kind for event in found.events] == [FOLD] * 3
    born = sorted(
        (round(math.exp(float(event.z[-1])), 6), *indices(found, n, -1)) for n, event in enumerate(found.events)
    )
    assert born == [(0.001508, 0, 1), (0.001508, 0, 1), (0.006458, 1, 2)]
