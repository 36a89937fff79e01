"""Chains join ends through minima between them, at the known barrier or that of a finer search."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from torch import Tensor

import landscape
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.quench import quench
from landscape.problems.surfaces.analytic import MuellerBrown, SixHumpCamel, Surface
from landscape.search.bands import path_maximum
from landscape.search.chain_graph import ChainGraph, Effort
from landscape.search.chains import ChainSettings, chains

SETTINGS = ChainSettings()


def minima(surface: Surface) -> Tensor:
    return torch.tensor([point.theta for point in surface.known if point.index == 0], dtype=torch.float64)


def test_the_ends_of_mueller_brown_are_joined_through_the_minimum_between_them() -> None:
    """The higher of the two transition states on the path is the barrier (Mueller and Brown 1979)."""
    known = minima(MuellerBrown())
    found = chains(MuellerBrown(), known[:1], known[1:2], SETTINGS)
    (graph,) = found.graphs
    assert graph.joined
    np.testing.assert_allclose(graph.minima.theta[2], known[2], atol=1e-6)
    assert graph.highest[0] == pytest.approx(-40.66484351, abs=1e-7)
    assert sorted(graph.states.energy) == pytest.approx([-72.24894011, -40.66484351], abs=1e-7)
    assert found.straight[0] > found.band[0] > graph.highest[0]
    assert found.band[0] < -39.0  # the polygon of images cuts the corner of the valley


def test_all_pairs_of_the_six_hump_camel_have_the_barriers_of_its_known_tree() -> None:
    """Pairs in one batch; the barrier of each is the minimax over the known transition states."""
    surface = SixHumpCamel()
    known = minima(surface)
    first, last = (known[list(rows)] for rows in zip(*combinations(range(len(known)), 2), strict=True))
    found = chains(surface, first, last, SETTINGS)
    assert all(graph.joined for graph in found.graphs)
    for graph, band in zip(found.graphs, found.band, strict=True):
        assert min(abs(surface.known_energies(1) - graph.highest[0])) < 1e-7
        assert band > graph.minima.energy.max() - 1e-12
        assert (graph.states.energy[:, None] > graph.minima.energy[graph.sides]).all()


def test_chains_do_not_affect_each_other() -> None:
    surface = SixHumpCamel()
    known = minima(surface)
    together = chains(surface, known[:3], known[3:], SETTINGS)
    for row in range(3):
        alone = chains(surface, known[row : row + 1], known[row + 3 : row + 4], SETTINGS)
        assert alone.graphs[0].attempts == together.graphs[row].attempts
        np.testing.assert_allclose(alone.graphs[0].minima.theta, together.graphs[row].minima.theta, atol=1e-8)
        np.testing.assert_allclose(alone.band, together.band[row : row + 1], atol=1e-8)


def test_ends_that_are_copies_are_one_minimum() -> None:
    problem = landscape.Problem(dataset="xor", standardise=False, hidden=[2], l2=1e-2)
    start = torch.tensor(np.random.default_rng(0).standard_normal((1, problem.n_parameters)))
    end = quench(problem, start, method=LBFGS(), batch=1)
    assert end.is_minimum.all()
    copy = torch.tensor(problem.symmetry.canonical(end.theta.numpy()))
    assert not torch.allclose(copy, end.theta)
    found = chains(problem, end.theta, copy, SETTINGS)
    (graph,) = found.graphs
    assert graph.joined
    assert graph.attempts == 0
    energy, row = graph.highest
    assert energy == pytest.approx(float(end.energy[0]), abs=1e-12)
    assert row == -1
    assert found.straight == found.band == pytest.approx(float(end.energy[0]), abs=1e-12)


def test_effort_is_limited() -> None:
    known = minima(MuellerBrown())
    settings = replace(SETTINGS, effort=Effort(attempts=1, max_images=10))
    none = chains(MuellerBrown(), known[:1], known[1:2], replace(SETTINGS, effort=Effort(attempts=0)))
    assert not none.graphs[0].joined
    assert np.isnan(none.graphs[0].highest[0])
    assert chains(MuellerBrown(), known[:1], known[1:2], settings).graphs[0].attempts == 1


def test_a_way_crosses_connected_minima_at_no_weight() -> None:
    """Minima on a line at 0, 10, 1 and 9; between 1 and 9 there is a transition state."""
    surface = MuellerBrown()
    graph = ChainGraph(surface.symmetry, Effort(), np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([0.0, 0.0]))
    assert graph.next_steps() == [(0, 1)]
    graph.band((0, 1))
    graph.add(np.array([[5.0, 5.0], [1.0, 0.0], [9.0, 0.0]]), np.array([2.0, 1.0, 1.0]))
    assert sorted(graph.next_steps()) == [(0, 2), (1, 3)]
    for step in ((0, 2), (1, 3)):
        graph.band(step)
    assert sorted(graph.next_steps()) == [(0, 3), (1, 2)]
    for step in ((0, 3), (1, 2)):
        graph.band(step)
    assert graph.next_steps() == [(0, 2), (1, 3)][::-1]  # all pairs are closed: second tries, the last pair first


def test_the_highest_point_of_a_polygon_is_found_between_its_points() -> None:
    """Tested on a straight line across the plane, against a search at a hundred thousand points."""
    surface = MuellerBrown()
    known = minima(surface)
    line = torch.stack([known[0], known[1]])[None]
    weight = torch.linspace(0.0, 1.0, 100_001, dtype=torch.float64)[:, None]
    fine = surface.energy(known[0] + weight * (known[1] - known[0])).max()
    assert float(path_maximum(surface, line)[0]) == pytest.approx(float(fine), abs=1e-3)
