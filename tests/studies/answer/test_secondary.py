"""Secondary pairs of a made-up landscape against scipy, and the findings of replicates on them."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from landscape.database.database import Database
from landscape.graph.depth import escape_barrier
from landscape.studies.answer.secondary import secondary_effects, secondary_findings
from landscape.studies.answer.text import appendix, appendix_csv, p_text, table
from tests.analysis.synthetic import (
    build_store,
    funnel,
    made_up_store,
    minima,
    properties,
    property_rows,
    transition_states,
)
from tests.studies.answer.made_up import answered, landscapes

REPLICATES = 12
STEADY = {"depth", "hessian_trace"}


def test_pairs_are_oriented_rank_correlations() -> None:
    points = funnel(60)
    with Database(build_store(None, points)) as db:
        found, stored = secondary_effects(db, np.arange(len(db.minima))), db.properties("minima")
        energy, states = db.minima.energy, db.transition_states
        robust = stored["robust_accuracy"].values[:, 1]
        pairs = {
            ("depth", "robust_accuracy@0.3"): stats.spearmanr(-energy, robust),
            ("depth", "adversarial_loss@0.1"): stats.spearmanr(-energy, -stored["adversarial_loss"].values[:, 0]),
            ("hessian_trace", "robust_accuracy@0.3"): stats.spearmanr(-stored["hessian_trace"].values, robust),
        }
        barrier = escape_barrier(energy, states.energy, states.minima)
    for pair, expected in pairs.items():
        assert found[pair] == pytest.approx(expected.statistic, abs=1e-12)
    known = np.isfinite(barrier)
    assert known.mean() >= 0.9
    expected = stats.spearmanr(barrier[known], robust[known]).statistic
    assert found["escape_barrier", "robust_accuracy@0.3"] == pytest.approx(expected, abs=1e-12)
    assert len(found) == len({measure for measure, _ in found}) * 4


def test_barriers_are_no_depth_where_minima_are_not_connected() -> None:
    parameters, energy, pairs, ts_energy = funnel(60)
    few = pairs[:, 0] < 10
    with Database(build_store(None, (parameters, energy, pairs[few], ts_energy[few]))) as db:
        assert {measure for measure, _ in secondary_effects(db, np.arange(len(db.minima)))} == {
            "depth",
            "hessian_trace",
            "hessian_largest",
        }


def made(shared: float = 0.0, *, missing: bool = False) -> dict[tuple[str, str], tuple[float, float]]:
    """Mean correlation and adjusted p by pair, for one related pair and 50 unrelated ones."""
    random = np.random.default_rng(3)
    effects = [
        {("depth", "margin"): float(np.tanh(0.5 + 0.2 * random.normal()))}
        | {("depth", f"noise {number}"): float(np.tanh(0.2 * random.normal())) for number in range(50)}
        for _ in range(REPLICATES)
    ]
    found = secondary_findings(effects, np.arange(REPLICATES), shared, epsilon=0.1, steady=STEADY, missing=missing)
    return {(one.measure, one.robustness): (one.total.mean, one.p) for one in found}


def test_of_many_pairs_the_one_that_is_related_is_told() -> None:
    found = made()
    assert found.pop(("depth", "margin"))[1] < 0.01
    assert all(p > 0.05 for _, p in found.values())
    assert all(np.isnan(p) for _, p in made(shared=0.4).values())
    assert all(np.isnan(p) for _, p in made(missing=True).values())


def test_held_out_samples_have_words() -> None:
    random = np.random.default_rng(4)
    means = {"test_accuracy": 0.5, "test_robust_accuracy@0.1": -0.4, "test_robust_accuracy@0.2": 0.4, "test_loss": 0.4}
    effects = [
        {("depth", name): float(np.tanh(mean + 0.1 * random.normal())) for name, mean in means.items()}
        | {("hessian_largest", "test_accuracy"): 0.5}
        for _ in range(REPLICATES)
    ]
    found = secondary_findings(effects, np.arange(REPLICATES), 0.0, epsilon=0.1, steady=STEADY, missing=False)
    said = {(one.measure, one.robustness): one.words for one in found if one.words}
    assert said == {
        ("depth", "test_accuracy"): "generalise better",
        ("depth", "test_robust_accuracy@0.1"): "less robust",
    }
    place = np.arange(REPLICATES)
    for without in ({"steady": STEADY, "missing": True}, {"steady": (), "missing": False}):
        none = secondary_findings(effects, place, 0.0, epsilon=0.1, **without)  # type: ignore[arg-type]
        assert {one.words for one in none} == {"", "not enough data"}
    few = [one if number < 9 else {} for number, one in enumerate(effects)]
    found_in_nine = secondary_findings(few, place, 0.0, epsilon=0.1, steady=STEADY, missing=False)
    assert {one.words for one in found_in_nine} == {"", "not enough data"}
    lines = list(table([replace(answered(landscapes(REPLICATES)), secondary=found)]))
    assert any("test accuracy" in line and line.endswith("generalise better") for line in lines)


def test_a_pair_that_a_landscape_lacks_is_not_tested() -> None:
    random = np.random.default_rng(4)
    effects = [{("depth", "a"): float(random.normal(0.0, 0.1)), ("depth", "b"): 0.1} for _ in range(5)]
    del effects[2]["depth", "a"]
    first, second = secondary_findings(effects, np.arange(5), 0.0, epsilon=0.1, steady=STEADY, missing=False)
    assert np.isnan(first.p)
    assert first.total.replicates == 4
    assert second.p == 1.0 / 2**4
    assert p_text(second.p, 5) == "<= 0.062"
    assert p_text(0.5, 5) == "0.5"


def test_the_appendix_is_a_line_and_a_table() -> None:
    effects = [
        {("depth", "test_robust_accuracy@0.1"): 0.5 + 0.01 * number, ("depth", "test_accuracy"): 0.1 * (-1) ** number}
        for number in range(REPLICATES)
    ]
    made_up = landscapes(REPLICATES)
    found = answered([replace(one, secondary=own) for one, own in zip(made_up, effects, strict=True)])
    (line,) = appendix([found])
    assert line.startswith(
        "made: 1 of 2 secondary pairs have p < 0.05, adjusted for all of them; most of all depth and"
    )
    assert "adjusted p 0.00098" in line
    rows = list(csv.DictReader(io.StringIO(appendix_csv([found]))))
    assert [row["robustness"] for row in rows] == ["test_robust_accuracy@0.1", "test_accuracy"]
    z = np.arctanh([one["depth", "test_robust_accuracy@0.1"] for one in effects])
    half = stats.t.ppf(0.975, REPLICATES - 1) * z.std(ddof=1) / np.sqrt(REPLICATES)
    expected = np.tanh([z.mean(), z.mean() - half, z.mean() + half])
    np.testing.assert_allclose([float(rows[0][name]) for name in ("rho", "low", "high")], expected, rtol=1e-9)
    assert list(appendix([answered(landscapes(REPLICATES))])) == ["made: no secondary pair can be tested."]
    assert list(appendix([answered(landscapes(5))])) == ["made: of secondary pairs, not enough data."]


def test_primary_pairs_are_not_among_the_secondary_ones() -> None:
    names = ("margin_linf", "robust_accuracy@0.1", "robust_accuracy@0.2")
    effects = [{("depth", name): 0.1 * number for name in names} for number in range(3)]
    found = secondary_findings(effects, np.arange(3), 0.0, epsilon=0.2, steady=STEADY, missing=False)
    assert [(one.measure, one.robustness) for one in found] == [("depth", "robust_accuracy@0.1")]


def test_copies_count_once_with_the_barriers_of_all_and_twins_of_a_measure_not_at_all() -> None:
    parameters, energy, pairs, ts_energy = funnel(30)
    twice = np.tile(parameters, (2, 1)), np.tile(energy, 2), pairs + 30, ts_energy  # states join the second copies only
    with Database(build_store(None, (parameters, energy, pairs, ts_energy))) as db:
        once = secondary_effects(db, np.arange(len(db.minima)))
    with Database(build_store(None, twice)) as db:
        assert secondary_effects(db, np.arange(len(db.minima))) == once
    assert ("escape_barrier", "robust_accuracy@0.1") in once
    trace = property_rows("minima", "hessian_trace", energy, "trace")
    shifted = property_rows("minima", "task_hessian_trace", energy - 1.0, "trace less a number")
    below, above = minima(parameters, energy), transition_states(pairs, ts_energy)
    measured = [one for one in properties(parameters, energy, -0.1) if one.name != "hessian_trace"]
    with Database(made_up_store(None, below, above, (*measured, trace, shifted))) as db:
        assert {measure for measure, _ in secondary_effects(db, np.arange(len(db.minima))) if "trace" in measure} == {
            "hessian_trace"
        }
