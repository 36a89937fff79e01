"""The landscapes of a study: samples and seeds of replicates."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pytest

from landscape.cli.study import members_of
from landscape.config.run_file import RunConfig
from landscape.config.tables import ProblemConfig
from landscape.errors import ConfigError, DataError, PropertyError
from landscape.problems.problem import Problem, drawn_samples
from landscape.studies.replicates import shared_part


def config(subset: int, **problem: object) -> RunConfig:
    table = {"dataset": "iris", "standardise": False, "hidden": [2], "subset": subset, **problem}
    return RunConfig.from_table({"problem": table, "run": {"seed": 5}}, "test")


def samples(member: RunConfig) -> set[bytes]:
    """The distinct samples of a landscape."""
    inputs = Problem(seed=member.run.seed, **member.problem.model_dump()).data.inputs
    return {row.tobytes() for row in inputs}


def test_replicates_are_disjoint_where_the_samples_suffice() -> None:
    table = {"dataset": "digits", "standardise": False, "hidden": [3], "subset": 200}
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


def test_each_value_has_replicates_of_its_own_size() -> None:
    members = members_of(config(0), "problem.subset=30,90", 3)
    assert [members[f"replicate-{number}-subset-30"].problem.subset_part for number in range(3)] == [0, 1, 2]
    assert [members[f"replicate-{number}-subset-90"].problem.subset_part for number in range(3)] == [0, 0, 0]
    assert [members[f"replicate-{number}-subset-90"].problem.subset_seed for number in range(3)] == [5, 6, 7]


def test_seeds_of_a_family_stay_apart() -> None:
    members = members_of(config(50), "run.seed=1,11", 3)
    seeds = [members[f"replicate-{number}-seed-{seed}"].run.seed for seed in (1, 11) for number in range(3)]
    assert seeds == [1, 2, 3, 11, 12, 13]


@pytest.mark.parametrize("made", [lambda: config(0), lambda: config(50, subset_part=1)])
def test_replicates_of_all_samples_or_of_a_part_are_refused(made: Callable[[], RunConfig]) -> None:
    with pytest.raises(ConfigError, match=r"expected problem\.subset above 0, .* and no problem\.subset_part"):
        members_of(made(), None, 3)


def test_samples_that_cannot_be_drawn_are_told_before_the_search() -> None:
    with pytest.raises(DataError, match="expected to draw 2 of"):
        members_of(config(2), None, 2)


def drawn(members: Iterable[RunConfig]) -> list[Mapping[str, object]]:
    """The problems as databases store them."""
    return [member.problem.model_dump() for member in members]


def draw(problems: Sequence[Mapping[str, object]]) -> tuple[list[np.ndarray], int]:
    return drawn_samples([ProblemConfig.from_table(dict(table)) for table in problems])


def test_the_rows_that_replicates_draw_are_those_of_their_samples() -> None:
    whole = samples(config(0))
    members = [*members_of(config(75), None, 3).values(), config(0)]
    rows, count = draw([one.problem.model_dump() | {"subset_seed": one.run.seed} for one in members])
    assert count == 150
    inputs = Problem(dataset="iris", standardise=False, hidden=[2]).data.inputs
    for member, own in zip(members, rows, strict=True):
        assert {row.tobytes() for row in inputs[own]} == samples(member)
    assert samples(members[-1]) == whole


def test_what_replicates_share() -> None:
    table = {"dataset": "digits", "hidden": [3], "subset": 200}
    apart = members_of(RunConfig.from_table({"problem": table}, "test"), None, 8).values()
    assert shared_part("digits", drawn(apart), draw) == 0.0
    overlapping = members_of(config(75), None, 12).values()
    assert shared_part("iris", drawn(overlapping), draw) == pytest.approx(0.5, abs=0.03)
    assert shared_part("iris", drawn([config(0, subset_seed=1), config(0, subset_seed=2)]), draw) == 0.99


def test_replicates_that_share_samples_beyond_chance_are_refused() -> None:
    members = [config(75, subset_seed=seed, l2=l2) for seed, l2 in ((1, 1e-2), (2, 1e-2), (1, 1e-3))]
    with pytest.raises(
        PropertyError,
        match=r"^iris: expected replicates whose samples are drawn apart, found 75 of 75 samples in subset_seed 1, "
        r"part 0 and in subset_seed 1, part 0, where chance gives about 38: leave one of the two out$",
    ):
        shared_part("iris", drawn(members), draw)


def test_a_part_of_no_subset_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected subset > 0 where subset_part is 1"):
        config(0, subset_part=1)


def test_without_replicates_the_members_are_the_family() -> None:
    plain = config(50)
    assert members_of(plain, "problem.l2=1e-2,1e-3", None) == plain.family("problem.l2=1e-2,1e-3")
