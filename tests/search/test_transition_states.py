from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.quench import quench
from landscape.problems.problem import Problem
from landscape.problems.surfaces.analytic import LennardJones, MuellerBrown, SixHumpCamel, Surface
from landscape.search.bands import candidates, relax, straight_bands
from landscape.search.descent.gradient_flow import GradientFlow
from landscape.search.descent.sides import Sides, sides
from landscape.search.eigenvector_following import EigenvectorFollowing
from landscape.search.transition_states import OUTCOME_NAMES, Found, Outcome, SearchSettings, climb, connect, refine
from tests.optimize.objectives import objective, starts

PLANE = [MuellerBrown(), SixHumpCamel()]
SETTINGS = SearchSettings()


def minima(surface: Surface) -> Tensor:
    return torch.tensor([point.theta for point in surface.known if point.index == 0], dtype=torch.float64)


def pairs(surface: Surface) -> tuple[Tensor, Tensor]:
    """All pairs of known minima."""
    first, last = np.triu_indices(len(minima(surface)), 1)
    return minima(surface)[first], minima(surface)[last]


def known(found: Tensor, energies: np.ndarray) -> np.ndarray:
    """Mask [F] of found energies that are among the given ones, to their eight digits."""
    return (abs(found.numpy()[:, None] - energies) < 6e-9).any(axis=1)  # type: ignore[no-any-return]


def check(found: Found, surface: Surface) -> None:
    """Assert the conditions on every result: verified points, both sides below, all points known."""
    assert found.points.is_transition_state.all()
    for side in found.sides:
        assert side.is_minimum.all()
        assert (side.energy < found.points.energy).all()
        assert known(side.energy, surface.known_energies(0)).all()
    assert known(found.points.energy, surface.known_energies(1)).all()
    assert (np.diff(found.search) >= 0).all()


@pytest.mark.parametrize("surface", PLANE, ids=lambda surface: type(surface).__name__)
@pytest.mark.parametrize("images", [10, 20])
def test_bands_between_known_minima_find_all_known_transition_states(surface: Surface, images: int) -> None:
    first, last = pairs(surface)
    found = connect(surface, first, last, np.full(len(first), images), SETTINGS)
    check(found, surface)
    assert known(torch.tensor(surface.known_energies(1)), found.points.energy.numpy()).all()


def test_every_guess_and_every_pair_without_one_is_accounted_for() -> None:
    surface = SixHumpCamel()
    first, last = pairs(surface)
    images = np.where(np.arange(len(first)) % 2, 10, 25)
    last[3] = first[3]
    found = connect(surface, first, last, images, replace(SETTINGS, following=EigenvectorFollowing(max_steps=1)))
    guesses: Counter[int] = Counter()
    for row, count in enumerate(images.tolist()):
        band = relax(surface, straight_bands(first[row : row + 1], last[row : row + 1], count), SETTINGS.band)
        guesses[row] = max(1, len(candidates(surface, band).band))
    ended = Counter(found.search.tolist()) + Counter(search for search, _ in found.failures)
    assert ended == guesses
    reasons = {reason for _, reason in found.failures}
    assert reasons == {Outcome.NO_MAXIMUM, Outcome.NOT_CONVERGED}
    assert (3, Outcome.NO_MAXIMUM) in found.failures


def test_pairs_do_not_affect_each_other() -> None:
    surface = SixHumpCamel()
    first, last = pairs(surface)
    images = np.full(len(first), 12)
    together = connect(surface, first, last, images, SETTINGS)
    for row in range(0, len(first), 4):
        alone = connect(surface, first[row : row + 1], last[row : row + 1], images[:1], SETTINGS)
        mine = together.search == row
        torch.testing.assert_close(together.points.theta[mine], alone.points.theta, rtol=0, atol=1e-9)
        assert [reason for search, reason in together.failures if search == row] == [r for _, r in alone.failures]


def test_a_guess_that_follows_to_a_saddle_of_another_kind_is_refused() -> None:
    """A minimum, off which no step is allowed, is a stationary point of the wrong index."""
    surface = SixHumpCamel()
    theta = minima(surface)[:1]
    settings = replace(SETTINGS, following=EigenvectorFollowing(rms=1.0, max_trust=0.01, trust=0.01))
    found = refine(surface, theta, torch.ones_like(theta), [7], settings)
    assert found.failures == ((7, Outcome.WRONG_INDEX),)
    assert len(found.points) == 0


def test_a_transition_state_without_minima_below_is_refused() -> None:
    surface = SixHumpCamel()
    theta = torch.zeros(1, 2, dtype=torch.float64)
    settings = replace(SETTINGS, flow=GradientFlow(max_steps=1))
    found = refine(surface, theta + 1e-3, torch.ones_like(theta), [4], settings)
    assert found.failures == ((4, Outcome.NO_DESCENT),)


class Rows:
    """Some known transition states of a surface, by their numbers."""

    def __init__(self, surface: Surface, rows: list[int]) -> None:
        states = [point for point in surface.known if point.index == 1]
        self.points = {row: np.array(states[row].theta) for row in rows}

    def find(self, energy: float, theta: np.ndarray) -> int:
        del energy
        near = (row for row, point in self.points.items() if np.linalg.norm(point - theta) <= 1e-2)
        return next(near, -1)


def test_known_transition_states_are_recognised_and_the_others_found() -> None:
    surface = SixHumpCamel()
    first, last = pairs(surface)
    images = np.full(len(first), 10)
    without = connect(surface, first, last, images, SETTINGS)
    partly = connect(surface, first, last, images, replace(SETTINGS, known=Rows(surface, [0, 2])))
    assert {row for _, row in partly.known} == {0, 2}
    whole = sorted([*partly.search.tolist(), *(search for search, _ in partly.known)])
    assert whole == without.search.tolist()
    assert partly.failures == without.failures
    points = np.array([point.theta for point in surface.known if point.index == 1])[[0, 2]]
    gaps = np.linalg.norm(partly.points.theta.numpy()[:, None] - points, axis=2)
    assert gaps.min() > 1e-2


def test_a_state_that_two_guesses_lead_to_descends_once(monkeypatch: pytest.MonkeyPatch) -> None:
    surface, descents = SixHumpCamel(), []

    def counted(objective: Surface, theta: Tensor, *others: object) -> Sides:
        descents.append(theta)
        return sides(objective, theta, *others)  # type: ignore[arg-type]

    monkeypatch.setattr("landscape.search.transition_states.sides", counted)
    state = torch.tensor([[0.05, 0.02]], dtype=torch.float64)  # near the saddle at the origin
    along = torch.tensor([[1.0, -0.3]], dtype=torch.float64)
    found = refine(surface, torch.cat([state, -state, state]), along.repeat(3, 1), [0, 1, 1], SETTINGS)
    assert found.search.tolist() == [0, 1, 1]
    assert len(torch.cat(descents)) == 1
    torch.testing.assert_close(found.points.theta, torch.zeros(3, 2, dtype=torch.float64), rtol=0, atol=1e-9)


class Bridge(Surface):
    """Minima at (-1, 0) and (1, 0), a saddle of index 2 at the origin and transition states at (0, 1) and (0, -1)."""

    n_parameters = 2

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        x, y = theta.T
        valley = x**2 + y**2 - 1.0
        energy = (x**2 - 1.0) ** 2 + 0.5 * valley**2 + 0.5 * x**2 * y**2
        along = 4.0 * x * (x**2 - 1.0) + 2.0 * x * valley + x * y**2
        return energy, torch.stack([along, 2.0 * y * valley + x**2 * y], 1)

    def hessian(self, theta: Tensor) -> Tensor:
        x, y = theta.T
        valley = x**2 + y**2 - 1.0
        along, across = 12.0 * x**2 - 4.0 + 2.0 * valley + 4.0 * x**2 + y**2, 2.0 * valley + 4.0 * y**2 + x**2
        return torch.stack([along, 6.0 * x * y, 6.0 * x * y, across], 1).view(-1, 2, 2)


def test_a_guess_that_symmetry_leads_to_a_saddle_of_higher_index_steps_off_it() -> None:
    surface, sides_x = Bridge(), torch.tensor([[-1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    assert torch.linalg.eigvalsh(surface.hessian(sides_x * 0.0)[0]).tolist() == [-6.0, -2.0]
    found = connect(surface, sides_x[:1], sides_x[1:], np.array([11]), SETTINGS)
    torch.testing.assert_close(found.points.theta.abs(), torch.tensor([[0.0, 1.0]], dtype=torch.float64))
    assert found.points.is_transition_state.all()
    ends = torch.cat([side.theta for side in found.sides])
    torch.testing.assert_close(ends[ends[:, 0].argsort()], sides_x)


@pytest.mark.parametrize("surface", PLANE, ids=lambda surface: type(surface).__name__)
def test_single_ended_searches_find_all_known_transition_states(surface: Surface) -> None:
    from_each = 12
    origins = minima(surface).repeat(from_each, 1)
    seeds: list[tuple[int, ...]] = [(1, row) for row in range(len(origins))]
    found = climb(surface, origins, seeds, SETTINGS)
    check(found, surface)
    assert known(torch.tensor(surface.known_energies(1)), found.points.energy.numpy()).all()
    ended = sorted([*found.search.tolist(), *(search for search, _ in found.failures)])
    assert ended == list(range(len(origins)))


def test_a_single_ended_search_depends_on_its_own_stream_only() -> None:
    surface = SixHumpCamel()
    origins = minima(surface)
    seeds: list[tuple[int, ...]] = [(2, row) for row in range(6)]
    together = climb(surface, origins, seeds, SETTINGS)
    for row in range(6):
        alone = climb(surface, origins[row : row + 1], seeds[row : row + 1], SETTINGS)
        torch.testing.assert_close(alone.points.theta, together.points.theta[together.search == row], rtol=0, atol=1e-9)


def test_transition_states_of_a_network_lie_above_minima_on_both_sides() -> None:
    energy = objective("network")
    points = quench(energy, starts("network", 12), method=LBFGS(), batch=12)
    found = climb(energy, points.theta, [(3, row) for row in range(12)], SETTINGS)
    assert len(found.points) + len(found.failures) == 12
    assert len(found.points) >= 3
    assert found.points.is_transition_state.all()
    for side in found.sides:
        assert (side.energy < found.points.energy).all()


def test_transition_states_of_a_cluster_do_not_mind_its_rigid_motions() -> None:
    """LJ4 has one minimum and one transition state, a rhombus that permutes its atoms."""
    surface = LennardJones(4)
    corners = 1.1 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]).ravel()
    minimum = quench(surface, torch.tensor(corners[None]), method=LBFGS(), batch=1)
    found = climb(surface, minimum.theta.repeat(16, 1), [(5, row) for row in range(16)], SETTINGS)
    energy = found.points.energy.numpy()
    assert np.isclose(energy, -5.073421, atol=1e-5).any()
    for side in found.sides:
        assert np.isclose(side.energy, -6.0, atol=1e-9)[np.isclose(energy, -5.073421, atol=1e-5)].all()


def test_no_searches_find_nothing() -> None:
    none = torch.zeros(0, 2, dtype=torch.float64)
    found = connect(SixHumpCamel(), none, none, np.zeros(0, dtype=np.int64), SETTINGS)
    assert (len(found.points), len(found.search), found.failures) == (0, 0, ())


def test_outcomes_have_names_in_their_order() -> None:
    assert list(OUTCOME_NAMES) == [outcome.name.lower() for outcome in sorted(Outcome)]
    assert sorted(Outcome) == list(range(len(Outcome)))


def test_the_tolerances_of_a_weakly_regularised_network_suit_its_curvatures() -> None:
    """At l2 = 1e-6 the lowest curvatures are about 1e-6, and gradients are 1e-7 far from any stationary point."""
    problem = Problem(dataset="wine", hidden=[3], l2=1e-6)
    method = LBFGS(rms=1e-7 * problem.energy_unit, precondition=problem.cheap_hessian, max_calls=10_000)
    begin = torch.tensor(np.random.default_rng(0).normal(size=(8, problem.n_parameters)))
    found = quench(problem, begin, method=method, batch=8)
    order = found.energy.argsort()
    lowest, highest = found.theta[order[:1]], found.theta[order[-1:]]
    assert found.is_minimum.all()
    assert problem.symmetry.distance(highest.numpy(), lowest.numpy())[0] > 1.0
    last = torch.tensor(problem.symmetry.align(highest.numpy(), lowest.numpy()))
    states = connect(problem, lowest, last, np.array([20]), SETTINGS)
    assert len(states.points) > 0
    assert all((side.energy < states.points.energy).all() for side in states.sides)
