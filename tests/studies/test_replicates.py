"""The landscapes of a study: samples and seeds of replicates."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest

from landscape.campaign.preparation import context_of, record_of
from landscape.cli.jobs.study import members_of
from landscape.config.run_file import RunConfig
from landscape.config.tables import ProblemConfig
from landscape.errors import ConfigError, DataError, PropertyError
from landscape.problems.problem import Problem, whole_size
from landscape.studies.replicates import replicate_of, shared_part, stored_problem


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


def shared(members: Iterable[RunConfig], size: int) -> float:
    """The part of their samples that replicates of a study share."""
    problems = [one.problem.model_dump() for one in members]
    found = {replicate_of(one, str(place)): one for place, one in enumerate(problems)}
    return shared_part(found, size, lambda table: whole_size(ProblemConfig.from_table(dict(table))))


def test_parts_of_one_drawing_share_nothing_and_need_no_data() -> None:
    table = {"dataset": "gone.csv", "hidden": [3], "subset": 200}
    parts = [RunConfig.from_table({"problem": {**table, "subset_part": k}}, "test") for k in range(8)]
    assert shared(parts, 200) == 0.0


def test_independent_drawings_share_what_chance_gives() -> None:
    members = list(members_of(config(75), None, 12).values())
    assert shared(members, 75) == 0.5
    rows = [samples(member) for member in members]
    means = [len(one & other) / 75 for one, other in itertools.combinations(rows, 2)]
    assert np.mean(means) == pytest.approx(0.5, abs=0.03)
    split = [config(100, subset_seed=seed, test_fraction=0.3) for seed in range(3)]
    assert shared(split, 70) == pytest.approx(70 / 150)


def test_landscapes_on_the_same_samples_are_one_replicate() -> None:
    """They are, however samples are scaled, or divided in training and test samples by another seed."""
    tables: list[dict[str, object]] = [{}, {"standardise": True}, {"test_fraction": 0.5}, {"l2": 1e-2}]
    problems = [config(75, subset_seed=1, **table).problem.model_dump() for table in tables]
    assert {replicate_of(one, str(place)) for place, one in enumerate(problems)} == {"seed 1, part 0"}
    whole = config(0, subset_seed=1).problem.model_dump()
    assert [replicate_of(whole, digest) for digest in "ab"] == ["a", "b"]


def test_the_seed_of_a_subset_is_that_of_the_run_if_it_has_none() -> None:
    text = '[problem]\ndataset = "moons"\nsubset = 20\nhidden = [1]\n[run]\nseed = 7\n'
    table = RunConfig.from_text(text)
    record = record_of(context_of(table, "cpu", None, "test"))
    assert stored_problem(record, "a.h5")["subset_seed"] == 7
    with pytest.raises(PropertyError, match=r"^a\.h5: expected a network of a run file, found another energy"):
        stored_problem(replace(record, run_toml="[run]\nseed = 0\n"), "a.h5")


def test_a_part_of_no_subset_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected subset > 0 where subset_part is 1"):
        config(0, subset_part=1)


def test_without_replicates_the_members_are_the_family() -> None:
    plain = config(50)
    assert members_of(plain, "problem.l2=1e-2,1e-3", None) == plain.family("problem.l2=1e-2,1e-3")
