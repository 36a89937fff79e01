"""Tables of regimes made up: their means, verdicts that follow their effects, curves, and what is refused."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy import stats

from landscape.config.training import Regime
from landscape.database.database import Database, open_database
from landscape.errors import PropertyError
from landscape.studies.regimes.curves import curves, judge_curve
from landscape.studies.regimes.hypotheses import HYPOTHESES, RegimeHypothesis, judge_regimes
from landscape.studies.regimes.table import COST, GAP, Regimes, regimes_of
from landscape.studies.regimes.table_text import csv_text, table_text
from landscape.studies.regimes.verdicts_text import verdicts
from tests.studies.regimes.regime_tables import regime_store

REGIMES = {
    "plain": "",
    "decay": "l2 = 1e-4\n",
    "dropout": "dropout = 0.2\n",
    "pgd": 'adversarial = "pgd"\n',
    "pgd-decay": 'adversarial = "pgd"\nl2 = 1e-4\n',
    "stopped": "early_stopping = 5\n",
    "large": "batch_size = 512\n",
}
WEIGHTS = {f"s{weight:g}": f"sensitivity = {weight}\n" for weight in (0.001, 0.003, 0.01)}


def table_of(regimes: Mapping[str, str], effects: Mapping[str, float], **options: object) -> Regimes:
    return regimes_of(Database(regime_store(None, regimes, effects, **options)))  # type: ignore[arg-type]


def hypothesis(words: str) -> RegimeHypothesis:
    return next(one for one in HYPOTHESES if words in one.sentence)


def test_means_are_over_the_seeds_of_a_regime() -> None:
    with Database(regime_store(None, REGIMES, {})) as db:
        table, row = regimes_of(db), db.training.regime == 3
        values = db.properties("training")["test_robust_accuracy"].values[row, 1]
        gap = (db.properties("training")["accuracy"].values - db.properties("training")["test_accuracy"].values)[row]
    found = table.mean("pgd", "test_robust_accuracy@0.3")
    expected = stats.ttest_1samp(values, 0.0).confidence_interval()
    np.testing.assert_allclose([found.value, found.low, found.high], [values.mean(), *expected], rtol=1e-12)
    assert table.mean("pgd", COST.name).value == 4000.0
    assert table.mean("pgd", GAP.name).value == pytest.approx(gap.mean())


@pytest.mark.parametrize(("effect", "answer"), [(0.1, "supported"), (-0.1, "contradicted"), (0.0, "undecided")])
def test_verdicts_flip_with_the_sign(effect: float, answer: str) -> None:
    table = table_of(REGIMES, {"pgd": effect})
    found = judge_regimes(hypothesis("networks than regularisation"), table)
    assert found is not None
    assert (found.first, found.second) == (("pgd",), ("decay", "dropout"))
    assert found.tally.answer == answer
    assert found.tally.tested == 6
    assert found.cost is not None
    assert found.cost.value == pytest.approx(-0.1 * effect, abs=2e-3)


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [
        ("with regularisation gives more robust networks than without", ("pgd-decay",), ("pgd",)),
        ("than regularisation alone", ("pgd-decay",), ("decay", "dropout")),
        ("stopped early", ("plain",), ("stopped",)),
        ("small batches give", ("plain",), ("large",)),
    ],
)
def test_groups_are_chosen_by_what_regimes_are_made_of(
    words: str, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    found = judge_regimes(hypothesis(words), table_of(REGIMES, {}))
    assert found is not None
    assert (found.first, found.second) == (first, second)


def test_a_hypothesis_without_its_groups_has_no_verdict() -> None:
    assert judge_regimes(hypothesis("sensitivity"), table_of(REGIMES, {})) is None
    assert "no hypothesis" in "\n".join(verdicts(table_of({"pgd": REGIMES["pgd"]}, {})))


def test_few_seeds_decide_nothing_and_the_text_says_so() -> None:
    table = table_of(REGIMES, {"pgd": 0.3}, seeds=5)
    found = judge_regimes(hypothesis("networks than regularisation"), table)
    assert found is not None
    assert found.tally.answer == "undecided"
    assert "with 5 seeds no p of 6 contrasts can be below 0.05: train more seeds" in "\n".join(verdicts(table))


def test_a_curve_is_made_of_regimes_that_differ_in_one_strength() -> None:
    settings = {name: text for name, text in (REGIMES | WEIGHTS).items() if name != "stopped"}
    table = table_of(settings, {"s0.001": 0.05, "s0.003": 0.1, "s0.01": 0.3})
    (curve,) = curves(table.settings)
    assert curve.names == ("plain", "s0.001", "s0.003", "s0.01")
    assert curve.strengths == (0.0, 0.001, 0.003, 0.01)
    found = judge_curve(table, curve)
    assert {one.column: one.sign for one in found} == {
        "sensitivity_logits@0.1": -1,
        "sensitivity_logits@0.3": -1,
        "test_certified_accuracy_crown@0.1": 1,
        "test_certified_accuracy_crown@0.3": 1,
    }
    for one in found:  # an effect of 0.3 costs three points of clean accuracy
        assert one.affordable is not None
        assert (len(one.affordable.points), one.affordable.course, one.whole.course) == (3, "monotone", "monotone")
    text = "\n".join(verdicts(table))
    assert "up to 0.003 it costs less than 2 points of clean test accuracy" in text
    assert "sensitivity_logits@0.1: HOLDS, falls monotonically within noise from" in text


def test_a_curve_that_does_not_hold_says_so() -> None:
    table = table_of({"plain": ""} | WEIGHTS, {"s0.001": 0.3, "s0.003": 0.1})
    text = "\n".join(verdicts(table))
    assert "DOES NOT HOLD: already 0.001 costs 2 points of clean test accuracy or more" in text
    assert "whole curve: UNDECIDED" in text or "whole curve: DOES NOT HOLD" in text


def test_adversarial_curves_begin_without_an_attack() -> None:
    weights = {f"e{radius}": Regime(adversarial="pgd", epsilon=radius) for radius in (0.1, 0.2)}
    (curve,) = curves({"plain": Regime(), "noisy": Regime(input_noise=0.1)} | weights)
    assert curve.names == ("plain", "e0.1", "e0.2")


def test_evaluations_are_rows_and_a_mask_is_told() -> None:
    evaluations = {"rounded": 'regime = "plain"\nquantise = 0.5\n', "all": 'regime = "plain"\nensemble = true\n'}
    table = table_of(REGIMES, {}, evaluations=evaluations)
    column = "test_robust_accuracy@0.1"
    assert table.mean("rounded", column).value == pytest.approx(table.mean("plain", column).value + 0.1)
    assert table.mean("all", column).seeds == 0
    text = "\n".join(table_text(table))
    assert len(re.findall("MASKED$", text, re.MULTILINE)) == 2
    rows = list(csv.DictReader(io.StringIO(csv_text(table))))
    assert {row["regime"] for row in rows} == {*REGIMES, "rounded"}
    assert float(next(r for r in rows if (r["regime"], r["column"]) == ("rounded", column))["mean"]) == pytest.approx(
        table.mean("rounded", column).value
    )


@pytest.mark.parametrize(
    ("missed", "masked"),
    [((5, 0), True), ((4, 0), False), ((1, 0), False), ((20, 10), True), ((19, 10), False), ((0, 10), False)],
)
def test_a_mask_is_more_than_chance(missed: tuple[int, int], masked: bool) -> None:
    table = table_of(REGIMES, {}, evaluations={"rounded": 'regime = "plain"\nquantise = 0.5\n'}, missed=missed)
    text = "\n".join(table_text(table))
    assert len(re.findall("MASKED$", text, re.MULTILINE)) == 2 * masked


def test_rows_of_minima_have_no_means() -> None:
    table = table_of({"plain": ""}, {})
    assert "accuracy" in table.columns
    assert not {"minimum", "landing"} & set(table.columns)


def test_a_cost_that_a_file_lacks_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    regime_store(path, {"plain": ""}, {}).close()
    with open_database(path) as db:
        assert regimes_of(db).mean("plain", COST.name).value == 1000.0
    with h5py.File(path, "r+") as file:
        del file["training/gradient_evaluations"]
    with open_database(path) as db:
        assert regimes_of(db).mean("plain", COST.name).seeds == 0


def test_what_is_missing_is_told_in_one_line() -> None:
    with pytest.raises(PropertyError, match="expected a regime of the database, found 'pgt'; did you mean 'pgd'"):
        table_of(REGIMES, {}).mean("pgt", "accuracy")
    with pytest.raises(PropertyError, match="found 'acuracy'; did you mean 'accuracy'"):
        table_of(REGIMES, {}).mean("pgd", "acuracy")
    with pytest.raises(PropertyError, match="found none measured: run 'landscape measure"):
        table_of(REGIMES, {}, measured=False, located=False)
    with pytest.raises(PropertyError, match="train with 'landscape train"):
        table_of({}, {}, measured=False, located=False)
