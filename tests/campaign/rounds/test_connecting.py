"""Rounds of searches for transition states: their choice, and the record of their outcomes."""

import numpy as np
import pytest

from landscape.campaign.context import Context
from landscape.campaign.identity import DistinctMinima
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.connecting import ConnectResult
from landscape.campaign.rounds.double_ended import Connect
from landscape.campaign.rounds.single_ended import SingleEnded
from landscape.database.records import Minima
from landscape.database.store import Store
from landscape.search.transition_states import Outcome
from tests.campaign.points import minima, plane, states, store_of

TABLE = {
    "pairs": 3,
    "task_pairs": 2,
    "rounds": 4,
    "single_ended": 2,
    "retries": 0,
    "target": 1.0,
    "strategies": ["closest"],
}


@pytest.fixture
def context() -> Context:
    return plane(connect=TABLE)


@pytest.fixture
def store(context: Context) -> Store:
    """A store with minima at 0, 1, 3 and 7 on a line."""
    return store_with(context, minima([0.0, 1.0, 3.0, 7.0]))


def store_with(context: Context, found: Minima) -> Store:
    store = store_of(context)
    assimilation = Assimilation(index_of(context, store), store.tables)
    assimilation.add_minima(found, counted=True)
    store.commit(assimilation.commit(kind="basin_hopping", tasks=1, evaluations=1, seconds=0.0))
    return store


def index_of(context: Context, store: Store) -> LandscapeIndex:
    return LandscapeIndex(context, store.tables)


def outcomes(store: Store) -> list[Outcome]:
    return [Outcome[name.upper()] for name in store.tables.attempts.outcome.tolist()]


def result(
    searches: list[int],
    found: list[tuple[float, tuple[float, float]]],
    failures: list[tuple[int, Outcome]],
    known: tuple[tuple[int, int], ...] = (),
) -> ConnectResult:
    """Result with transition states at `place` between minima at two places, found by searches, and with failures."""
    sides = [side for _, both in found for side in both]
    return ConnectResult(
        minima=DistinctMinima.of(minima(sides)),
        transition_states=states([place for place, _ in found], [(2 * n, 2 * n + 1) for n in range(len(found))]),
        search=np.array(searches, dtype=np.int64),
        known=known,
        failures=tuple(failures),
        evaluations=10,
    )


def test_every_search_is_one_attempt_with_its_best_outcome(context: Context, store: Store) -> None:
    phase = Connect(context, index_of(context, store))
    plan = phase.plan(store.tables)
    assert plan is not None
    assert plan.ends.tolist() == [[0, 1], [1, 2], [0, 2]]
    assert [len(task.first) for task in plan.tasks] == [2, 1]
    results = [
        result(
            [0, 0, 1],
            [(0.2, (5.0, 0.0)), (0.5, (1.0, 0.0)), (1.5, (1.0, 1.0))],
            [(1, Outcome.NOT_CONVERGED)],
        ),
        result([0], [(0.5, (0.0, 1.0))], [(0, Outcome.WRONG_INDEX)]),
    ]
    store.commit(phase.assimilate(store.tables, plan, results, 0.5))
    attempts, found = store.tables.attempts, store.tables.transition_states
    assert attempts.minima.tolist() == [[0, 1], [1, 2], [0, 2]]
    assert outcomes(store) == [Outcome.CONNECTED, Outcome.SAME_MINIMUM, Outcome.KNOWN_TRANSITION_STATE]
    assert set(attempts.method.tolist()) == {"closest"}
    assert attempts.round.tolist() == [1, 1, 1]
    assert attempts.state.tolist() == [-1, -1, 1]  # the third search found the state of the first again
    assert found.minima.tolist() == [[0, 4], [0, 1], [1, 1]]
    assert store.tables.minima.hits.tolist() == [1, 1, 1, 1, 0]
    assert store.tables.rounds[-1].evaluations == 20


def test_a_known_transition_state_is_told_by_its_row(context: Context, store: Store) -> None:
    phase = Connect(context, index_of(context, store))
    plan = phase.plan(store.tables)
    assert plan is not None
    joined = [(0.5, (0.0, 1.0)), (1.5, (1.0, 1.0)), (2.0, (3.0, 7.0))]
    store.commit(phase.assimilate(store.tables, plan, [result([0, 0, 0], joined, []), result([], [], [])], 0.0))
    again = [result([], [], [], known=((0, 0), (0, 2), (1, 1))), result([], [], [], known=((0, 2),))]
    store.commit(phase.assimilate(store.tables, plan, again, 0.0))
    assert outcomes(store)[3:] == [Outcome.CONNECTED, Outcome.SAME_MINIMUM, Outcome.KNOWN_TRANSITION_STATE]
    assert store.tables.attempts.state[3:].tolist() == [2, 1, 2]
    assert len(store.tables.transition_states) == 3


@pytest.mark.parametrize("reason", [o for o in Outcome if o >= Outcome.NO_MAXIMUM])
def test_a_search_that_fails_tells_why(context: Context, store: Store, reason: Outcome) -> None:
    phase = Connect(context, index_of(context, store))
    plan = phase.plan(store.tables)
    assert plan is not None
    results = [result([], [], [(0, reason), (1, reason)]), result([], [], [(0, reason)])]
    store.commit(phase.assimilate(store.tables, plan, results, 0.0))
    assert outcomes(store) == [reason] * 3
    following = phase.plan(store.tables)
    assert following is not None
    assert following.ends.tolist() == [[0, 3], [1, 3], [2, 3]]  # no pair is tried again without retries


def test_what_is_no_higher_than_its_minima_is_no_transition_state(context: Context, store: Store) -> None:
    phase = Connect(context, index_of(context, store))
    plan = phase.plan(store.tables)
    assert plan is not None
    # `flat` is as high as a new minimum; a third state is lower than that minimum, which stays as a side of `real`
    flat, real = (0.5, (0.0, 10.5)), (2.0, (0.0, 10.5))
    results = [result([0, 1, 1], [flat, real, (0.4, (10.5, 1.0))], []), result([0], [flat], [])]
    store.commit(phase.assimilate(store.tables, plan, results, 0.0))
    found = store.tables.transition_states
    assert outcomes(store) == [Outcome.NO_DESCENT, Outcome.NEW_TRANSITION_STATE, Outcome.NO_DESCENT]
    assert found.energy.tolist() == [12.0]
    assert found.minima.tolist() == [[0, 4]]


def test_bands_are_aligned_and_get_more_images_at_a_retry(store: Store) -> None:
    context = plane(
        connect=TABLE | {"retries": 1, "pairs": 1, "image_density": 10.0, "min_images": 10, "max_images": 40}
    )
    phase = Connect(context, index_of(context, store))
    images = []
    for _ in range(3):
        plan = phase.plan(store.tables)
        assert plan is not None
        task = plan.tasks[0]
        images.append((plan.ends[0].tolist(), int(task.images[0])))
        store.commit(phase.assimilate(store.tables, plan, [result([], [], [(0, Outcome.NO_MAXIMUM)])], 0.0))
    assert images == [([0, 1], 10), ([0, 1], 15), ([1, 2], 20)]


def test_connecting_ends_with_its_rounds_or_its_pairs(context: Context, store: Store) -> None:
    assert Connect(plane(connect=TABLE | {"rounds": 0}), index_of(context, store)).plan(store.tables) is None
    lonely = store_with(context, minima([0.0]))
    assert Connect(context, index_of(context, lonely)).plan(lonely.tables) is None


def test_every_minimum_has_its_share_of_single_ended_searches(context: Context, store: Store) -> None:
    phase = SingleEnded(context, index_of(context, store))
    assert phase.planned_rounds(store.tables) == 1
    plan = phase.plan(store.tables)
    assert plan is not None
    assert plan.ends.tolist() == [[row, -1] for row in (0, 1, 2, 3, 0, 1, 2, 3)]
    assert len({seed for task in plan.tasks for seed in task.seeds}) == 8
    failures = [(search, Outcome.NOT_CONVERGED) for search in range(1, 8)]
    store.commit(phase.assimilate(store.tables, plan, [result([0], [(3.0, (0.0, 9.0))], failures)], 0.0))
    attempts = store.tables.attempts
    assert outcomes(store) == [Outcome.NEW_TRANSITION_STATE] + [Outcome.NOT_CONVERGED] * 7
    assert set(attempts.method.tolist()) == {"single_ended"}
    following = phase.plan(store.tables)
    assert following is not None
    assert following.ends.tolist() == [[4, -1], [4, -1]]  # searches start from the new minimum


def test_plans_depend_on_committed_tables_alone(store: Store) -> None:
    context = plane(connect=TABLE | {"strategies": ["random", "missing"]})
    grown, rebuilt = index_of(context, store), index_of(context, store)
    grown.distances(store.tables.minima.parameters[:2], np.arange(2))
    pairs = [Connect(context, index).plan(store.tables) for index in (grown, rebuilt)]
    assert pairs[0] is not None
    assert pairs[1] is not None
    np.testing.assert_array_equal(pairs[0].ends, pairs[1].ends)
    climbs = [SingleEnded(context, index).plan(store.tables) for index in (grown, rebuilt)]
    seeds = [[task.seeds for task in plan.tasks] for plan in climbs if plan]
    assert seeds[0] == seeds[1] != []
