import numpy as np
import pytest

from landscape.numerics.streams import stream
from landscape.search import starts
from landscape.search.starts import BoxStarts, ExchangeStarts, GaussianStarts
from tests.optimize.objectives import BOXES

UNITS = (np.array([[0, 1, 2], [3, 4, 5]]), np.array([[6, 9], [7, 10], [8, 11]]))
MINIMA = 100.0 * np.arange(4)[:, None] + np.arange(13)  # every component tells its minimum and its place


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


def test_an_exchange_puts_one_unit_in_the_place_of_one_of_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "EXCHANGE_NOISE", 0.0)
    exchange, seen = ExchangeStarts(MINIMA, UNITS), set()
    for row in range(3000):
        point = exchange.draw(stream(3, row), 13)
        receiver = int(point[12]) // 100  # the last component is in no unit
        (changed,) = np.nonzero(point != MINIMA[receiver])
        if not len(changed):
            continue  # a unit in its own place
        (group,) = (group for group in UNITS if np.isin(changed, group).all())
        (old,) = (unit for unit in group if set(unit) == set(changed))
        (donor,) = set(point[old].astype(int) // 100)
        (new,) = (unit for unit in group.tolist() if (MINIMA[donor][unit] == point[old]).all())
        seen.add((receiver, donor, tuple(old.tolist()), tuple(new)))
    # receivers x donors x (2 x 2 + 3 x 3 pairs of units), but for units in their own places
    assert len(seen) == 4 * 4 * (2 * 2 + 3 * 3) - 4 * (2 + 3)


def test_an_exchange_is_a_little_noisy_in_every_component() -> None:
    exchange = ExchangeStarts(np.zeros((1, 13)), UNITS)
    noise = np.array([exchange.draw(stream(4, row), 13) for row in range(2000)])
    np.testing.assert_allclose(noise.std(axis=0), starts.EXCHANGE_NOISE, rtol=0.1)
    np.testing.assert_allclose(noise.mean(axis=0), 0.0, atol=5 * starts.EXCHANGE_NOISE / 2000**0.5)
