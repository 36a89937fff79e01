import numpy as np

from landscape.numerics.streams import stream
from landscape.search.starts import BoxStarts, GaussianStarts
from tests.optimize.objectives import BOXES


def test_starts_are_drawn_at_their_scales_and_in_their_box() -> None:
    gaussian = np.array([GaussianStarts((0.1, 10.0)).draw(stream(1, row), 200) for row in range(40)]).std(axis=1)
    assert ((abs(gaussian / 0.1 - 1) < 0.3) | (abs(gaussian / 10.0 - 1) < 0.3)).all()
    assert (gaussian < 1).any()
    assert (gaussian > 1).any()
    low, high = (np.asarray(end) for end in BOXES["camel"])
    inside = np.array([BoxStarts(low, high).draw(stream(2, row), 2) for row in range(200)])
    assert (inside >= low).all()
    assert (inside <= high).all()
    assert (np.ptp(inside, axis=0) > 0.9 * (high - low)).all()
