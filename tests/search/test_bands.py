import threading

import numpy as np
import pytest
import torch
from torch import Tensor

from landscape.campaign.counted import Counted
from landscape.numerics.pointers import call
from landscape.optimize.driver import run_all
from landscape.optimize.lbfgs.method import LBFGS
from landscape.problems.problem import Problem
from landscape.problems.surfaces.analytic import MuellerBrown, SixHumpCamel
from landscape.search.bands import BandEnergy, BandSettings, candidates, redistribute, relax, straight_bands, tangents


def crooked(bands: int = 3, images: int = 9) -> Tensor:
    """Bands [B, I, 2] with uneven images."""
    random = np.random.default_rng(0)
    return torch.tensor(np.cumsum(random.uniform(0.1, 1.0, (bands, images, 2)), axis=1))


def minima(surface: MuellerBrown | SixHumpCamel) -> Tensor:
    return torch.tensor([point.theta for point in surface.known if point.index == 0], dtype=torch.float64)


def test_a_straight_band_has_equal_segments_between_its_ends() -> None:
    first, last = torch.zeros(2, 3, dtype=torch.float64), torch.ones(2, 3, dtype=torch.float64)
    bands = straight_bands(first, last, 5)
    torch.testing.assert_close(bands[0], torch.linspace(0, 1, 5, dtype=torch.float64)[:, None].expand(5, 3))
    assert torch.equal(bands[:, 0], first)
    assert torch.equal(bands[:, -1], last)


def test_redistributed_images_stand_on_the_polygon_at_equal_arc_lengths() -> None:
    for band, placed in zip(crooked(), redistribute(crooked()), strict=True):
        arc = np.concatenate([[0.0], np.cumsum(band.diff(dim=0).norm(dim=1).numpy())])
        wanted = np.linspace(0.0, arc[-1], len(band))
        expected = np.stack([np.interp(wanted, arc, band[:, axis]) for axis in range(2)], axis=1)
        np.testing.assert_allclose(placed, expected, rtol=0, atol=1e-12)
        assert torch.equal(placed[[0, -1]], band[[0, -1]])


def test_a_band_of_equal_segments_and_one_of_no_length_stay() -> None:
    even = straight_bands(torch.zeros(1, 2, dtype=torch.float64), torch.ones(1, 2, dtype=torch.float64), 7)
    torch.testing.assert_close(redistribute(even), even, rtol=0, atol=1e-15)
    point = torch.ones(1, 7, 2, dtype=torch.float64)
    assert torch.equal(redistribute(point), point)


def improved_tangent(band: np.ndarray, energy: np.ndarray, i: int) -> np.ndarray:
    """Henkelman and Jonsson 2000, eqs. 8 to 11, for one image."""
    ahead, behind = band[i + 1] - band[i], band[i] - band[i - 1]
    up, down = energy[i + 1] - energy[i], energy[i - 1] - energy[i]
    if energy[i + 1] > energy[i] > energy[i - 1]:
        tangent = ahead
    elif energy[i + 1] < energy[i] < energy[i - 1]:
        tangent = behind
    else:
        high, low = max(abs(up), abs(down)), min(abs(up), abs(down))
        weights = (high, low) if energy[i + 1] > energy[i - 1] else (low, high)
        tangent = weights[0] * ahead + weights[1] * behind
    unit: np.ndarray = tangent / np.linalg.norm(tangent)
    return unit


def test_tangents_are_the_improved_ones() -> None:
    bands = crooked(images=30)
    energy = torch.tensor(np.random.default_rng(1).normal(size=(3, 30)))
    found = tangents(bands, energy)
    for band in range(3):
        for image in range(1, 29):
            expected = improved_tangent(bands[band].numpy(), energy[band].numpy(), image)
            np.testing.assert_allclose(found[band, image], expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.norm(dim=2), torch.ones(3, 30, dtype=torch.float64))


def test_relaxation_keeps_the_ends_and_lowers_the_highest_image() -> None:
    surface = MuellerBrown()
    ends = minima(surface)
    bands = straight_bands(ends[[0, 0, 1]], ends[[1, 2, 2]], 12)
    relaxed = relax(surface, bands, BandSettings(max_step=0.1))
    assert torch.equal(relaxed[:, [0, -1]], bands[:, [0, -1]])
    before = surface.energy(bands.flatten(0, 1)).view(3, 12).amax(1)
    after = surface.energy(relaxed.flatten(0, 1)).view(3, 12).amax(1)
    # The straight line between the last two minima is nearly the path already, with images on both sides of the summit.
    assert (after < before + 0.01).all()
    assert (after[:2] < before[:2] - 40.0).all()
    segments = relaxed.diff(dim=1).norm(dim=2)
    assert (segments.amax(1) < 1.2 * segments.amin(1)).all()


def test_the_highest_image_of_a_relaxed_band_is_near_the_transition_state() -> None:
    surface = MuellerBrown()
    ends = minima(surface)
    settings = BandSettings(cycles=20, max_step=0.05)
    guesses = candidates(surface, relax(surface, straight_bands(ends[[2]], ends[[1]], 15), settings))
    target = torch.tensor([0.21248658, 0.29298833], dtype=torch.float64)
    assert (guesses.theta - target).norm(dim=1).min() < 0.05


def network_bands(bands: int, images: int) -> tuple[Problem, Tensor]:
    """Crooked bands [B, I, P] on the landscape of a network, which has compiled code."""
    problem = Problem(dataset="iris", hidden=[3], l2=1e-3)
    random = np.random.default_rng(0)
    first, last = torch.tensor(random.normal(size=(2, bands, problem.n_parameters)))
    line = straight_bands(first, last, images)
    return problem, line + 0.1 * torch.tensor(random.normal(size=line.shape))


def test_compiled_bands_are_those_of_tensors() -> None:
    problem, bands = network_bands(bands=5, images=8)
    band = BandEnergy(problem, 8)
    points = bands.flatten(1)
    energy, gradient = band.energy_and_gradient(points)
    kernel = band.kernel()
    assert kernel is not None
    found_energy, found_gradient = torch.zeros_like(energy), torch.full_like(gradient, torch.nan)
    call(kernel.function, points.numpy(), found_energy.numpy(), found_gradient.numpy())
    torch.testing.assert_close(found_energy, energy, rtol=1e-13, atol=0)
    torch.testing.assert_close(found_gradient, gradient, rtol=0, atol=1e-13)


def test_compiled_bands_relax_as_those_of_tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, bands = network_bands(bands=4, images=10)
    compiled = relax(problem, bands, BandSettings(cycles=2))
    monkeypatch.setattr(Problem, "kernel", lambda _: None)
    torch.testing.assert_close(compiled, relax(problem, bands, BandSettings(cycles=2)), rtol=0, atol=1e-9)


def test_every_image_of_a_compiled_band_is_counted() -> None:
    problem, bands = network_bands(bands=3, images=7)
    counted = Counted(problem, threading.Event())
    state = run_all(LBFGS(max_energy_rise=torch.inf, max_calls=11), BandEnergy(counted, 7), bands.flatten(1), 3)
    assert counted.evaluations == 7 * int(state.calls.sum())


def test_bands_do_not_affect_each_other() -> None:
    surface = SixHumpCamel()
    ends = minima(surface)
    bands = straight_bands(ends[[0, 1, 2]], ends[[3, 4, 5]], 10)
    together = relax(surface, bands, BandSettings())
    alone = torch.cat([relax(surface, bands[row : row + 1], BandSettings()) for row in range(3)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-9)


def test_candidates_are_the_interior_maxima_in_order_with_their_tangents() -> None:
    surface = SixHumpCamel()
    x = torch.linspace(-1.0, 1.0, 9, dtype=torch.float64)
    line = torch.stack([torch.zeros_like(x), x], 1)
    uphill_only = torch.stack([torch.zeros_like(x), torch.linspace(-0.7, -0.1, 9, dtype=torch.float64)], 1)
    found = candidates(surface, torch.stack([line, uphill_only, line]))
    assert found.band == [0, 2]
    torch.testing.assert_close(found.theta, torch.zeros(2, 2, dtype=torch.float64), rtol=0, atol=1e-15)
    torch.testing.assert_close(found.tangent, torch.tensor([[0.0, 1.0]] * 2, dtype=torch.float64))
