"""The answer of made-up replicates: words, their conditions, and a CSV file that reproduces its numbers."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from landscape.database.database import open_database
from landscape.errors import PropertyError
from landscape.studies.answer.minima import Visits
from landscape.studies.answer.replicates import DataSetAnswer, Landscape
from landscape.studies.answer.text import csv_text, notes, sentences, table
from tests.campaign.commands import XOR, run_file
from tests.commands import Run
from tests.studies.answer.made_up import MINIMA, answered, landscapes

BRIEF = "[sample]\nquenches = 20\npairs = 4\n"


def words(found: DataSetAnswer) -> dict[tuple[str, str], str]:
    return {(one.direction, one.robustness): one.words for one in found.findings}


def test_words_of_an_effect_and_of_none() -> None:
    found = words(answered(landscapes(12)))
    assert found["deeper", "margin"] == found["deeper", "robust accuracy"] == "more robust"
    assert found["flatter", "margin"] == found["flatter", "robust accuracy"] == "no relation"
    assert words(answered(landscapes(12, slope=-1.0)))["deeper", "margin"] == "less robust"


def sampled(made: Landscape, hits: int = 10) -> Landscape:
    """The landscape as a sample in which quenches met each minimum `hits` times."""
    covariates = np.random.default_rng(0).normal(size=(MINIMA, 2))
    minima = replace(made.minima, visits=Visits(np.full(MINIMA, hits), covariates))
    return replace(made, is_complete=False, minima=minima)


def test_samples_of_quenches_have_words_and_intervals_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("landscape.studies.answer.effects.RESAMPLES", 20)
    found = answered([sampled(one) for one in landscapes(10)])
    assert words(found)["deeper", "margin"] == "more robust"
    assert "10 landscapes sampled by independent quenches" in " ".join(sentences([found]))
    first = next(csv.DictReader(io.StringIO(csv_text([found]))))
    assert (first["complete"], first["sampled"], first["over"]) == ("0", "1", "minima")
    assert float(first["low"]) < float(first["rho"]) < float(first["high"])


def test_samples_that_missed_most_minima_speak_of_minima_as_quenches_meet_them() -> None:
    """One sparse sample is enough: all replicates of a data set must describe the same quantity."""
    made = [sampled(one) for one in landscapes(10)]
    found = answered([sampled(made[0], hits=1), *made[1:]])
    assert words(found)["deeper", "margin"] == "more robust"
    said = " ".join(sentences([found]))
    assert "10 landscapes sampled by independent quenches, minima counting as often as these meet them" in said
    assert "in 1 of them a further quench would meet a new minimum with a probability above 0.4" in said
    rows = list(csv.DictReader(io.StringIO(csv_text([found]))))
    assert {row["over"] for row in rows} == {"quenches"}
    equal = answered(landscapes(10)).findings[0].total  # all minima were met equally often
    assert found.findings[0].total.mean == pytest.approx(equal.mean, rel=1e-12)


def test_searches_and_samples_are_not_mixed() -> None:
    made = landscapes(11)
    with pytest.raises(PropertyError, match="expected searches or samples, found both"):
        answered([sampled(made[0], hits=1), *made[1:]])


def test_words_need_ten_replicates_that_have_the_correlation() -> None:
    made = landscapes(12)
    constant = [replace(one, minima=replace(one.minima, robust=np.full((MINIMA, 2), 0.5))) for one in made[:3]]
    said = words(answered([*constant, *made[3:]]))
    assert said["deeper", "robust accuracy"] == "not enough data"
    assert said["deeper", "margin"] == "more robust"
    said = words(answered([*constant[:2], *made[2:]]))
    assert said["deeper", "robust accuracy"] == "more robust"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (landscapes(9), "9 replicates, at least 10 are needed"),
        ([*landscapes(11), replace(landscapes(12)[-1], is_complete=False)], "11 of 12 landscapes complete"),
    ],
)
def test_without_what_is_needed_there_are_no_words(made: list[Landscape], reason: str) -> None:
    found = answered(made)
    assert set(words(found).values()) == {"not enough data"}
    assert any(reason in said for said in found.missing)
    assert reason in " ".join(sentences([found]))


def test_a_correlation_that_moves_with_the_minima_found_has_no_words() -> None:
    """In minima found later depth and margin are not related: margins are shuffled there."""
    made = landscapes(12)
    for place, one in enumerate(made):
        own = one.minima
        late = np.arange(MINIMA) >= MINIMA // 2
        margin = np.where(late, np.random.default_rng(place).permutation(own.margin), own.margin)
        made[place] = replace(one, minima=replace(own, margin=margin))
    found = {(one.direction, one.robustness): one for one in answered(made).findings}
    assert found["deeper", "margin"].moved < -0.05
    assert found["deeper", "margin"].words == "not enough data"
    assert found["deeper", "robust accuracy"].words == "more robust"


def test_values_of_a_key_are_no_replicates() -> None:
    once = landscapes(12)
    twice = [replace(one, problem={**one.problem, "l2": l2}) for one in once for l2 in (1e-2, 1e-3)]
    one, two = answered(once), answered(twice)
    assert one.replicates == two.replicates == 12
    for first, second in zip(one.findings, two.findings, strict=True):
        assert first.total == second.total


def test_replicates_that_share_samples_have_wider_intervals() -> None:
    disjoint = answered(landscapes(12))
    made = landscapes(12)
    drawn = [replace(one, problem={**one.problem, "subset_seed": place}) for place, one in enumerate(made)]
    shared = answered(drawn, 200)
    assert (disjoint.shared, shared.shared) == (0.0, 0.5)
    for one, other in zip(disjoint.findings, shared.findings, strict=True):
        assert other.total.mean == one.total.mean
        assert other.total.high - other.total.low > 3.0 * (one.total.high - one.total.low)
    assert "share 50% of their samples, so that intervals are widened" in " ".join(sentences([shared]))


def test_the_numbers_can_be_made_again_from_the_csv_file() -> None:
    found = answered(landscapes(12))
    rows = list(csv.DictReader(io.StringIO(csv_text([found]))))
    for all_rows in (row for row in rows if row["landscape"] == "all"):
        same = ("direction", "robustness", "given")
        own = [row for row in rows if row["landscape"] != "all" and all(row[key] == all_rows[key] for key in same)]
        assert len(own) == 12
        z = np.arctanh([float(row["rho"]) for row in own])
        theirs = combine_effects(z, np.full(12, 1e-10), method_re="iterated")
        low, high = theirs.conf_int(use_t=True)[3]
        expected = np.tanh([theirs.mean_effect_re, low, high])
        np.testing.assert_allclose([float(all_rows[name]) for name in ("rho", "low", "high")], expected, rtol=1e-5)


def test_data_sets_are_combined_as_replicates_are() -> None:
    slopes = {"first": 1.0, "second": 0.8, "third": 0.5}
    found = [answered(landscapes(12, slope, dataset=name)) for name, slope in slopes.items()]
    short = answered(landscapes(9, dataset="short"))
    rows = [row for row in csv.DictReader(io.StringIO(csv_text([*found, short]))) if row["data_set"] == "all data sets"]
    assert len(rows) == 8
    for row in rows:
        place = [(one.direction, one.robustness) for one in found[0].findings].index(
            (row["direction"], row["robustness"])
        )
        name = "total" if row["given"] == "nothing" else "given_accuracy"
        z = np.arctanh([getattr(one.findings[place], name).mean for one in found])
        theirs = combine_effects(z, np.full(3, 1e-10), method_re="iterated")
        expected = np.tanh([theirs.mean_effect_re, *theirs.conf_int(use_t=True)[3]])
        np.testing.assert_allclose([float(row[name]) for name in ("rho", "low", "high")], expected, rtol=1e-5)
        assert row["replicates"] == "3"
    assert len(list(table([*found, short]))) == 1 + 5 * 4
    assert len(list(table([*found[:2], short]))) == 1 + 3 * 4
    assert max(map(len, [*table(found), *notes(found)])) <= 150


def test_the_table_is_as_long_as_its_endpoints() -> None:
    lines = list(table([answered(landscapes(12)), answered(landscapes(10))]))
    assert len(lines) == 1 + 2 * 4
    assert max(map(len, [*lines, *notes([answered(landscapes(12))])])) <= 150


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (landscapes(2), "made: expected at least 3 replicates, and 10 for words, found 2 sets of samples"),
        ([*landscapes(3), *landscapes(4, hidden=[10])], r"found hidden = \[10\] and \[3\]"),
    ],
)
def test_what_cannot_be_combined_is_refused(made: list[Landscape], expected: str) -> None:
    with pytest.raises(PropertyError, match=expected):
        answered(made)


def test_a_study_of_samples_is_answered(tmp_path: Path, command: Run) -> None:
    source = run_file(tmp_path, XOR.replace('dataset = "xor"', 'dataset = "moons"\nsubset = 20') + BRIEF)
    folder = tmp_path / "study"
    told = command("study", source, "--replicates", "3", "--sampled", "-o", folder).done()
    assert f"'landscape answer {folder}' says what it shows" in told
    said = command("answer", folder).done()
    assert "3 landscapes sampled by independent quenches" in said
    with open_database(folder / "replicate-0.h5") as db:
        quenches, robust = db.sampled_quenches, db.properties("sampled_quenches")["robust_accuracy"].values
        ended = quenches.basin >= 0
        assert len(robust) == len(quenches) == 20
        np.testing.assert_array_equal(np.isfinite(robust).all(axis=1), ended)
        np.testing.assert_allclose(robust[ended], robust[quenches.basin[ended]], atol=1e-12)
        assert not len(db.minima)
    command("measure", folder / "replicate-0.h5", "curvature", "--sampled").done()
    refused = command("measure", folder / "replicate-0.h5", "--sampled", "--training")
    assert refused.status == 2
    assert "expected one of --paths, --training and --sampled" in refused.err


def test_a_study_is_answered(tmp_path: Path, command: Run) -> None:
    source = run_file(tmp_path, XOR.replace('dataset = "xor"', 'dataset = "moons"\nsubset = 20'))
    folder = tmp_path / "study"
    command("study", source, "--replicates", "3", "-o", folder).done()
    told = command("answer", folder).done()
    assert "moons: 3 replicates, " in told
    assert "missing: 3 replicates, at least 10 are needed" in told
    assert "have fewer than 8 distinct minima, and so no correlation" in told
    assert "nan" not in told
    rows = list(csv.DictReader((folder / "answer.csv").read_text(encoding="utf-8").splitlines()))
    assert len([row for row in rows if row["landscape"] == "all"]) == 8


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.write_text("no database")])
def test_other_input_is_one_line(tmp_path: Path, make: Callable[[Path], None], command: Run) -> None:
    make(tmp_path / "study")
    refused = command("answer", tmp_path / "study")
    assert refused.status == 2
    assert len(refused.err.splitlines()) == 1
