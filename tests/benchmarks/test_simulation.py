"""The simulation of a round compared with cases computed by hand."""

import json

import pytest

from landscape.campaign.pools.mpi import poll_seconds
from tests.benchmarks.coordinator import GPU_SPEED, INPUTS, LARGE, round_of
from tests.benchmarks.coordinator_costs import Size, coordination
from tests.benchmarks.simulation import Costs, simulate

FREE = Costs(
    plan=0.0, hand_out=0.0, receive=0.0, assimilate=0.0, commit=0.0, commit_task=0.0, broadcast=0.0, latency=0.0,
    poll=lambda _: 0.0,
)  # fmt: skip
COSTS = Costs(
    plan=1.0, hand_out=2.0, receive=3.0, assimilate=4.0, commit=5.0, commit_task=0.5, broadcast=6.0, latency=0.25,
    poll=lambda _: 0.0,
)  # fmt: skip


def test_without_costs_ranks_share_the_tasks() -> None:
    for ranks, seconds in ((1, 60.0), (2, 30.0), (3, 20.0), (4, 20.0), (6, 10.0), (9, 10.0)):
        found = simulate(ranks, [10.0] * 6, FREE)
        assert (found.seconds, found.busy, found.work) == (seconds, 0.0, 60.0)


def test_whoever_is_free_takes_the_next_task() -> None:
    assert simulate(2, [5.0, 1.0, 1.0, 1.0, 1.0], FREE).seconds == 5.0
    assert simulate(2, [1.0, 1.0, 1.0, 1.0, 5.0], FREE).seconds == 7.0


def test_one_rank_pays_for_no_message() -> None:
    found = simulate(1, [10.0, 20.0], COSTS)
    assert found.busy == 2 * 1.0 + 2 * (4.0 + 0.5) + 5.0
    assert found.seconds == 30.0 + found.busy


def test_the_task_of_the_coordinating_rank_stands_still_while_it_coordinates() -> None:
    # Plan 2 and broadcast 6. Rank 0's own task starts at 8 and stops while the other task is handed out, so it ends at
    # 20. The other runs from 10 to 20, with a quarter on the way each time: received from 20.5 to 23.5. Then 9 for both
    # and 5.
    found = simulate(2, [10.0, 10.0], COSTS)
    assert found.seconds == 23.5 + 9.0 + 5.0
    assert found.busy == 2.0 + 6.0 + 2.0 + 3.0 + 9.0 + 5.0
    assert found.busy_fraction == found.busy / found.seconds
    assert found.speed_up == 20.0 / found.seconds


def test_one_who_has_waited_hears_of_a_message_at_the_next_poll() -> None:
    # Both tasks begin at 0, the other rank's 1 second later: a tenth of the 10 that it has waited for the end of the
    # previous round. Its result arrives at 6 and is received a little later, as rank 0 took in its own at 4.95.
    polled = Costs(**(vars(FREE) | {"commit": 10.0, "poll": lambda waited: 0.1 * waited}))
    assert simulate(2, [4.5, 5.0], polled).seconds == pytest.approx(4.95 + 1.1 * (6.0 - 4.95) + 10.0)


def test_polls_come_later_the_longer_one_has_waited() -> None:
    assert [poll_seconds(waited) for waited in (0.0, 0.02, 0.1, 0.5, 3.0)] == [0.0005, 0.0005, 0.002, 0.01, 0.02]


def test_many_ranks_wait_for_the_coordinator() -> None:
    # Short tasks: rank 0 does the first at no cost, the other tasks cost 2 + 3 each, one after the other.
    only = Costs(**(vars(FREE) | {"hand_out": 2.0, "receive": 3.0}))
    found = simulate(50, [0.0] * 101, only)
    assert found.busy == pytest.approx(found.seconds)
    assert 5.0 * 50 <= found.seconds <= 5.0 * 100


def test_at_1024_gpu_ranks_the_coordinator_is_busy_for_less_than_half_of_the_time() -> None:
    inputs = json.loads(INPUTS.read_text())
    ours, other = (round_of(inputs, LARGE, GPU_SPEED, 1024, back) for back in ("discarded", "whole"))
    assert ours.busy_fraction < 0.5
    assert ours.busy_fraction < 0.5 * other.busy_fraction


def test_the_costs_can_be_measured_and_discarding_makes_results_short() -> None:
    found = coordination(Size(walkers=4, steps=3, found=40, database=1000))
    assert found["discarded"]["bytes"] < 0.5 * found["whole"]["bytes"]
    assert all(value > 0.0 for part in found.values() for value in part.values())
