"""The map against points whose distances are known."""

import math

import numpy as np
from scipy.spatial.distance import pdist, squareform

from landscape.problems.networks.symmetry import NoSymmetry
from landscape.problems.problem import Problem
from landscape.report.plane import aligned_distances, plane_of


def test_points_of_a_plane_keep_their_distances() -> None:
    points = np.random.default_rng(0).normal(size=(20, 2)) @ np.random.default_rng(1).normal(size=(2, 7))
    distances = squareform(pdist(points))
    plane = plane_of(distances)
    np.testing.assert_allclose(squareform(pdist(plane.places)), distances, atol=1e-10)
    assert math.isclose(plane.share, 1.0)
    np.testing.assert_array_equal(plane_of(distances).places, plane.places)


def test_the_share_is_that_of_the_two_axes() -> None:
    points = np.concatenate([np.diag([3.0, 2.0, 1.0]), -np.diag([3.0, 2.0, 1.0])])
    assert math.isclose(plane_of(squareform(pdist(points))).share, (9 + 4) / (9 + 4 + 1))


def test_few_points_have_a_plane() -> None:
    for count in (1, 2):
        plane = plane_of(np.ones((count, count)) - np.eye(count))
        assert plane.places.shape == (count, 2)
        assert np.isfinite(plane.places).all()
    assert math.isnan(plane_of(np.zeros((1, 1))).share)


def test_distances_are_those_of_the_nearest_copies() -> None:
    symmetry = Problem(dataset="xor", standardise=False, hidden=[2], l2=1e-2).symmetry
    theta = np.random.default_rng(2).normal(size=(1, 12))
    copies = np.concatenate([theta, symmetry.canonical(theta), theta + 1.0])
    distances = aligned_distances(copies, symmetry)
    assert distances[0, 1] < 1e-12
    np.testing.assert_allclose(distances, distances.T)
    assert (distances <= aligned_distances(copies, NoSymmetry()) + 1e-12).all()
