"""What ranks know of the database makes messages short and changes nothing else."""

import pickle

import numpy as np
import pytest

from landscape.campaign.identity import Finds
from landscape.campaign.rank_copies import CopyingWorker, News
from landscape.campaign.rounds.assimilation import Assimilation, Known
from landscape.campaign.rounds.hopping import BasinHopping, HopTask
from landscape.database.records import Minima
from tests.campaign.commands import done, launched, needs_mpi
from tests.campaign.points import minima, plane, store_of

STEP = 0.6e-4  # points one step apart are one by the tolerance on distances, two steps apart they are not


def close_minima(count: int, seed: int) -> Minima:
    """Minima on a line so dense that which of them are one depends on which was known first."""
    random = np.random.default_rng(seed)
    found = minima((STEP * random.integers(0, 30, count)).tolist(), hits=random.integers(1, 9, count).tolist())
    found.energy[:] = 1e-10 * random.integers(0, 30, count)
    return found


@pytest.mark.parametrize("told", [0, 1, 5, 100])
def test_rows_hits_and_new_minima_are_those_without_a_copy(told: int) -> None:
    context = plane()
    store, discarded = store_of(context), 0
    for seed in range(3):
        known = Known(context, store.tables)
        plain, short = Assimilation(known, store.tables), Assimilation(Known(context, store.tables), store.tables)
        worker = CopyingWorker(context)
        if (news := News().since(store.tables.minima.take(slice(told)))) is not None:
            worker.learn(news)
        for part in range(4):
            found = close_minima(20, 10 * seed + part)
            finds = Finds.of(found)
            less = finds.without(worker.known)
            discarded += len(found) - len(less.unknown)
            assert short.finds(less, counted=True).tolist() == plain.finds(finds, counted=True).tolist()
        ours, theirs = (one.commit(kind="connect", tasks=1, evaluations=1, seconds=0.0) for one in (short, plain))
        assert ours.hits.tolist() == theirs.hits.tolist()
        for name in Minima.column_names():
            np.testing.assert_array_equal(getattr(ours.minima, name), getattr(theirs.minima, name))
        store.commit(theirs)
    assert (discarded > 0) == (told > 0)


def test_a_rank_that_knows_everything_sends_rows_and_walkers_move_alike() -> None:
    context = plane(basin_hopping={"walkers": 8, "steps": 12, "round_steps": 4, "task_walkers": 8})
    store, news, worker = store_of(context), News(), CopyingWorker(context)
    phase = BasinHopping(context, Known(context, store.tables))
    sizes = []
    while (plan := phase.plan(store.tables)) is not None:
        (task,) = plan.tasks
        assert isinstance(task, HopTask)
        if (places := news.since(store.tables.minima)) is not None:
            worker.learn(places)
        full, short = task.run(context), worker.execute(task)
        assert len(short.walked.visits) <= len(full.walked.visits)
        sizes.append(len(pickle.dumps(short)) / len(pickle.dumps(full)))
        other = BasinHopping(context, Known(context, store.tables)).assimilate(store.tables, plan, [full], 0.0)
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
    assert news.since(store.tables.minima) is None


@needs_mpi
@pytest.mark.parametrize("fan_out", [1, 2, 8])
def test_every_rank_hears_everything_in_order_before_its_task(fan_out: int) -> None:
    said = done(launched(5, "-m", "tests.campaign.telling", fan_out)).stdout
    assert said == "every task heard everything\n"
