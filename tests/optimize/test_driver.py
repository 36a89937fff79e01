"""The driver loop on a method whose work is known: a walker counts down from the number at which it starts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import pytest
import torch
from torch import Tensor

from landscape.numerics.batching import STATE_BYTES
from landscape.objective import Objective
from landscape.optimize import driver
from landscape.optimize.driver import CHECK_EVERY, Listed, _close, drive, join, run_all, take_rows
from landscape.optimize.status import Status
from landscape.problems.surfaces.analytic import SixHumpCamel


@dataclass(frozen=True, kw_only=True)
class Count:
    start: Tensor  # [W]
    left: Tensor  # [W]
    status: Tensor  # int64[W]


class Countdown:
    """A method that notes the number of walkers in each step."""

    def __init__(self) -> None:
        self.in_hand: list[int] = []

    recordable = False

    def doubles_per_walker(self, objective: Objective) -> int:
        del objective
        return 3

    def init(self, objective: Objective, points: Tensor) -> Count:
        del objective
        status = torch.where(points[:, 0] > 0, Status.RUNNING, Status.CONVERGED)
        return Count(start=points[:, 0], left=points[:, 0].clone(), status=status)

    def step(self, objective: Objective, state: Count) -> Count:
        del objective
        self.in_hand.append(len(state.left))
        left = torch.where(state.status == Status.RUNNING, state.left - 1, state.left)
        return replace(state, left=left, status=torch.where(left > 0, Status.RUNNING, Status.CONVERGED))


WORK = torch.tensor([[5.0], [40.0], [0.0], [17.0], [1.0], [33.0], [8.0], [9.0], [2.0]], dtype=torch.float64)


@pytest.mark.parametrize("batch", [1, 2, 4, 100])
def test_results_come_back_in_the_order_of_the_points(batch: int) -> None:
    method = Countdown()
    state = run_all(method, SixHumpCamel(), WORK, batch)
    assert torch.equal(state.start, WORK[:, 0])
    assert (state.left == 0).all()
    assert (state.status == Status.CONVERGED).all()
    assert max(method.in_hand) == min(batch, len(WORK))


def test_places_are_refilled_as_soon_as_walkers_are_seen_to_have_finished() -> None:
    method = Countdown()
    run_all(method, SixHumpCamel(), torch.full((12, 1), float(CHECK_EVERY), dtype=torch.float64), batch=4)
    assert method.in_hand == [4] * 3 * CHECK_EVERY


def test_no_more_walkers_are_in_hand_than_their_states_have_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STATE_BYTES, "cpu", 2 * 8 * 3)
    method = Countdown()
    state = run_all(method, SixHumpCamel(), WORK, batch=100)
    assert torch.equal(state.start, WORK[:, 0])
    assert method.in_hand[0] == max(method.in_hand) == 2


def test_walkers_that_are_left_keep_their_places_or_move_into_empty_ones() -> None:
    """Nothing else is written: the batch stays in its buffers."""
    state = Countdown().init(SixHumpCamel(), torch.arange(1.0, 8.0)[:, None])
    buffer = state.start.data_ptr()
    keys, left = _close(list(range(7)), state, [1, 2, 5])
    assert keys == [0, 4, 6, 3]
    assert left.start.tolist() == [1.0, 5.0, 7.0, 4.0]
    assert left.start.data_ptr() == buffer


by_rule = driver._to_be_dropped


def by_halves(empty: int, places: int, _: torch.device) -> bool:
    return by_rule(empty, places, torch.device("cuda"))


@pytest.mark.parametrize("batch", [1, 2, 4, 100])
def test_a_batch_that_shrinks_by_halves_gives_the_same_results(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "_to_be_dropped", by_halves)
    method = Countdown()
    state = run_all(method, SixHumpCamel(), WORK, batch)
    assert torch.equal(state.start, WORK[:, 0])
    assert (state.left == 0).all()
    sizes = [size for size, _ in groupby(method.in_hand)]
    assert sizes == sorted(sizes, reverse=True)
    assert all(2 * after <= before for before, after in pairwise(sizes))


def test_empty_places_are_filled_when_work_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two walkers end while there is no work; the end of a third brings two pieces of work."""
    monkeypatch.setattr(driver, "_to_be_dropped", by_halves)

    class Late(Listed[Count]):
        def take(self, n: int) -> tuple[list[int], Tensor | None]:
            known = 6 if any(5 in keys or 2 in keys for keys, _ in self.parts) else 5
            return ([], None) if self.next >= known else super().take(min(n, known - self.next))

    work = torch.tensor([[90.0], [1.0], [20.0], [90.0], [90.0], [30.0]], dtype=torch.float64)
    source, method = Late(work), Countdown()
    drive(method, SixHumpCamel(), source, batch=5)
    assert torch.equal(source.result().start, work[:, 0])
    assert set(method.in_hand) == {5}


def test_no_points_are_no_work() -> None:
    method = Countdown()
    assert len(run_all(method, SixHumpCamel(), WORK[:0], batch=4).left) == 0
    assert method.in_hand == []


def test_work_may_follow_from_results() -> None:
    class Halving:
        """A source in which each finished walker is followed by one with half the work and a new key."""

        def __init__(self) -> None:
            self.waiting = [(0, 16.0)]
            self.done: list[tuple[int, float]] = []

        def take(self, n: int) -> tuple[list[int], Tensor | None]:
            taken, self.waiting = self.waiting[:n], self.waiting[n:]
            points = torch.tensor([[work] for _, work in taken], dtype=torch.float64)
            return [key for key, _ in taken], points if taken else None

        def give(self, keys: Sequence[int], state: Count) -> None:
            for key, work in zip(keys, state.start.tolist(), strict=True):
                self.done.append((key, work))
                if work > 1:
                    self.waiting.append((key + 1, work / 2))

    source = Halving()
    drive(Countdown(), SixHumpCamel(), source, batch=3)
    assert source.done == [(0, 16.0), (1, 8.0), (2, 4.0), (3, 2.0), (4, 1.0)]


def test_rows_are_taken_and_joined() -> None:
    state = Countdown().init(SixHumpCamel(), WORK)
    rows = [take_rows(state, torch.tensor([row])) for row in range(len(WORK))]
    joined = join(rows)
    assert torch.equal(joined.start, state.start)
    assert torch.equal(take_rows(joined, torch.tensor([3, 1])).start, WORK[[3, 1], 0])


@pytest.mark.parametrize("status", Status)
def test_every_status_says_what_it_means(status: Status) -> None:
    assert len(status.message) > 10
