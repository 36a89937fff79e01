"""Minima that share hidden units are no independent observations; replicates are."""

import pytest

from tests.benchmarks.inference import rejections


@pytest.mark.parametrize("replicates", [5, 10, 20])
def test_unrelated_properties_are_found_related_one_time_in_twenty(replicates: int) -> None:
    """The share of 600 repetitions is within 2.7 points of 5 % with 99.7 % probability."""
    combining, pooling = rejections(replicates, 60, 0.0, 600)
    assert 0.023 <= combining <= 0.077
    assert pooling > 0.3


def test_a_relation_is_found_with_twenty_replicates() -> None:
    combining, _ = rejections(20, 60, 0.3, 100)
    assert combining >= 0.8
