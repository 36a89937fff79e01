"""Following k modes leads to saddles of index k."""

import numpy as np
import pytest
import torch
from torch import Tensor

from landscape.objective import Objective
from landscape.optimize.driver import run_all
from landscape.optimize.newton import newton_finish
from landscape.optimize.status import Status
from landscape.problems.surfaces.adapter import as_objective
from landscape.problems.surfaces.analytic import SixHumpCamel
from landscape.search.saddles import several_modes
from landscape.search.saddles.several_modes import ModesState, SeveralModes
from tests.optimize.objectives import objective, starts
from tests.search.turned import Turned


class Quartic:
    """E = sum of x^4 / 4 - x^2 / 2: stationary where each x is -1, 0 or 1; the index is the number of zeros."""

    n_parameters = 4

    def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (theta**4 / 4.0 - theta**2 / 2.0).sum(1), theta**3 - theta

    def hessian(self, theta: np.ndarray) -> np.ndarray:
        hessian: np.ndarray = (3.0 * theta**2 - 1.0)[:, :, None] * np.eye(4)
        return hessian


@pytest.mark.parametrize("modes", [1, 2, 3, 4])
def test_saddles_of_the_wanted_index_are_found(modes: int) -> None:
    energy = as_objective(Quartic())
    begin = torch.tensor(np.random.default_rng(modes).uniform(-1.0, 1.0, (40, 4)))
    state = run_all(SeveralModes(modes=modes), energy, begin, 16)
    points = newton_finish(energy, state.theta[state.status == Status.CONVERGED])
    assert len(points) >= 30
    assert (points.index == modes).all()
    assert ((points.theta.abs() < 1e-9).sum(1) == modes).all()


def test_a_walker_that_starts_on_a_maximum_stays_there() -> None:
    known = torch.tensor([point.theta for point in SixHumpCamel.known if point.index == 2], dtype=torch.float64)
    state = run_all(SeveralModes(modes=2), SixHumpCamel(), known, 2)
    assert state.status.tolist() == [Status.CONVERGED] * 2
    assert (state.theta - known).norm() < 1e-6


def test_no_component_of_a_step_exceeds_the_trust_radius() -> None:
    camel, method = SixHumpCamel(), SeveralModes(modes=2, trust=0.05)
    state = method.init(camel, starts("camel", 30))
    for _ in range(5):
        before, state = state.theta, method.step(camel, state)
        assert ((state.theta - before).norm(dim=1) <= 0.05 * 2**0.5 + 1e-12).all()


def test_the_step_does_not_depend_on_the_basis_of_a_multiple_eigenvalue(monkeypatch: pytest.MonkeyPatch) -> None:
    """XOR with softmax and L2 has four eigenvalues 2 * l2 at every point; any basis of their space is valid."""
    energy, points = objective("network"), starts("network", 5)
    plain = [one_step(energy, points, modes) for modes in range(1, 14)]
    monkeypatch.setattr(several_modes, "spectrum", Turned())
    for modes, expected in enumerate(plain, 1):
        torch.testing.assert_close(one_step(energy, points, modes).theta, expected.theta, rtol=0, atol=1e-9)


def one_step(energy: Objective, points: Tensor, modes: int) -> ModesState:
    method = SeveralModes(modes=modes)
    return method.step(energy, method.init(energy, points))


def test_ways_to_end_without_a_saddle_have_their_status() -> None:
    nowhere = torch.full((1, 2), torch.nan, dtype=torch.float64)
    assert run_all(SeveralModes(modes=2), SixHumpCamel(), nowhere, 1).status.tolist() == [Status.NOT_FINITE]
    far = torch.tensor([[9.0, 9.0]], dtype=torch.float64)  # uphill along both modes there is no end
    ended = run_all(SeveralModes(modes=2, max_climb=5), SixHumpCamel(), far, 1)
    assert (ended.status.tolist(), ended.calls.tolist()) == ([Status.OUT_OF_STEPS], [6])
