"""Searches find all points of known surfaces, and the numbers that describe a point agree with numpy."""

import numpy as np
import torch

from landscape.optimize.newton import classify
from landscape.problems.surfaces.analytic import SixHumpCamel
from landscape.search.saddles.guesses import ANY_INDEX, Guesses
from landscape.search.saddles.search import WholeSpectrum, stationary_points
from tests.optimize.objectives import objective, starts

CAMEL = SixHumpCamel()


def test_every_point_of_the_camel_is_found_from_a_grid() -> None:
    x, y = np.meshgrid(np.linspace(-2.0, 2.0, 14), np.linspace(-1.0, 1.0, 10))
    grid = torch.tensor(np.stack([x.ravel(), y.ravel()], 1))
    points = stationary_points(CAMEL, Guesses(theta=grid, modes=np.full(len(grid), ANY_INDEX)), 64)
    for known in CAMEL.known:
        near = (points.theta - torch.tensor(known.theta)).norm(dim=1) < 1e-7
        assert near.any(), known
        assert (points.index[near] == known.index).all()
    assert points.rms_gradient.max() < 1e-10


def test_both_methods_run_side_by_side_in_the_order_of_the_searches() -> None:
    maxima = [point.theta for point in CAMEL.known if point.index == 2]
    theta = torch.tensor([maxima[0], maxima[1]] * 2, dtype=torch.float64) + 0.01
    points = stationary_points(CAMEL, Guesses(theta=theta, modes=np.array([ANY_INDEX, 2, 2, ANY_INDEX])), 4)
    expected = torch.tensor([maxima[0], maxima[1]] * 2, dtype=torch.float64)
    torch.testing.assert_close(points.theta, expected, rtol=0, atol=1e-7)


def test_no_search_gives_no_point() -> None:
    assert len(stationary_points(CAMEL, Guesses(theta=torch.zeros(0, 2).double(), modes=np.zeros(0, int)), 4)) == 0


def test_the_spectrum_of_a_point_agrees_with_numpy() -> None:
    energy, theta = objective("network"), starts("network", 5)
    found = WholeSpectrum.of(classify(energy, theta))
    for row, hessian in enumerate(energy.hessian(theta).numpy()):
        values = np.linalg.eigvalsh(hessian)
        np.testing.assert_allclose(found.softest_eigenvalue[row], values[np.abs(values).argmin()], rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.log_determinant[row], np.linalg.slogdet(hessian)[1], rtol=0, atol=1e-8)
