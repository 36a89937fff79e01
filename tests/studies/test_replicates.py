"""The landscapes of a study: which samples and seeds replicates have."""

import itertools

import numpy as np
import pytest

from landscape.cli.study import members_of
from landscape.config.run_file import RunConfig
from landscape.errors import ConfigError
from landscape.problems.problem import Problem


def config(subset: int, **problem: object) -> RunConfig:
    table = {"dataset": "iris", "standardise": False, "hidden": [2], "subset": subset, **problem}
    return RunConfig.from_table({"problem": table, "run": {"seed": 5}}, "test")


def samples(member: RunConfig) -> set[bytes]:
    """Samples with their places taken into account: iris has equal ones."""
    inputs = Problem(seed=member.run.seed, **member.problem.model_dump()).data.inputs
    return {row.tobytes() for row in inputs}


def test_replicates_are_disjoint_where_the_samples_suffice() -> None:
    table = {"dataset": "digits", "hidden": [3], "subset": 200}
    members = members_of(RunConfig.from_table({"problem": table}, "test"), None, 8)
    assert list(members) == [f"replicate-{number}" for number in range(8)]
    own = [samples(member) for member in members.values()]
    assert all(len(rows) == 200 for rows in own)
    assert not any(one & other for one, other in itertools.combinations(own, 2))
    assert [member.run.seed for member in members.values()] == list(range(8))


def test_others_are_drawn_apart() -> None:
    members = list(members_of(config(75), None, 11).values())
    assert [member.run.seed for member in members] == list(range(5, 16))
    assert [member.problem.subset_seed for member in members] == list(range(5, 16))
    assert all(samples(one) != samples(other) for one, other in itertools.combinations(members, 2))


def test_the_values_of_a_key_share_the_samples_of_a_replicate() -> None:
    members = members_of(config(50, subset_seed=1), "problem.l2=1e-2,1e-3", 3)
    assert list(members) == [f"replicate-{number}-l2-{value}" for number in range(3) for value in ("0.01", "0.001")]
    for number in range(3):
        one, other = members[f"replicate-{number}-l2-0.01"], members[f"replicate-{number}-l2-0.001"]
        assert (one.problem.l2, other.problem.l2) == (1e-2, 1e-3)
        assert one.problem.subset_seed == other.problem.subset_seed == 1
        assert one.problem.subset_part == other.problem.subset_part == number
        assert one.run.seed == other.run.seed == 5 + number
        assert samples(one) == samples(other)


def test_replicates_of_all_samples_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"expected problem\.subset above 0"):
        members_of(config(0), None, 3)


def test_without_replicates_the_members_are_the_family() -> None:
    plain = config(50)
    assert members_of(plain, "problem.l2=1e-2,1e-3", None) == plain.family("problem.l2=1e-2,1e-3")
    assert np.array_equal(list(members_of(plain, "problem.l2=1e-2,1e-3", None)), ["l2-0.01", "l2-0.001"])
