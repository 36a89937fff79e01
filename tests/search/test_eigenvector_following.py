import numpy as np
import pytest
import torch
from torch import Tensor

from landscape.objective import Objective
from landscape.optimize.driver import run_all
from landscape.optimize.newton import newton_finish
from landscape.optimize.status import Status
from landscape.problems.problem import Problem
from landscape.problems.surfaces.analytic import MuellerBrown, SixHumpCamel, Surface
from landscape.search import eigenvector_following
from landscape.search.eigenvector_following import EigenvectorFollowing, FollowingState
from tests.optimize.objectives import objective, starts
from tests.search.turned import Turned

PLANE = [MuellerBrown(), SixHumpCamel()]


def transition_states(surface: Surface) -> Tensor:
    return torch.tensor([point.theta for point in surface.known if point.index == 1], dtype=torch.float64)


@pytest.mark.parametrize("surface", PLANE, ids=lambda surface: type(surface).__name__)
def test_known_transition_states_are_found_from_guesses_beside_them(surface: Surface) -> None:
    known = transition_states(surface).repeat(20, 1)
    random = np.random.default_rng(0)
    guess = known + torch.tensor(0.03 * random.normal(size=known.shape))
    direction = torch.tensor(random.normal(size=known.shape))
    state = run_all(EigenvectorFollowing(), surface, torch.stack([guess, direction], 1), 16)
    assert (state.status == Status.CONVERGED).all()
    assert (newton_finish(surface, state.theta).theta - known).norm(dim=1).max() < 1e-7


def test_the_way_out_of_a_basin_follows_the_given_direction() -> None:
    """The lowest minimum of the camel has a transition state on either side along its soft mode."""
    camel = SixHumpCamel()
    minimum = torch.tensor([[0.08984201, -0.71265640]], dtype=torch.float64)
    soft = torch.linalg.eigh(camel.hessian(minimum))[1][:, :, 0]
    guess = torch.cat([minimum + 0.1 * soft, minimum - 0.1 * soft])
    state = run_all(EigenvectorFollowing(), camel, torch.stack([guess, soft.expand(2, 2)], 1), 2)
    points = newton_finish(camel, state.theta)
    assert points.is_transition_state.all()
    assert points.theta[0, 0] * points.theta[1, 0] < 0


def test_a_walker_that_starts_on_a_transition_state_stays_there() -> None:
    known = transition_states(SixHumpCamel())[:1]
    state = run_all(EigenvectorFollowing(rms=1e-4), SixHumpCamel(), torch.stack([known, known + 1.0], 1), 1)
    assert state.status.tolist() == [Status.CONVERGED]
    assert (state.theta - known).norm() < 1e-6


def test_no_component_of_a_step_exceeds_the_trust_radius() -> None:
    camel, method = SixHumpCamel(), EigenvectorFollowing(trust=0.05, max_trust=0.05)
    points = torch.stack([starts("camel", 30), starts("camel", 30, seed=1)], 1)
    state = method.init(camel, points)
    for _ in range(5):
        before = state.theta.clone()
        state = method.step(camel, state)
        assert ((state.theta - before).norm(dim=1) <= 0.05 * 2**0.5 + 1e-12).all()


def test_the_step_does_not_depend_on_the_basis_of_a_multiple_eigenvalue(monkeypatch: pytest.MonkeyPatch) -> None:
    """XOR with softmax and L2 has four eigenvalues 2 * l2 at every point; any basis of their space is valid."""
    energy = objective("network")
    points = torch.stack([starts("network", 5), starts("network", 5, seed=1)], 1)
    plain = two_steps(energy, points)
    monkeypatch.setattr(eigenvector_following, "spectrum", Turned())
    torch.testing.assert_close(two_steps(energy, points).theta, plain.theta, rtol=0, atol=1e-9)


def test_krylov_spaces_lead_where_exact_hessians_do(monkeypatch: pytest.MonkeyPatch) -> None:
    energy = Problem(dataset="xor", standardise=False, hidden=[8], l2=1e-3)
    random = np.random.default_rng(0)
    points = torch.tensor(random.normal(size=(24, 2, energy.n_parameters)))
    exact = newton_finish(energy, run_all(EigenvectorFollowing(), energy, points, 24).theta)
    saddles = exact.theta[exact.is_transition_state]
    assert len(saddles) >= 5
    modes = exact.direction[exact.is_transition_state]
    guesses = saddles + 0.005 * torch.tensor(random.normal(size=saddles.shape))  # a distant one may lead elsewhere
    monkeypatch.setattr(eigenvector_following, "EXACT_LIMIT", 0)
    monkeypatch.setattr(eigenvector_following, "KRYLOV_VECTORS", 12)
    state = run_all(EigenvectorFollowing(), energy, torch.stack([guesses, modes], 1), 8)
    assert (state.status == Status.CONVERGED).all()
    found = newton_finish(energy, state.theta)
    assert found.is_transition_state.all()
    torch.testing.assert_close(found.energy, exact.energy[exact.is_transition_state], rtol=0, atol=1e-10)


def two_steps(energy: Objective, points: Tensor) -> FollowingState:
    method = EigenvectorFollowing()
    return method.step(energy, method.step(energy, method.init(energy, points)))


def test_ways_to_end_without_a_transition_state_have_their_status() -> None:
    nowhere = torch.full((1, 2, 2), torch.nan, dtype=torch.float64)
    assert run_all(EigenvectorFollowing(), SixHumpCamel(), nowhere, 1).status.tolist() == [Status.NOT_FINITE]
    start = torch.tensor([[[0.1, -0.7], [1.0, 0.0]]], dtype=torch.float64)
    short = run_all(EigenvectorFollowing(max_steps=2), SixHumpCamel(), start, 1)
    assert (short.status.tolist(), short.calls.tolist()) == ([Status.OUT_OF_STEPS], [3])
