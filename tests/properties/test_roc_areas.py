"""Areas under ROC curves against scikit-learn, counts of pairs and the test of Mann and Whitney."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from sklearn.metrics import roc_auc_score

from landscape.config.tables import MeasureConfig
from landscape.problems.problem import Problem
from landscape.properties.losses import mean_roc_area, roc_area
from landscape.properties.measure import measure
from tests.properties.small_problems import small_problem


def log_odds(logits: np.ndarray, k: int) -> np.ndarray:
    return np.asarray(logits[..., k] - scipy.special.logsumexp(np.delete(logits, k, -1), axis=-1))


def test_areas_are_those_of_scikit_learn_on_training_and_test_samples() -> None:
    problem = Problem(dataset="iris", hidden=[3], l2=1e-3, test_fraction=0.3)
    theta = np.random.default_rng(1).normal(size=(6, problem.n_parameters))
    found = measure(problem, theta, ["loss"], MeasureConfig())
    assert problem.test_inputs is not None
    assert problem.test_targets is not None
    for name, inputs, targets in (
        ("auc", problem.inputs, problem.targets),
        ("test_auc", problem.test_inputs, problem.test_targets),
    ):
        for row, own in enumerate(theta):
            logits = problem.network.outputs(torch.tensor(own[None]), inputs)[0].numpy()
            likely = scipy.special.softmax(logits, axis=1)
            expected = roc_auc_score(targets, likely, multi_class="ovr", average="macro")
            assert found[name].values[row] == pytest.approx(expected, abs=1e-12)


def test_ties_count_one_half_as_in_the_test_of_mann_and_whitney() -> None:
    random = np.random.default_rng(2)
    score, positive = random.integers(0, 5, (4, 60)).astype(float), random.random(60) < 0.3
    found = roc_area(torch.tensor(score), torch.tensor(positive))
    for row, own in enumerate(score):
        counted = np.sign(own[positive][:, None] - own[~positive]).mean() / 2 + 0.5
        u = scipy.stats.mannwhitneyu(own[positive], own[~positive]).statistic
        assert found[row] == pytest.approx(counted, abs=1e-12)
        assert found[row] == pytest.approx(u / positive.sum() / (~positive).sum(), abs=1e-12)


def test_two_classes_have_one_area_and_answers_turned_round_have_the_rest() -> None:
    random = np.random.default_rng(3)
    logits, labels = torch.tensor(random.normal(size=(3, 40, 2))), torch.tensor(np.arange(40) % 2)
    found = mean_roc_area(logits, labels)
    difference = (logits[:, :, 1] - logits[:, :, 0]).numpy()
    expected = [roc_auc_score(labels, one) for one in difference]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(mean_roc_area(logits.flip(2), labels), 1.0 - found, atol=1e-12)


def test_samples_that_a_symmetry_exchanges_tie_whatever_the_rounding() -> None:
    labels = torch.tensor([0, 1, 1, 0])
    logits = torch.zeros(1, 4, 2, dtype=torch.float64)
    logits[0, :, 0] = torch.tensor([0.0, 1e-14, -1e-14, 3e-15])
    assert mean_roc_area(logits, labels).item() == 0.5


def test_probabilities_that_round_to_one_are_still_ranked() -> None:
    logits = torch.tensor([[[60.0, 0.0], [61.0, 0.0], [62.0, 0.0], [59.0, 0.0]]], dtype=torch.float64)
    assert mean_roc_area(logits, torch.tensor([1, 0, 0, 1])).item() == 1.0


def test_classes_without_samples_are_left_out_and_a_single_class_has_no_area() -> None:
    logits = torch.tensor(np.random.default_rng(4).normal(size=(2, 30, 3)))
    labels = np.arange(30) % 2
    expected = [np.mean([roc_auc_score(labels == k, log_odds(one, k)) for k in (0, 1)]) for one in logits.numpy()]
    np.testing.assert_allclose(mean_roc_area(logits, torch.tensor(labels)), expected, atol=1e-12)
    assert mean_roc_area(logits, torch.zeros(30, dtype=torch.int64)).isnan().all()


def test_chunks_of_samples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = small_problem("tanh", [5])
    theta = np.random.default_rng(5).normal(size=(3, problem.n_parameters))
    whole = measure(problem, theta, ["loss"], MeasureConfig())["auc"].values
    monkeypatch.setattr("landscape.properties.losses.samples_per_chunk", lambda _: 5)
    np.testing.assert_array_equal(measure(problem, theta, ["loss"], MeasureConfig())["auc"].values, whole)


def test_values_without_classes_have_no_area() -> None:
    problem = small_problem("tanh", [2], loss="mse")
    assert "auc" not in measure(problem, np.zeros((1, problem.n_parameters)), ["loss"], MeasureConfig())
