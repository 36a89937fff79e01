import numpy as np
import pytest
import torch

from landscape.objective import Objective
from landscape.optimize.lbfgs.method import LBFGS
from landscape.problems.surfaces.analytic import LennardJones, MuellerBrown, SixHumpCamel, Surface
from landscape.search.basin_hopping import Hoppers, Hops, hop
from landscape.search.moves import MOVES, KnownMinima
from landscape.search.starts import BoxStarts, GaussianStarts, Starts
from tests.optimize.objectives import BOXES, objective


def hoppers(energy: Objective, walkers: int, *, step: float = 0.5, temperature: float = 1.0, seed: int = 0) -> Hoppers:
    return Hoppers(
        theta=np.full((walkers, energy.n_parameters), np.nan),
        energy=np.full(walkers, np.nan),
        step=np.full(walkers, step),
        temperature=np.full(walkers, temperature),
        seeds=tuple((seed, walker) for walker in range(walkers)),
    )


def box(name: str) -> BoxStarts:
    low, high = BOXES[name]
    return BoxStarts(np.asarray(low), np.asarray(high))


def walk(surface: Surface, name: str, walkers: Hoppers, steps: int, batch: int = 8) -> Hops:
    return hop(surface, walkers, steps, starts=box(name), method=LBFGS(), batch=batch)


@pytest.mark.parametrize(("surface", "name"), [(MuellerBrown(), "mueller_brown"), (SixHumpCamel(), "camel")])
def test_all_known_minima_are_found_and_nothing_else(surface: Surface, name: str) -> None:
    hops = walk(surface, name, hoppers(surface, 8), 15)
    known = torch.tensor([point.theta for point in surface.known if point.index == 0], dtype=torch.float64)
    distance = torch.cdist(hops.minima.theta, known)
    assert (distance.amin(1) < 1e-7).all()
    assert (distance.amin(0) < 1e-7).all()


@pytest.mark.parametrize("starts", [GaussianStarts((0.7,)), BoxStarts(-1.2, 1.2)], ids=["gaussian", "box"])
def test_the_four_minima_of_a_cluster_of_seven(starts: Starts) -> None:
    surface = LennardJones(7)
    walkers = hoppers(surface, 12, step=0.4, temperature=0.4)
    hops = hop(surface, walkers, 8, starts=starts, method=LBFGS(max_step=0.3), batch=12)
    np.testing.assert_allclose(
        np.unique(np.round(hops.minima.energy.numpy(), 6)), surface.known_energies(0), rtol=0, atol=1.1e-6
    )


def one_of(walkers: Hoppers, walker: int) -> Hoppers:
    return Hoppers(
        theta=walkers.theta[[walker]],
        energy=walkers.energy[[walker]],
        step=walkers.step[[walker]],
        temperature=walkers.temperature[[walker]],
        seeds=walkers.seeds[walker : walker + 1],
    )


def test_a_walker_does_not_depend_on_its_neighbours_or_the_batch() -> None:
    surface = SixHumpCamel()
    walkers = hoppers(surface, 6)
    together = walk(surface, "camel", walkers, 5, batch=4)
    for walker in range(6):
        alone = walk(surface, "camel", one_of(walkers, walker), 5)
        torch.testing.assert_close(
            together.minima.theta[together.reached[walker]], alone.minima.theta[alone.reached[0]], rtol=0, atol=1e-9
        )
        np.testing.assert_array_equal(together.accepted[walker], alone.accepted[0])


def test_minima_stand_in_order_of_walker_and_step() -> None:
    hops = walk(SixHumpCamel(), "camel", hoppers(SixHumpCamel(), 5), 4, batch=3)
    np.testing.assert_array_equal(hops.reached, np.arange(20).reshape(5, 4))
    assert hops.minima.is_minimum.all()
    assert hops.accepted[:, 0].all()


def test_a_walk_that_goes_on_later_starts_where_it_stood() -> None:
    """Only downhill moves are accepted at temperature zero: a walker's current energy never rises."""
    surface = SixHumpCamel()
    standing = 2.10425031
    walkers = Hoppers(
        theta=np.tile([1.60710475, 0.56865145], (6, 1)),
        energy=np.full(6, standing),
        step=np.full(6, 0.8),
        temperature=np.zeros(6),
        seeds=tuple((9, walker) for walker in range(6)),
    )
    hops = walk(surface, "camel", walkers, 10)
    for walker in range(6):
        energies = hops.minima.energy.numpy()[hops.reached[walker]]
        current = standing
        for energy, accepted in zip(energies, hops.accepted[walker], strict=True):
            assert accepted == (energy <= current)
            current = energy if accepted else current
    assert (hops.minima.energy < standing - 1.0).any()


def test_a_hot_walker_accepts_everything() -> None:
    assert walk(SixHumpCamel(), "camel", hoppers(SixHumpCamel(), 4, temperature=1e9), 6).accepted.all()


def test_rises_are_accepted_with_the_probability_of_metropolis() -> None:
    """Two minima of the camel differ by 0.8162; at that temperature 1/e of the rises from the lower are accepted."""
    surface = SixHumpCamel()
    rise = 1.03162845 - 0.21546382
    count = 400
    walkers = Hoppers(
        theta=np.tile([0.08984201, -0.71265640], (count, 1)),
        energy=np.full(count, -1.03162845),
        step=np.full(count, 1.0),
        temperature=np.full(count, rise),
        seeds=tuple((4, walker) for walker in range(count)),
    )
    hops = walk(surface, "camel", walkers, 1, batch=count)
    risen = np.isclose(hops.minima.energy, -0.21546382, atol=1e-6)
    expected = risen.sum() / np.e
    assert risen.sum() > 50
    assert abs(hops.accepted[:, 0][risen].sum() - expected) < 3.5 * (expected * (1 - 1 / np.e)) ** 0.5
    assert hops.accepted[:, 0][hops.minima.energy.numpy() < -1.0].all()


def test_failed_quenches_are_no_finds_and_leave_a_walker_without_a_minimum() -> None:
    surface = MuellerBrown()
    starts = box("mueller_brown")
    hops = hop(surface, hoppers(surface, 3), 2, starts=starts, method=LBFGS(max_calls=1), batch=3)
    failed = hops.reached < 0
    assert failed.any()
    assert not hops.accepted[failed].any()
    assert (hops.reached >= 0).sum() == len(hops.minima)


def test_a_network_with_small_starts_finds_the_minimum_at_zero() -> None:
    """At strong regularisation zero is a minimum with a small basin, which large starts alone miss."""
    energy = objective("network")
    starts = GaussianStarts((0.05, 1.0))
    hops = hop(energy, hoppers(energy, 16, step=0.1), 1, starts=starts, method=LBFGS(), batch=16)
    assert np.isclose(hops.minima.energy, np.log(2.0), atol=1e-9).any()


def test_exchanges_are_finds_that_do_not_move_the_walker() -> None:
    """Hot walkers with tiny steps stay at one of two twin minima; all exchanges lead to the other."""
    surface = SixHumpCamel()
    stand = np.array([0.08984201, -0.71265640])
    walkers = Hoppers(
        theta=np.tile(stand, (20, 1)),
        energy=np.full(20, -1.03162845),
        step=np.full(20, 1e-3),
        temperature=np.full(20, 1e9),
        seeds=tuple((5, walker) for walker in range(20)),
    )
    known, share = KnownMinima(-stand[None], (np.array([[0, 1]]),)), MOVES["exchange"].share
    hops = hop(surface, walkers, 20, starts=box("camel"), known=known, method=LBFGS(), batch=8)
    walked = hops.reached >= 0
    assert len(hops.minima) == 400
    assert abs(walked.mean() - (1.0 - share)) < 4 * (share * (1.0 - share) / 400) ** 0.5
    np.testing.assert_array_equal(hops.accepted, walked)
    np.testing.assert_array_equal(hops.walked, walked)
    theta = hops.minima.theta.numpy().reshape(20, 20, 2)
    np.testing.assert_allclose(theta[walked], np.broadcast_to(stand, (walked.sum(), 2)), rtol=0, atol=1e-7)
    np.testing.assert_allclose(theta[~walked], np.broadcast_to(-stand, ((~walked).sum(), 2)), rtol=0, atol=1e-7)


def test_exchanged_atoms_lead_from_one_cluster_of_seven_to_others() -> None:
    surface = LennardJones(7)
    found = hop(surface, hoppers(surface, 1), 1, starts=GaussianStarts((0.7,)), method=LBFGS(max_step=0.3), batch=1)
    known = KnownMinima(found.minima.theta.numpy(), (np.arange(21).reshape(7, 3),))
    walkers = hoppers(surface, 12, step=1e-6)
    hops = hop(surface, walkers, 8, starts=GaussianStarts((0.7,)), known=known, method=LBFGS(max_step=0.3), batch=12)
    exchanged = np.delete(np.arange(len(hops.minima)), hops.reached[hops.reached >= 0])
    assert len(np.unique(np.round(hops.minima.energy.numpy()[exchanged], 6))) > 1


def test_a_walker_that_exchanges_does_not_depend_on_its_neighbours() -> None:
    energy = objective("network")
    starts, walkers = GaussianStarts((1.0,)), hoppers(energy, 5)
    minima = hop(energy, walkers, 1, starts=starts, method=LBFGS(), batch=5).minima.theta.numpy()
    known = KnownMinima(minima, (np.array([[0, 1, 6], [2, 3, 7], [4, 5, 8]]),))
    hops = hop(energy, walkers, 4, starts=starts, known=known, method=LBFGS(), batch=3)
    for walker in range(5):
        alone = hop(energy, one_of(walkers, walker), 4, starts=starts, known=known, method=LBFGS(), batch=1)
        np.testing.assert_array_equal(hops.reached[walker] >= 0, alone.reached[0] >= 0)
        np.testing.assert_allclose(
            hops.minima.energy[4 * walker : 4 * walker + 4], alone.minima.energy, rtol=0, atol=1e-9
        )
