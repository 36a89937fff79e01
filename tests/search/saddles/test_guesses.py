"""Guesses lie where their way says, and have the number of modes that it says."""

import numpy as np
import pytest
import torch

from landscape.numerics.streams import stream
from landscape.problems.surfaces.analytic import SixHumpCamel
from landscape.search.saddles.guesses import ANY_INDEX, WAYS, Ends, Guesses
from landscape.search.starts import BoxStarts

CAMEL = SixHumpCamel()
MOST = 2


def ends(index: int, last: int = 0) -> Ends:
    """Searches from all known points of an index to the first known point of another one."""
    first = [point.theta for point in CAMEL.known if point.index == index]
    other = next(point.theta for point in CAMEL.known if point.index == last)
    return Ends(
        first=torch.tensor(first, dtype=torch.float64),
        last=torch.tensor([other] * len(first), dtype=torch.float64),
        index=np.full(len(first), index),
        random=[stream(7, search) for search in range(len(first))],
        most=MOST,
        starts=BoxStarts(-2.0, 2.0),
    )


def guessed(way: str, of: Ends) -> Guesses:
    return WAYS[way].guesses(CAMEL, of)


def test_fresh_guesses_are_starts_of_their_streams() -> None:
    of = ends(1)
    found = guessed("fresh", of)
    assert (found.modes == ANY_INDEX).all()
    expected = [of.starts.draw(stream(7, search), 2) for search in range(len(of.first))]
    np.testing.assert_array_equal(found.theta.numpy(), expected)


def test_guesses_between_two_points_lie_on_the_line() -> None:
    of = ends(1)
    found = guessed("between", of)
    whole = (of.last - of.first).norm(dim=1)
    there, back = (found.theta - of.first).norm(dim=1), (found.theta - of.last).norm(dim=1)
    torch.testing.assert_close(there + back, whole)
    assert (found.modes == ANY_INDEX).all()


def test_the_maximum_of_a_band_is_above_its_ends() -> None:
    of = ends(0, last=1)
    found = guessed("maximum", of)
    lower = torch.minimum(CAMEL.energy(of.first), CAMEL.energy(of.last))
    assert (CAMEL.energy(found.theta) > lower).all()
    assert found.modes.tolist() == [2] * len(of.first)


@pytest.mark.parametrize(("way", "index", "modes"), [("upward", 0, 1), ("upward", 1, 2), ("downward", 2, 1)])
def test_displacements_are_along_an_eigenvector(way: str, index: int, modes: int) -> None:
    of = ends(index)
    found = guessed(way, of)
    assert found.modes.tolist() == [modes] * len(of.first)
    moved = (found.theta - of.first).numpy()
    length = np.linalg.norm(moved, axis=1)
    assert (length >= 0.01).all()
    assert (length <= np.maximum(of.first.norm(dim=1).numpy(), 1.0) + 1e-12).all()
    for row, hessian in enumerate(CAMEL.hessian(of.first).numpy()):
        overlap = np.abs(np.linalg.eigh(hessian)[1].T @ moved[row]) / length[row]
        np.testing.assert_allclose(np.sort(overlap), [0.0, 1.0], atol=1e-9)
