"""Secondary pairs of a made-up landscape against scipy, and what replicates say of them."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from landscape.database.database import Database
from landscape.graph.depth import escape_barrier
from landscape.studies.answer.secondary import secondary_effects, secondary_findings
from landscape.studies.answer.text import appendix, appendix_csv, p_text
from tests.analysis.synthetic import build_store, funnel
from tests.studies.answer.test_answer import answered, landscapes

REPLICATES = 12


def test_pairs_are_oriented_rank_correlations() -> None:
    points = funnel(60)
    with Database(build_store(None, points)) as db:
        found, stored = secondary_effects(db), db.properties("minima")
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
        assert {measure for measure, _ in secondary_effects(db)} == {"depth", "hessian_trace", "hessian_largest"}


def made(shared: float = 0.0) -> dict[tuple[str, str], tuple[float, float]]:
    """Mean correlation and adjusted p of one pair that is related and 50 that are not, by pair."""
    random = np.random.default_rng(3)
    effects = [
        {("depth", "margin"): float(np.tanh(0.5 + 0.2 * random.normal()))}
        | {("depth", f"noise {number}"): float(np.tanh(0.2 * random.normal())) for number in range(50)}
        for _ in range(REPLICATES)
    ]
    found = secondary_findings(effects, np.arange(REPLICATES), shared)
    return {(one.measure, one.robustness): (one.total.mean, one.p) for one in found}


def test_of_many_pairs_the_one_that_is_related_is_told() -> None:
    found = made()
    assert found.pop(("depth", "margin"))[1] < 0.01
    assert all(p > 0.05 for _, p in found.values())
    assert all(np.isnan(p) for _, p in made(shared=0.4).values())


def test_a_pair_that_a_landscape_lacks_is_not_tested() -> None:
    random = np.random.default_rng(4)
    effects = [{("depth", "a"): float(random.normal(0.0, 0.1)), ("depth", "b"): 0.1} for _ in range(5)]
    del effects[2]["depth", "a"]
    first, second = secondary_findings(effects, np.arange(5), 0.0)
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
    assert line.startswith("made: 1 of 2 secondary pairs are related, by p adjusted for all of them; most of all depth")
    assert "adjusted p 0.00098" in line
    rows = list(csv.DictReader(io.StringIO(appendix_csv([found]))))
    assert [row["robustness"] for row in rows] == ["test_robust_accuracy@0.1", "test_accuracy"]
    z = np.arctanh([one["depth", "test_robust_accuracy@0.1"] for one in effects])
    half = stats.t.ppf(0.975, REPLICATES - 1) * z.std(ddof=1) / np.sqrt(REPLICATES)
    expected = np.tanh([z.mean(), z.mean() - half, z.mean() + half])
    np.testing.assert_allclose([float(rows[0][name]) for name in ("rho", "low", "high")], expected, rtol=1e-9)
    assert list(appendix([answered(landscapes(REPLICATES))])) == ["made: no secondary pair can be tested."]
