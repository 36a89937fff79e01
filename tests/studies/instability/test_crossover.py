"""The cue from which on the lowest minimum relies on it."""

import numpy as np

from landscape.studies.instability.crossover import crossovers, gap
from tests.studies.instability.stripe_tables import landscape, networks

WITHOUT, RELIES = {"unstable_points": 0.0}, {"unstable_points": 2.0}


def test_the_gap_is_between_the_lowest_of_each_kind() -> None:
    rows = [WITHOUT | {"energy": 3.0}, WITHOUT | {"energy": 2.0}, RELIES | {"energy": 5.0}]
    wrong = {"accuracy": 0.5, "unstable_points": 3.0, "energy": 1.0}
    found = gap(landscape(networks(*rows, wrong), hidden=5))
    assert (found.stable, found.unstable, found.difference) == (2.0, 5.0, -3.0)
    assert gap(landscape(networks(RELIES))).difference == np.inf


def test_the_crossover_is_between_two_cues() -> None:
    energies = {0.01: (1.0, 4.0), 0.02: (1.0, 2.0), 0.05: (1.0, 0.5), 0.25: (None, 0.1)}
    members = [
        landscape(
            networks(*([WITHOUT | {"energy": low}] if low else []), RELIES | {"energy": high}), hidden=5, delta=delta
        )
        for delta, (low, high) in energies.items()
    ]
    ((_, gaps, start, end),) = crossovers(members[::-1])
    assert [one.delta for one in gaps] == [0.01, 0.02, 0.05, 0.25]
    assert (start, end) == (0.02, 0.05)
    assert [found[2:] for found in crossovers(members[2:])] == [(0.0, 0.05)]
    assert [found[2:] for found in crossovers(members[:2])] == [(0.02, np.inf)]
    assert list(crossovers(members[:1])) == []


def test_landscapes_without_accurate_minima_have_no_crossover() -> None:
    wrong = {"accuracy": 0.5}
    assert list(crossovers([landscape(networks(wrong), delta=delta) for delta in (0.01, 0.02)])) == []
