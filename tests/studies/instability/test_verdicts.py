"""Verdicts from columns whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from landscape.studies.answer.replicates import answers
from landscape.studies.instability.landscapes import MeasuredNetwork, Networks, StripesLandscape
from landscape.studies.instability.verdicts import CONTRADICTED, NO_DATA, NOT_SUPPORTED, SUPPORTED, Verdict, verdicts
from tests.studies.answer.made_up import landscapes
from tests.studies.instability.stripe_tables import landscape, networks

FIXED, EXIST, FOUND = (
    "accurate networks of fixed size are unstable",
    "stable and accurate networks of variable size exist",
    "basin hopping finds them",
)


def told(*members: StripesLandscape) -> dict[tuple[str, str], Verdict]:
    return {(one.claim, one.samples): one for one in verdicts(members, [])}


def word(claim: str, *members: StripesLandscape, samples: str = "training samples") -> str:
    return told(*members)[claim, samples].word


@pytest.mark.parametrize(
    ("unstable", "expected"),
    [([4.0, 5.0, 6.0], SUPPORTED), ([1.0, 2.0, 6.0], NOT_SUPPORTED), ([0.0, 6.0, 6.0], CONTRADICTED)],
)
def test_fixed_size_needs_the_theorem_and_most_samples(unstable: list[float], expected: str) -> None:
    rows = [{"unstable_points": number} for number in unstable]
    wrong = {"accuracy": 0.5, "unstable_points": 0.0}  # not accurate, so no part of the claim
    assert word(FIXED, landscape(networks(*rows, wrong))) == expected


def test_a_landscape_without_minima_is_no_part_of_any_claim() -> None:
    empty = Networks(energy=np.zeros(0), hits=np.zeros(0, dtype=np.int64), columns={})
    assert word(FIXED, landscape(empty)) == NO_DATA


@pytest.mark.parametrize(("slope", "expected"), [(-1.0, CONTRADICTED), (1.0, SUPPORTED)])
def test_the_claim_on_depth_is_that_of_the_answer(slope: float, expected: str) -> None:
    *_, found = verdicts([], list(answers(landscapes(12, slope), lambda _: 5000.0)))
    assert (found.claim, found.word) == ("deeper minima are more robust", expected)


def test_networks_that_are_large_enough_are_no_part_of_the_first_claim() -> None:
    assert word(FIXED, landscape(networks({"unstable_points": 0.0}), hidden=3)) == NO_DATA


@pytest.mark.parametrize(("certified", "expected"), [(0.999, SUPPORTED), (0.98, CONTRADICTED)])
def test_existence_is_a_certificate(certified: float, expected: str) -> None:
    one = networks({"certified_stability_least": certified})
    made = MeasuredNetwork(
        theta=np.zeros(1), energy=0.0, columns={name: values[0] for name, values in one.columns.items()}
    )
    assert word(EXIST, replace(landscape(networks({}), hidden=5), constructed=made)) == expected


def test_training_counts_hits_and_states_the_interval_of_wilson() -> None:
    stable = {"relative_stability_least": 0.95, "unstable_points": 0.0, "hits": 2.0}
    found = told(landscape(networks({"hits": 8.0}, stable), hidden=5))[FOUND, "training samples"]
    assert found.word == NO_DATA  # the interval holds one half
    assert "2 of 10 end" in found.basis
    assert (
        "0.200 [0.057, 0.510]" in found.basis
    )  # statsmodels.stats.proportion.proportion_confint(2, 10, method="wilson")
    assert word(FOUND, landscape(networks({"hits": 100.0}), hidden=5)) == CONTRADICTED
    assert word(FOUND, landscape(networks(stable | {"hits": 100.0}), hidden=5)) == SUPPORTED


def test_both_wordings_are_judged_where_there_are_test_samples() -> None:
    both = "training and validation samples"
    row = {"unstable_points": 4.0}
    assert (FIXED, both) not in told(landscape(networks(row)))
    assert word(FIXED, landscape(networks(row, test={"unstable_points": 5.0})), samples=both) == SUPPORTED
    assert word(FIXED, landscape(networks(row, test={"accuracy": 0.9})), samples=both) == NO_DATA
