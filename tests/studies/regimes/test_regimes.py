"""Made-up tables of regimes: means, findings that follow the effects, curves, and refusals."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from landscape.config.training import Regime
from landscape.database.database import Database, open_database
from landscape.errors import PropertyError
from landscape.studies.regimes.answer import regime_answers
from landscape.studies.regimes.curves import curve_hypotheses, curves
from landscape.studies.regimes.findings import RegimeFinding, contrasts, regime_findings
from landscape.studies.regimes.findings_text import contrasts_csv, findings_text
from landscape.studies.regimes.hypotheses import HYPOTHESES, RegimeHypothesis
from landscape.studies.regimes.table import COST, GAP, Regimes, over_subsets, regimes_of
from landscape.studies.regimes.table_text import csv_text, table_text
from tests.database.altering import altered
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


def subsets(
    regimes: Mapping[str, str], effects: Mapping[str, float], count: int = 10, **options: object
) -> list[Database]:
    """Databases of disjoint subsets."""
    return [Database(regime_store(None, regimes, effects, subset=number, **options)) for number in range(count)]  # type: ignore[arg-type]


def pooled(regimes: Mapping[str, str], effects: Mapping[str, float], count: int = 10) -> Regimes:
    return over_subsets([regimes_of(db) for db in subsets(regimes, effects, count)])


def hypothesis(words: str) -> RegimeHypothesis:
    return next(one for one in HYPOTHESES if words in one.sentence)


def finding(words: str, table: Regimes) -> RegimeFinding:
    (found,) = regime_findings(table, [hypothesis(words)])
    return found


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


@pytest.mark.parametrize(("effect", "words"), [(0.1, "more robust"), (-0.1, "less robust"), (0.0, "no difference")])
def test_words_follow_the_effect(effect: float, words: str) -> None:
    found = finding("networks than regularisation", pooled(REGIMES, {"pgd": effect}))
    assert (found.first, found.second) == (("pgd",), ("decay", "dropout"))
    assert found.column == "test_robust_accuracy@0.1"  # its value there, 0.5, is nearest to half of 0.95
    assert found.words == words
    assert found.missing == ()
    assert found.effect.mean == pytest.approx(effect, abs=5e-3)
    assert found.cost is not None
    assert found.cost.mean == pytest.approx(0.1 * effect, abs=2e-3)


def test_intervals_are_those_of_statsmodels_over_the_subsets() -> None:
    databases = subsets(REGIMES, {"pgd": 0.1})
    effects = []
    for db in databases:
        values = db.properties("training")["test_robust_accuracy"].values[:, 0].reshape(len(REGIMES), -1).mean(axis=1)
        effects.append(values[3] - (values[1] + values[2]) / 2.0)
    found = finding("networks than regularisation", over_subsets([regimes_of(db) for db in databases])).effect
    theirs = combine_effects(np.array(effects), np.full(10, 1e-14), method_re="iterated")
    low, high = theirs.conf_int(use_t=True)[3]
    np.testing.assert_allclose([found.mean, found.low, found.high], [theirs.mean_effect_re, low, high], rtol=1e-4)


def test_flatness_is_compared_by_factors() -> None:
    table = pooled(REGIMES, {"pgd": 0.1})
    found = finding("adversarial training ends flatter", table)
    assert found.effect.mean == pytest.approx(np.log(np.e**0.1), abs=0.01)
    assert finding("adversarial training costs", table).words == "costs nothing"
    assert finding("adversarial training costs", pooled(REGIMES, {"pgd": 0.4})).words == "costs accuracy"


def test_seeds_of_one_set_of_samples_have_intervals_but_no_words() -> None:
    found = finding("networks than regularisation", table_of(REGIMES, {"pgd": 0.3}))
    assert found.effect.low > 0.2
    assert found.words == "not enough data"
    assert found.missing == ("one set of samples, at least 10 subsets are needed",)


def test_few_subsets_have_no_words_and_two_are_refused() -> None:
    found = finding("networks than regularisation", pooled(REGIMES, {"pgd": 0.3}, 9))
    assert found.missing == ("9 subsets, at least 10 are needed",)
    with pytest.raises(PropertyError, match="at least 3 subsets of the data, or one file, found 2"):
        regime_findings(pooled(REGIMES, {}, 2))


def test_networks_that_do_not_overfit_say_nothing_about_overfitting() -> None:
    found = finding("overfitting", pooled(REGIMES, {"plain": 0.4}))  # costs four points of test accuracy
    assert found.words == "not enough data"
    assert found.missing == (
        "no overfitting regime reached: test accuracy changes by -4.0 points, at most -5 is needed",
    )
    assert finding("overfitting", pooled(REGIMES, {"plain": 0.6})).words == "more robust"


def test_words_err_in_at_most_five_per_cent_where_nothing_differs() -> None:
    """Each subset favours one side; the interval of the mean covers zero in 95 % of cases."""
    random, wrong = np.random.default_rng(0), 0
    table = pooled({"plain": "", "pgd": REGIMES["pgd"]}, {})
    column = "test_robust_accuracy@0.1"
    for _ in range(400):
        values = random.normal(0.5, 0.2, (2, 10))
        drawn = replace(table, columns={column: replace(table.columns[column], values=values)})
        wrong += finding("networks than plain", drawn).words in ("more robust", "less robust")
    assert 3 <= wrong <= 0.05 * 400 + 3.0 * np.sqrt(0.05 * 0.95 * 400)


def test_seeds_that_diverged_leave_their_subset_out() -> None:
    tables = [regimes_of(db) for db in subsets(REGIMES, {"pgd": 0.1}, 11)]
    column = "test_robust_accuracy@0.1"
    tables[4].columns[column].values[3, 2] = np.nan
    found = finding("networks than regularisation", over_subsets(tables))
    assert found.effect.replicates == 10


def test_subsets_of_other_problems_are_refused() -> None:
    databases = [*subsets(REGIMES, {}, 2), Database(regime_store(None, REGIMES, {}, subset=2, l2=1e-2))]
    with pytest.raises(
        PropertyError, match=r"expected replicates of one architecture and size, found l2 = 0\.001 and 0\.01"
    ):
        regime_answers(databases, lambda _: 2000)


def test_secondary_differences_are_adjusted_for_their_number() -> None:
    table = pooled(REGIMES, {"pgd": 0.1})
    rows = {row.column: row for row in contrasts(finding("networks than regularisation", table), table)}
    assert rows["test_robust_accuracy@0.3"].effect.mean == pytest.approx(0.1, abs=5e-3)
    assert rows["test_robust_accuracy@0.3"].p == 2.0 / 2**10
    assert rows["test_adversarial_loss@0.3"].sign == -1
    assert rows["accuracy"].p > 0.05
    single = table_of(REGIMES, {"pgd": 0.1})
    assert all(np.isnan(row.p) for row in contrasts(finding("networks than regularisation", single), single))


def test_the_answer_names_units_and_what_they_share() -> None:
    databases = subsets(REGIMES, {"pgd": 0.1})
    (answer,) = regime_answers(databases, lambda _: 2000)
    text = "\n".join(findings_text(answer))
    assert max(map(len, text.splitlines())) <= 150
    assert "iris: units are 10 subsets of the data, each the mean over its seeds." in text
    assert "adversarial training gives more robust networks than regularisation: MORE ROBUST" in text
    rows = list(csv.DictReader(io.StringIO(contrasts_csv([answer]))))
    assert {row["data_set"] for row in rows} == {"iris"}
    assert {row["unit"] for row in rows} == {"subset"}
    keys = [(row["first"], row["second"], row["column"]) for row in rows]
    assert len(set(keys)) == len(keys)


def test_what_was_not_measured_is_told() -> None:
    databases = subsets(REGIMES, {})
    for db in databases:
        del db.store.tables.properties["training"]["task_hessian_trace"]  # type: ignore[attr-defined]
    (answer,) = regime_answers(databases, lambda _: 2000)
    text = "\n".join(findings_text(answer))
    assert "not compared, since 'task_hessian_trace' was not measured everywhere: adversarial training ends" in text


def test_files_that_do_not_belong_together_are_refused() -> None:
    one, other = (regimes_of(db) for db in subsets(REGIMES, {}, 2))
    with pytest.raises(PropertyError, match="found 2 with 1 sets of samples"):
        over_subsets([one, one])
    with pytest.raises(PropertyError, match="expected the same regimes and evaluations in all files"):
        over_subsets([one, replace(other, settings={"plain": Regime()})])


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
    found = finding(words, table_of(REGIMES, {}))
    assert (found.first, found.second) == (first, second)


def test_a_hypothesis_without_its_groups_has_no_finding() -> None:
    assert not regime_findings(table_of(REGIMES, {}), [hypothesis("sensitivity")])
    (answer,) = regime_answers([Database(regime_store(None, {"pgd": REGIMES["pgd"]}, {}))], lambda _: 40)
    assert "no hypothesis" in "\n".join(findings_text(answer))


def test_a_curve_is_made_of_regimes_that_differ_in_one_strength() -> None:
    settings = {name: text for name, text in (REGIMES | WEIGHTS).items() if name != "stopped"}
    table = table_of(settings, {"s0.001": 0.05, "s0.003": 0.1, "s0.01": 0.3})
    (curve,) = curves(table.settings)
    assert curve.names == ("plain", "s0.001", "s0.003", "s0.01")
    assert curve.strengths == (0.0, 0.001, 0.003, 0.01)
    found = regime_findings(table, list(curve_hypotheses(table)))  # an effect of 0.3 costs three points of accuracy
    assert [(one.first, one.second, one.column) for one in found] == [
        (("s0.003",), ("plain",), "test_certified_accuracy_crown@0.1"),
        (("s0.003",), ("plain",), "test_robust_accuracy@0.1"),
        (("s0.01",), ("plain",), "test_certified_accuracy_crown@0.1"),
        (("s0.01",), ("plain",), "test_robust_accuracy@0.1"),
    ]
    assert [one.effect.mean for one in found] == pytest.approx([0.1, 0.1, 0.3, 0.3], abs=5e-3)
    assert found[0].hypothesis.sentence == (
        "weight of the sensitivity loss 0.003 (the most that costs less than 2 points of clean accuracy) gives more "
        "certified networks than 0"
    )


def test_a_curve_that_costs_too_much_at_once_is_judged_as_a_whole() -> None:
    found = list(curve_hypotheses(table_of({"plain": ""} | WEIGHTS, {"s0.001": 0.3, "s0.003": 0.1})))
    assert [one.sentence for one in found] == [
        f"weight of the sensitivity loss 0.01 gives more {words} networks than 0" for words in ("certified", "robust")
    ]


def test_adversarial_curves_begin_without_an_attack() -> None:
    weights = {f"e{radius}": Regime(adversarial="pgd", epsilon=radius) for radius in (0.1, 0.2)}
    (curve,) = curves({"plain": Regime(), "noisy": Regime(input_noise=0.1)} | weights)
    assert curve.names == ("plain", "e0.1", "e0.2")


def test_evaluations_are_rows_and_a_mask_is_told() -> None:
    evaluations = {"rounded": 'regime = "plain"\nquantise = 0.5\n', "all": 'regime = "plain"\nensemble = true\n'}
    table = table_of(REGIMES, {}, evaluations=evaluations)
    column = "test_robust_accuracy@0.1"
    assert table.mean("rounded", column).value == pytest.approx(table.mean("plain", column).value + 0.1)
    assert table.mean("all", column).units == 0
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
    with altered(path) as file:
        del file["training/gradient_evaluations"]
    with open_database(path) as db:
        assert regimes_of(db).mean("plain", COST.name).units == 0


def test_what_is_missing_is_told_in_one_line() -> None:
    with pytest.raises(PropertyError, match="expected a regime of the database, found 'pgt'; did you mean 'pgd'"):
        table_of(REGIMES, {}).mean("pgt", "accuracy")
    with pytest.raises(PropertyError, match="found 'acuracy'; did you mean 'accuracy'"):
        table_of(REGIMES, {}).mean("pgd", "acuracy")
    with pytest.raises(PropertyError, match="found none measured: run 'landscape measure"):
        table_of(REGIMES, {}, measured=False, located=False)
    with pytest.raises(PropertyError, match="train with 'landscape train"):
        table_of({}, {}, measured=False, located=False)
