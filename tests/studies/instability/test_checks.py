"""The theorems as checks: what obeys them passes, each breach is one line."""

import pytest

from landscape.studies.instability.checks import faults
from tests.studies.instability.stripe_tables import landscape, networks


def test_networks_that_obey_the_theorems_pass() -> None:
    rows = [
        {"sign_changes": 3.0, "unstable_points": 1.0},
        {"sign_changes": 1.0, "unstable_points": 2.0},
        {"sign_changes": 0.0, "unstable_points": 3.0, "accuracy": 0.5},
    ]
    assert list(faults(landscape(networks(*rows)))) == []
    assert list(faults(landscape(networks({"sign_changes": 5.0, "unstable_points": 0.0}), hidden=5))) == []


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"sign_changes": 4.0, "unstable_points": 1.0}, "expected at most 3 changes of the answer on a line, found 4"),
        ({"sign_changes": 1.0, "unstable_points": 1.0}, "expected at least 2 unstable training samples with 1 changes"),
        ({"accuracy": 0.5, "unstable_points": 2.0}, "expected at least 3 unstable training samples"),
    ],
)
def test_a_breach_is_named(row: dict[str, float], message: str) -> None:
    (line,) = faults(landscape(networks(row)))
    assert line.startswith("a.h5, minimum 0: ")
    assert message in line


def test_copies_multiply_the_bound_and_test_samples_have_it_too() -> None:
    row = {"sign_changes": 1.0, "unstable_points": 5.0}
    assert list(faults(landscape(networks(row), copies=2))) == []
    (line,) = faults(landscape(networks(row), copies=3))
    assert "expected at least 6 unstable training samples" in line
    (line,) = faults(landscape(networks(row, test={"unstable_points": 1.0})))
    assert "expected at least 2 unstable test samples" in line
