"""Costs of a round of basin-hopping, measured for `coordinator.py` with the project's own code.

Task times are those of a round on iris-10 at l2 = 1e-4. The coordinator's costs are measured with tasks of the given
size among made-up minima (`large.py`) and made-up results: walkers find known minima, and each task finds one new one.
Times are processor seconds, except that of the commit, which is by the clock; the least of several counts.
"""

import pickle
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from landscape.campaign.context import Context, one_thread_per_task
from landscape.campaign.identity import DistinctMinima
from landscape.campaign.preparation import context_of, record_of
from landscape.campaign.replicas import ReplicaUpdates, ReplicaWorker
from landscape.campaign.resumption import open_or_create
from landscape.campaign.rounds.assimilation import LandscapeIndex
from landscape.campaign.rounds.hopping import BasinHopping, HopResult, HopTask, WalkSummary
from landscape.campaign.rounds.phase import Plan
from landscape.config.run_file import RunConfig
from landscape.database.records import Minima, Walkers
from landscape.database.store import Store
from landscape.search.moves import MOVES
from tests.benchmarks.large import made_up_commit, made_up_minima

REPEATS = 5
TASKS = 4  # number of tasks in a measured round
FEW, MANY = 1000, 1_000_000  # numbers of walkers in commits
Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Size:
    """The size of the tasks of a round, and of the database."""

    walkers: int  # walkers of a task
    steps: int  # steps of a walker in a round
    found: int  # minima that a task finds, all but one of them known
    database: int  # minima in the database


def task_seconds(walkers: int, steps: int, tasks: int) -> list[float]:
    """Times of the tasks of a real round."""
    here = _context(walkers * tasks, steps, walkers)
    tables = open_or_create(None, record_of(here), resume=False).tables
    plan = BasinHopping(here, LandscapeIndex(here, tables)).plan(tables)
    assert plan is not None
    with one_thread_per_task():
        plan.tasks[0].run(here)  # compiles the code
        return [_seconds(partial(task.run, here), repeats=3) for task in plan.tasks]


def coordination(size: Size) -> dict[str, dict[str, float]]:
    """Seconds and bytes of a task on the way out, and of its result on the way back, whole and without known minima."""
    here = _context(TASKS * size.walkers, size.steps, size.walkers)
    store = open_or_create(None, record_of(here), resume=False)
    _fill(store, size.database, TASKS * size.walkers, size.found)
    tables = store.tables
    phase, worker = BasinHopping(here, LandscapeIndex(here, tables)), ReplicaWorker(here)
    update = ReplicaUpdates().following(tables)
    plan = phase.plan(tables)
    assert plan is not None
    assert update is not None
    worker.receive(update)
    results = [_result(task, number, size, tables.minima) for number, task in enumerate(plan.tasks)]
    out = {"plan": _seconds(lambda: phase.plan(tables)) / TASKS} | _message(plan.tasks[0])
    return {
        "out": out,
        "whole": _back(here, store, plan, results),
        "discarded": _back(here, store, plan, [result.without(worker.replica) for result in results]),
    }


def commit_seconds(database: int) -> tuple[float, float]:
    """Seconds of a commit to a file with `database` minima, and further seconds per walker."""
    seconds = []
    for walkers in (FEW, MANY):
        here = _context(walkers, 1, walkers)
        with tempfile.TemporaryDirectory() as folder:
            store = open_or_create(Path(folder, "a.h5"), record_of(here), resume=False)
            _fill(store, database, walkers, database)
            again = made_up_commit(store, Minima.empty(here.objective.n_parameters), store.tables.walkers)
            seconds.append(_seconds(partial(store.commit, again), time.perf_counter))
            store.close()
    return seconds[0], (seconds[1] - seconds[0]) / (MANY - FEW)


def _back(here: Context, store: Store, plan: Plan[HopTask], results: Sequence[HopResult]) -> dict[str, float]:
    """Costs of a result's message and its assimilation, without the commit."""

    def assimilation() -> float:
        phase = BasinHopping(here, LandscapeIndex(here, store.tables))
        return _seconds(lambda: phase.assimilate(store.tables, plan, results, 0.0), repeats=1)

    seconds = min(assimilation() for _ in range(REPEATS))
    return _message(results[0]) | {"assimilate": seconds / TASKS}


def _message(what: object) -> dict[str, float]:
    data = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    pack = _seconds(lambda: pickle.dumps(what, pickle.HIGHEST_PROTOCOL))
    return {"bytes": len(data), "pack": pack, "unpack": _seconds(lambda: pickle.loads(data))}


def _result(task: HopTask, number: int, size: Size, minima: Minima) -> HopResult:
    """Result with steps to random ones of `found` minima; one of the minima, a different one in each task, is new."""
    random = np.random.default_rng(number)
    here = task.minima
    others = np.setdiff1d(np.arange(size.found - 1), here.row)
    new = made_up_minima(1, random)
    count = len(here.row) + len(others) + 1
    all_minima = DistinctMinima(
        row=np.concatenate([here.row, np.full(len(others) + 1, -1)]),
        hits=np.ones(count, dtype=np.int64),
        unknown=Minima.concatenated([minima.take(others), new]),
    )
    find = random.integers(0, count, (len(task.at), size.steps))
    exchanged = random.random(find.shape) < MOVES["exchange"].share
    find[exchanged] = -1
    walk = WalkSummary.of(task.at, find, ~exchanged & (random.random(find.shape) < 0.3), exchanged)
    return HopResult(minima=all_minima, walk=walk, evaluations=1)


def _fill(store: Store, minima: int, walkers: int, standing: int) -> None:
    """Commit `minima` minima, and walkers that stand on the first `standing` of them."""
    random = np.random.default_rng(0)
    found = made_up_minima(minima, random)
    state = Walkers(
        minimum=random.integers(0, standing - 1, walkers),
        step=np.full(walkers, 0.5),
        temperature=np.full(walkers, 0.01),
        stale=np.zeros(walkers, dtype=np.int64),
    )
    store.commit(made_up_commit(store, found, state))


def _context(walkers: int, steps: int, task_walkers: int) -> Context:
    hopping = {"walkers": walkers, "steps": 1000 * steps, "round_steps": steps, "task_walkers": task_walkers}
    problem = {"dataset": "iris", "hidden": [10], "l2": 1e-4}
    return context_of(RunConfig.from_table({"problem": problem, "basin_hopping": hopping}, "coordinator"), "cpu")


def _seconds(
    work: Callable[[], object], clock: Callable[[], float] = time.process_time, repeats: int = REPEATS
) -> float:
    """The least of several times of the work."""
    times = []
    for _ in range(repeats):
        begin = clock()
        work()
        times.append(clock() - begin)
    return min(times)
