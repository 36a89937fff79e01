"""Rounds of basin-hopping: their tasks, and the moves, adaptation and fresh starts of walkers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape.campaign.identity import DistinctMinima
from landscape.campaign.preparation import prepared_context
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.hopping import DRAWN, BasinHopping, HopResult, HopTask, WalkSummary, rows_and_places
from landscape.config.run_file import Settings
from landscape.database.records import Minima, Walkers
from landscape.problems.problem import Problem
from tests.campaign.points import minima, plane, store_of

TABLE = {"walkers": 5, "steps": 7, "round_steps": 3, "task_walkers": 2, "patience": 6, "step": 0.5, "temperature": 0.1}


@pytest.fixture
def phase() -> BasinHopping:
    context = plane(basin_hopping=TABLE)
    return BasinHopping(context, LandscapeIndex(context, store_of(context).tables))


def walkers(minimum: list[int], stale: list[int] | None = None) -> Walkers:
    count = len(minimum)
    return Walkers(
        minimum=np.array(minimum),
        step=np.full(count, 0.5),
        temperature=np.full(count, 0.1),
        stale=np.array(stale or [0] * count),
    )


def moved(
    phase: BasinHopping, before: Walkers, minimum: list[list[int]], accepted: list[list[int]], known: int
) -> Walkers:
    walk = WalkSummary.of(
        before.minimum, np.array(minimum), np.array(accepted, dtype=bool), np.zeros(np.shape(minimum), dtype=bool)
    )
    return phase._moved(before, walk, np.arange(9), known, len(minimum[0]))


def test_walkers_stand_where_they_last_accepted(phase: BasinHopping) -> None:
    after = moved(
        phase, walkers([0, 0, 3, -1]), [[1, 2], [1, 2], [-1, -1], [-1, 4]], [[1, 0], [1, 1], [0, 0], [0, 1]], 9
    )
    assert after.minimum.tolist() == [1, 2, 3, 4]


def test_stale_counts_steps_since_anything_new(phase: BasinHopping) -> None:
    after = moved(phase, walkers([0, 0, 0], [2, 3, 4]), [[1, 1], [1, 2], [0, -1]], [[0, 0]] * 3, 2)
    assert after.stale.tolist() == [4, 0, 0]
    assert after.minimum.tolist() == [0, 0, -1]


def test_an_exhausted_walker_starts_afresh(phase: BasinHopping) -> None:
    after = moved(phase, walkers([0, 0], [3, 4]), [[1, 1], [1, 1]], [[1, 1], [1, 1]], 2)
    assert after.minimum.tolist() == [1, -1]
    assert after.stale.tolist() == [5, 0]


def test_a_step_grows_where_walkers_stay_and_shrinks_where_they_always_leave(phase: BasinHopping) -> None:
    after = moved(phase, walkers([0, 0]), [[0, 0], [1, 2]], [[1, 1], [1, 1]], 9)
    assert after.step[0] > 0.5 > after.step[1]


def test_a_temperature_grows_where_other_minima_are_refused(phase: BasinHopping) -> None:
    after = moved(phase, walkers([0, 0]), [[1, 2], [1, 2]], [[0, 0], [1, 1]], 9)
    assert after.temperature[0] > 0.1 > after.temperature[1]


def test_steps_adapt_to_hops_from_a_minimum_alone(phase: BasinHopping) -> None:
    """The first walker starts afresh and hops to another minimum; the second only exchanges, the third only starts
    afresh.
    """
    before, exchanged = walkers([-1, 0, -1]), np.array([[0, 0], [1, 1], [1, 0]], dtype=bool)
    minimum, accepted = np.array([[1, 2], [-1, -1], [-1, 3]]), np.array([[1, 1], [0, 0], [0, 1]], dtype=bool)
    walk = WalkSummary.of(before.minimum, minimum, accepted, exchanged)
    assert walk.hopped.tolist() == [1, 0, 0]
    assert walk.reached.tolist() == [1, 0, 0]
    assert walk.other.tolist() == [1, 0, 0]
    after = phase._moved(before, walk, np.arange(9), 9, 2)
    assert after.step[0] < 0.5
    assert after.step[1:].tolist() == [0.5, 0.5]
    assert after.temperature[1:].tolist() == [0.1, 0.1]
    assert after.minimum.tolist() == [2, 0, 3]


def test_a_failed_quench_leads_nowhere(phase: BasinHopping) -> None:
    after = moved(phase, walkers([0]), [[-1, -1]], [[0, 0]], 0)
    assert after.minimum.tolist() == [0]
    assert after.stale.tolist() == [2]
    assert after.step[0] < 0.5


def test_rounds_and_tasks_make_the_steps_of_the_run_file(phase: BasinHopping) -> None:
    store = store_of(phase.context)
    steps, seeds = [], []
    while (plan := phase.plan(store.tables)) is not None:
        tasks = plan.tasks
        assert [len(task.hoppers.theta) for task in tasks] == [2, 2, 1]
        steps.append(tasks[0].steps)
        seeds += [seed for task in tasks for seed in task.hoppers.seeds]
        results = [found(task, len(store.tables.rounds)) for task in tasks]
        store.commit(phase.assimilate(store.tables, plan, results, 0.0))
    assert steps == [3, 3, 1]
    assert phase.planned_rounds(store.tables) == 3
    assert len(set(seeds)) == 15
    assert len(store.tables.minima) == 3
    assert store.tables.minima.hits.tolist() == [5, 5, 5]


def found(task: HopTask, place: int) -> HopResult:
    """Result in which each walker finds the same minimum at its last step and moves there."""
    minimum = np.full((len(task.hoppers.theta), task.steps), -1)
    minimum[:, -1] = 0
    here = task.minima
    minimum = np.where(minimum == 0, len(here.row), minimum)
    new = minima([float(place)], hits=[len(minimum)])
    all_minima = DistinctMinima(row=np.append(here.row, -1), hits=np.append(0 * here.row, new.hits), unknown=new)
    return HopResult(
        minima=all_minima, walk=WalkSummary.of(task.at, minimum, minimum >= 0, minimum < -1), evaluations=1
    )


def test_a_plan_depends_on_committed_tables_alone(phase: BasinHopping) -> None:
    store = store_of(phase.context)
    for _ in range(2):
        plan = phase.plan(store.tables)
        assert plan is not None
        results = [found(task, 0) for task in plan.tasks]
        store.commit(phase.assimilate(store.tables, plan, results, 0.0))
    again = BasinHopping(phase.context, LandscapeIndex(phase.context, store.tables))
    one, other = phase.plan(store.tables), again.plan(store.tables)
    assert one is not None
    assert other is not None
    for ours, theirs in zip(one.tasks, other.tasks, strict=True):
        assert ours.hoppers.seeds == theirs.hoppers.seeds
        for name in ("theta", "energy", "step", "temperature"):
            np.testing.assert_array_equal(getattr(ours.hoppers, name), getattr(theirs.hoppers, name))
    first = one.tasks[0]
    assert first.hoppers.theta.tolist() == [[0.0, 0.0]] * 2


def network_tasks(known: int, seed: int = 0) -> list[HopTask]:
    """Tasks of a network with `known` known minima, for walkers without a minimum."""
    settings = Settings.from_table({"basin_hopping": TABLE, "run": {"seed": seed}})
    context = prepared_context(Problem(dataset="xor", hidden=[2]), settings, None)
    store = store_of(context)
    columns = {name: getattr(minima(list(range(known))), name) for name in Minima.column_names()}
    columns["parameters"] = np.random.default_rng(0).normal(size=(known, 12))
    assimilation = Assimilation(LandscapeIndex(context, store.tables), store.tables)
    assimilation.add_minima(Minima(**columns), counted=True)
    store.commit(assimilation.commit(kind="connect", tasks=1, evaluations=0, seconds=0.0))
    plan = BasinHopping(context, LandscapeIndex(context, store.tables)).plan(store.tables)
    assert plan is not None
    return list(plan.tasks)


def test_tasks_of_a_network_bring_minima_to_exchange_units_of() -> None:
    for known in (0, 3, 200):
        for task in network_tasks(known):
            assert len(task.minima.row) == min(known, DRAWN)
            assert len(np.unique(task.minima.row)) == len(task.minima.row)
            assert (task.at == -1).all()
    one, again, other = network_tasks(200), network_tasks(200), network_tasks(200, seed=1)
    drawn = {tuple(task.minima.row) for task in [*one, *again, *other]}
    assert len(drawn) == 6
    assert all((a.minima.row == b.minima.row).all() for a, b in zip(one, again, strict=True))


def test_walkers_stand_in_a_task_on_what_they_stand_on_in_the_table(phase: BasinHopping) -> None:
    store = store_of(phase.context)
    while len(store.tables.rounds) < 2 and (plan := phase.plan(store.tables)) is not None:
        results = [found(task, len(store.tables.rounds)) for task in plan.tasks]
        store.commit(phase.assimilate(store.tables, plan, results, 0.0))
    plan = phase.plan(store.tables)
    assert plan is not None
    stood = np.concatenate([task.minima.row[task.at] for task in plan.tasks])
    assert stood.tolist() == store.tables.walkers.minimum.tolist()


def test_tasks_of_a_surface_bring_only_what_walkers_stand_on(phase: BasinHopping) -> None:
    plan = phase.plan(store_of(phase.context).tables)
    assert plan is not None
    assert all(len(task.minima.row) == 0 for task in plan.tasks)


@given(st.lists(st.integers(0, 20)))
def test_rows_and_places_are_those_that_sorting_finds(numbers: list[int]) -> None:
    found, place = rows_and_places(np.array(numbers, dtype=np.int64), np.full(21, 7))
    expected, inverse = np.unique(np.array(numbers, dtype=np.int64), return_inverse=True)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(place, inverse)


def test_half_of_the_walkers_without_a_minimum_begin_where_only_transition_states_have_led(phase: BasinHopping) -> None:
    context = phase.context
    store = store_of(context)
    assimilation = Assimilation(LandscapeIndex(context, store.tables), store.tables)
    assimilation.add_minima(minima([0.0, 1.0]), counted=True)
    assimilation.add_minima(minima([5.0, 6.0]), counted=False)
    store.commit(
        assimilation.commit(kind="connect", tasks=1, evaluations=1, seconds=0.0, walkers=walkers([-1, 1, -1, -1, -1]))
    )
    placed = phase._placed(store.tables).minimum
    np.testing.assert_array_equal(placed, phase._placed(store.tables).minimum)
    assert placed[[1, 2, 4]].tolist() == [1, -1, -1]
    assert set(placed[[0, 3]]) <= {2, 3}
    plan = phase.plan(store.tables)
    assert plan is not None
    at = [task.minima.row[place] if place >= 0 else -1 for task in plan.tasks for place in task.at]
    assert at == placed.tolist()


def test_walkers_start_afresh_where_hopping_has_found_every_minimum(phase: BasinHopping) -> None:
    context = phase.context
    store = store_of(context)
    assimilation = Assimilation(LandscapeIndex(context, store.tables), store.tables)
    assimilation.add_minima(minima([0.0, 1.0]), counted=True)
    store.commit(
        assimilation.commit(kind="connect", tasks=1, evaluations=1, seconds=0.0, walkers=walkers([-1, 1, -1, -1, -1]))
    )
    assert phase._placed(store.tables).minimum.tolist() == [-1, 1, -1, -1, -1]
