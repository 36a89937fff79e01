"""Evaluations counted by a task, also of work that is recorded once and replayed."""

from collections.abc import Callable
from threading import Event

import pytest
import torch
from torch import Tensor

from landscape.campaign.context import Context
from landscape.campaign.counted import Counted
from landscape.campaign.pools.pool import Abandoned
from landscape.campaign.preparation import prepared_context
from landscape.config.run_file import Settings
from landscape.problems.surfaces.analytic import SixHumpCamel
from landscape.search.starts import GaussianStarts
from tests.campaign.xor import xor

WALKERS = torch.zeros(5, 2, dtype=torch.float64)


class Recordable(SixHumpCamel):
    """A surface with a GPU's recorder: work runs once, is recorded without running, and replayed without the host."""

    def recorder(self, work: Callable[[], None]) -> Callable[[], None]:
        work()
        work()
        return lambda: None


def twice(counted: Counted, theta: Tensor) -> None:
    counted.energy_and_gradient(theta)
    counted.energy_and_gradient(theta)


def test_replayed_evaluations_are_counted() -> None:
    counted = Counted(Recordable(), Event())
    assert counted.recorder is not None
    counted.energy(WALKERS)
    replay = counted.recorder(lambda: twice(counted, WALKERS))
    assert counted.evaluations == 15
    replay()
    replay()
    assert counted.evaluations == 35


def test_what_is_replayed_by_doing_it_again_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recordable, "recorder", plainly)
    counted = Counted(Recordable(), Event())
    assert counted.recorder is not None
    replay = counted.recorder(lambda: twice(counted, WALKERS))
    replay()
    assert counted.evaluations == 20


def plainly(_: Recordable, work: Callable[[], None]) -> Callable[[], None]:
    work()
    return work


def test_a_replay_ends_where_the_task_is_abandoned() -> None:
    abandoned = Event()
    counted = Counted(Recordable(), abandoned)
    assert counted.recorder is not None
    replay = counted.recorder(lambda: twice(counted, WALKERS))
    abandoned.set()
    with pytest.raises(Abandoned):
        replay()


@pytest.mark.parametrize(("device", "batch"), [("cpu", 64), ("cuda", 2**31 // (64 * 83**2))])
def test_a_gpu_searches_as_many_saddles_at_a_time_as_fit(device: str, batch: int) -> None:
    surface = SixHumpCamel()
    surface.device, surface.n_parameters = torch.device(device), 83
    context = Context(surface, Settings(), GaussianStarts((1.0,)), None)
    assert context.search.batch == batch


def test_what_cannot_be_recorded_has_no_recorder() -> None:
    assert Counted(SixHumpCamel(), Event()).recorder is None


def test_only_a_problem_is_trained_or_measured() -> None:
    with pytest.raises(TypeError, match="only a Problem"):
        prepared_context(SixHumpCamel(), Settings(), (-1.0, 1.0)).require_problem()
    problem = xor()
    context = prepared_context(problem, Settings(), None)
    assert context.require_problem() is problem
    assert context.counted()[0].require_problem() is problem
