"""Replicas of the committed minima make messages short and change nothing else."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from landscape.campaign.identity import DistinctMinima
from landscape.campaign.replicas import ReplicaUpdates, ReplicaWorker
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.hopping import BasinHopping
from landscape.database.records import Minima
from tests.campaign.commands import done, launched, needs_mpi
from tests.campaign.points import minima, plane, store_of

STEP = 0.6e-4  # within the tolerance on distances; two steps are not


def close_minima(count: int, seed: int) -> Minima:
    """Minima on a line, so dense that their identity depends on the order in which they become known."""
    random = np.random.default_rng(seed)
    found = minima((STEP * random.integers(0, 30, count)).tolist(), hits=random.integers(1, 9, count).tolist())
    found.energy[:] = 1e-10 * random.integers(0, 30, count)
    return found


@pytest.mark.parametrize("sent", [0, 1, 5, 100])
def test_rows_hits_and_new_minima_are_those_without_a_replica(sent: int) -> None:
    context = plane()
    store, discarded = store_of(context), 0
    for seed in range(3):
        plain, short = (Assimilation(LandscapeIndex(context, store.tables), store.tables) for _ in range(2))
        worker = ReplicaWorker(context)
        known = replace(store.tables, minima=store.tables.minima.take(slice(sent)))
        if (update := ReplicaUpdates().following(known)) is not None:
            worker.receive(update)
        for part in range(4):
            found = close_minima(20, 10 * seed + part)
            whole = DistinctMinima.of(found)
            less = whole.without(worker.replica)
            discarded += len(found) - len(less.unknown)
            assert short.add_distinct(less, counted=True).tolist() == plain.add_distinct(whole, counted=True).tolist()
        ours, theirs = (one.commit(kind="connect", tasks=1, evaluations=1, seconds=0.0) for one in (short, plain))
        assert ours.hits.tolist() == theirs.hits.tolist()
        for name in Minima.column_names():
            np.testing.assert_array_equal(getattr(ours.minima, name), getattr(theirs.minima, name))
        store.commit(theirs)
    assert (discarded > 0) == (sent > 0)


def test_a_rank_with_a_whole_replica_sends_rows_and_walkers_move_alike() -> None:
    context = plane(basin_hopping={"walkers": 8, "steps": 12, "round_steps": 4, "task_walkers": 8})
    store, updates, worker = store_of(context), ReplicaUpdates(), ReplicaWorker(context)
    phase = BasinHopping(context, LandscapeIndex(context, store.tables))
    sizes = []
    while (plan := phase.plan(store.tables)) is not None:
        (task,) = plan.tasks
        if (update := updates.following(store.tables)) is not None:
            worker.receive(update)
        full, short = task.run(context), worker.execute(task)
        assert len(short.walk.visits) <= len(full.walk.visits)
        sizes.append(len(pickle.dumps(short)) / len(pickle.dumps(full)))
        other = BasinHopping(context, LandscapeIndex(context, store.tables)).assimilate(store.tables, plan, [full], 0.0)
        commit = phase.assimilate(store.tables, plan, [short], 0.0)
        assert commit.hits.tolist() == other.hits.tolist()
        assert commit.walkers is not None
        assert other.walkers is not None
        for name in commit.walkers.column_names():
            np.testing.assert_array_equal(getattr(commit.walkers, name), getattr(other.walkers, name))
        store.commit(commit)
    assert len(store.tables.minima) == 6
    assert sizes[0] == 1.0
    assert sizes[-1] < 0.9
    assert updates.following(store.tables) is None


@needs_mpi
@pytest.mark.parametrize("fan_out", [1, 2, 8])
def test_every_rank_receives_everything_in_order_before_its_task(fan_out: int) -> None:
    said = done(launched(5, "-m", "tests.campaign.broadcasting", fan_out)).stdout
    assert said == "every task received everything\n"
