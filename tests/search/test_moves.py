"""Every move of basin-hopping: the walkers to which it applies, its frequency and its result."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from landscape.numerics.streams import stream
from landscape.search import moves
from landscape.search.moves import MOVES, NOTHING_KNOWN, KnownMinima, Site, chosen_move
from landscape.search.starts import BoxStarts

UNITS = (np.array([[0, 1, 2], [3, 4, 5]]), np.array([[6, 9], [7, 10], [8, 11]]))
MINIMA = 100.0 * np.arange(4)[:, None] + np.arange(13)  # every component identifies its minimum and its place
STANDING = Site(np.arange(13.0), 0.3, BoxStarts(-2.0, -1.0), NOTHING_KNOWN)
NOWHERE = replace(STANDING, theta=np.full(13, np.nan))
KNOWN = KnownMinima(MINIMA, UNITS)


def counts(site: Site) -> Counter[str]:
    names = {id(move): name for name, move in MOVES.items()}
    return Counter(names[id(chosen_move(site, stream(5, row)))] for row in range(2000))


@pytest.mark.parametrize("known", [NOTHING_KNOWN, KnownMinima(MINIMA), KnownMinima(MINIMA[:0], UNITS)])
def test_without_units_of_known_minima_walkers_start_afresh_or_are_displaced(known: KnownMinima) -> None:
    assert counts(replace(STANDING, known=known)) == {"displacement": 2000}
    assert counts(replace(NOWHERE, known=known)) == {"fresh start": 2000}


@pytest.mark.parametrize(("site", "other"), [(STANDING, "displacement"), (NOWHERE, "fresh start")])
def test_exchanges_have_their_share(site: Site, other: str) -> None:
    found, share = counts(replace(site, known=KNOWN)), MOVES["exchange"].share
    assert set(found) == {"exchange", other}
    assert abs(found["exchange"] - 2000 * share) < 4 * (2000 * share * (1.0 - share)) ** 0.5


def test_a_walker_stays_where_it_is_after_an_exchange_only() -> None:
    assert [name for name, move in MOVES.items() if not move.walks] == ["exchange"]


def test_a_displacement_is_normal_with_the_step_of_the_walker() -> None:
    moved = np.array([MOVES["displacement"].propose(STANDING, stream(6, row)) for row in range(2000)])
    np.testing.assert_allclose(moved.std(axis=0), 0.3, rtol=0.1)
    np.testing.assert_allclose(moved.mean(axis=0), STANDING.theta, atol=5 * 0.3 / 2000**0.5)


def test_a_fresh_start_is_drawn_from_the_starts() -> None:
    begun = MOVES["fresh start"].propose(NOWHERE, stream(7))
    np.testing.assert_array_equal(begun, NOWHERE.starts.draw(stream(7), 13))


def test_an_exchange_puts_one_unit_in_the_place_of_one_of_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves, "EXCHANGE_NOISE", 0.0)
    site, seen = replace(STANDING, known=KNOWN), set()
    for row in range(3000):
        point = MOVES["exchange"].propose(site, stream(3, row))
        receiver = int(point[12]) // 100  # the last component is in no unit
        (changed,) = np.nonzero(point != MINIMA[receiver])
        if not len(changed):
            continue  # the unit replaced itself
        (group,) = (group for group in UNITS if np.isin(changed, group).all())
        (old,) = (unit for unit in group if set(unit) == set(changed))
        (donor,) = set(point[old].astype(int) // 100)
        (new,) = (unit for unit in group.tolist() if (MINIMA[donor][unit] == point[old]).all())
        seen.add((receiver, donor, tuple(old.tolist()), tuple(new)))
    # receivers x donors x (2 x 2 + 3 x 3 pairs of units), without units that replace themselves
    assert len(seen) == 4 * 4 * (2 * 2 + 3 * 3) - 4 * (2 + 3)


def test_an_exchange_is_a_little_noisy_in_every_component() -> None:
    site = replace(STANDING, known=KnownMinima(np.zeros((1, 13)), UNITS))
    noise = np.array([MOVES["exchange"].propose(site, stream(4, row)) for row in range(2000)])
    np.testing.assert_allclose(noise.std(axis=0), moves.EXCHANGE_NOISE, rtol=0.1)
    np.testing.assert_allclose(noise.mean(axis=0), 0.0, atol=5 * moves.EXCHANGE_NOISE / 2000**0.5)
