"""Wording of numbers."""

import pytest

from landscape.messages import floored


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "100"), (0.99999, "99.9"), (349 / 350, "99.7"), (0.29, "29"), (1 / 3, "33.3"), (0.0, "0")]
)
def test_only_all_are_100_per_cent(share: float, text: str) -> None:
    assert floored(share) == text
