"""Worker that searches with `landscape` at its default settings."""

import argparse

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.identity import distinct_minima
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.preparation import prepared_context, record_of
from landscape.campaign.progress import Silent
from landscape.campaign.resumption import open_or_create
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.double_ended import Connect
from landscape.campaign.rounds.hopping import BasinHopping
from landscape.campaign.session import run_campaign
from landscape.config.run_file import Settings
from landscape.database.store import Store
from landscape.optimize.driver import run_all
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.newton import newton_finish
from landscape.problems.problem import Problem
from tests.benchmarks.landscapes import LANDSCAPES, RMS
from tests.benchmarks.serve import Answer, Clock, serve

ENDLESS = 10**6
WARM_UP = 0.5  # seconds, less than a round


class CpuLimit(Interrupt):
    """Stops before a round that would exceed the limit of CPU seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.clock, self.limit = Clock(), seconds
        self.last = 0.0

    def stop_before(self, seconds: float) -> bool:
        """True if a round as long as the last one, in CPU time, would exceed the limit."""
        del seconds
        now = self.clock.seconds
        last, self.last = now - self.last, now
        return now + last > self.limit


class Ours:
    """The tasks of the worker."""

    def __init__(self, memory: int, batch: int) -> None:
        torch.set_num_threads(1)
        self.memory, self.batch = memory, batch

    def quench(self, landscape: str, l2: float, starts: int) -> Answer:
        """Quenches from all starts, after a few for warm-up."""
        problem = _problem(landscape, l2)
        method = LBFGS(rms=RMS, memory=self.memory, max_step=1.0, precondition=problem.cheap_hessian)
        points = torch.tensor(LANDSCAPES[landscape].starts(starts, problem.n_parameters))
        run_all(method, problem, points[:3], self.batch)
        clock = Clock()
        state = run_all(method, problem, points, self.batch)
        seconds = clock.seconds
        return {"theta": state.theta.tolist(), "counts": state.calls.tolist(), "seconds": seconds}

    def hop(self, landscape: str, l2: float, seconds: float, seed: int) -> Answer:
        """The basin-hopping phase of a campaign, after a round for warm-up."""
        settings = self._settings(basin_hopping={"steps": ENDLESS}, run={"seed": seed})
        context = _context(_problem(landscape, l2), settings)
        _hopping(context, CpuLimit(WARM_UP))
        limit = CpuLimit(seconds)
        minima = _hopping(context, limit).tables.minima
        return {"theta": minima.parameters.tolist(), "counts": minima.hits.tolist(), "seconds": limit.clock.seconds}

    def connect(self, landscape: str, l2: float, minima: list[list[float]], pairs: int) -> Answer:
        """One round of the connecting phase with the nearest pairs, after one pair for warm-up."""
        table = {"pairs": pairs, "rounds": 1, "target": 1.0, "strategies": ("closest",)}
        context = _context(_problem(landscape, l2), self._settings(connect=table))
        _connecting(context, minima[:2])
        clock = Clock()
        found = _connecting(context, minima)
        return {"theta": found.tolist(), "counts": [1] * len(found), "seconds": clock.seconds}

    def _settings(self, **tables: object) -> Settings:
        return Settings.from_table({"quench": {"memory": self.memory}, **tables})


def _problem(name: str, l2: float) -> Problem:
    landscape = LANDSCAPES[name]
    return Problem(dataset=landscape.dataset, standardise=landscape.standardise, hidden=[landscape.hidden], l2=l2)


def _context(problem: Problem, settings: Settings) -> Context:
    return prepared_context(problem, settings, None)


def _store(context: Context) -> Store:
    return open_or_create(None, record_of(context), resume=False)


def _hopping(context: Context, limit: CpuLimit) -> Store:
    store = _store(context)
    run_campaign(context, store, LocalPool(context.execute), Silent(), limit, (BasinHopping,))
    return store


def _connecting(context: Context, minima: list[list[float]]) -> np.ndarray:
    """Transition states [T, P] as the tasks found them; assimilation would keep only distinct ones."""
    store = _store(context)
    index = LandscapeIndex(context, store.tables)
    assimilation = Assimilation(index, store.tables)
    points = newton_finish(context.objective, torch.tensor(minima, dtype=torch.float64))
    assimilation.add_distinct(distinct_minima(context, points)[0], counted=True)
    store.commit(assimilation.commit(kind="basin_hopping", tasks=1, evaluations=0, seconds=0.0))
    phase = Connect(context, index)
    plan = phase.plan(store.tables)
    assert plan is not None
    results = LocalPool(context.execute).run(plan.tasks, lambda: None, lambda: False)
    phase.assimilate(store.tables, plan, results, 0.0)
    return np.concatenate([result.transition_states.parameters for result in results])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", type=int, required=True, help="correction pairs")
    parser.add_argument("--batch", type=int, required=True, help="walkers at a time, of quenches alone")
    ours = Ours(**vars(parser.parse_args()))
    serve("landscape", {"quench": ours.quench, "hop": ours.hop, "connect": ours.connect})
