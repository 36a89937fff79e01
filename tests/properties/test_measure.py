import itertools

import numpy as np
import pytest
import torch

from landscape.config.tables import MeasureConfig
from landscape.errors import PropertyError
from landscape.numerics import batching
from landscape.problems.data.datasets import from_arrays
from landscape.problems.problem import Problem
from landscape.properties import draws, robustness
from landscape.properties.attacks.nearest import NORMS, nearest
from landscape.properties.attacks.networks import Networks
from landscape.properties.catalogue import GROUP_OF, GROUPS, PROPERTIES, available_groups
from landscape.properties.measure import measure
from landscape.properties.robustness import check_order
from tests.properties.minima import iris_minimum
from tests.properties.small_problems import small_problem, unpack

WITHOUT_TEST = [name for name in GROUPS if name not in ("test_robustness", "stripes")]  # stripes need f_a
SETTINGS = MeasureConfig(epsilon=(0.1, 0.3), pgd_steps=8, pgd_restarts=3, apgd_steps=8, search_queries=20)


def points(problem: Problem, count: int) -> np.ndarray:
    return np.random.default_rng(6).normal(size=(count, problem.n_parameters))


def test_reference_values_of_iris() -> None:
    problem, theta = iris_minimum()
    found = measure(problem, theta[None], ["loss", "robustness"], MeasureConfig(epsilon=(0.3,)))
    assert found["fgsm_accuracy"].values.item() == pytest.approx(0.680, abs=1e-4)
    for name in ("pgd_accuracy", "apgd_ce_accuracy", "square_accuracy", "robust_accuracy", "certified_accuracy_crown"):
        assert found[name].values.item() == pytest.approx(0.6733, abs=1e-4)
    assert found["certified_accuracy_ibp"].values.item() == pytest.approx(0.6133, abs=1e-4)
    energy = found["clean_loss"].values.item() + found["l2_loss"].values.item()
    assert energy == pytest.approx(0.08600617530996, abs=1e-10)


def test_every_property_has_a_description_and_its_shape() -> None:
    problem = Problem(dataset="iris", hidden=[3], l2=1e-3, test_fraction=0.2)
    groups = available_groups(problem)
    found = measure(problem, points(problem, 5), groups, SETTINGS)
    known = {name for name, declared in PROPERTIES.items() if not declared.missing(problem)}
    assert set(found) == {name for name in known if GROUP_OF[name] in groups}
    for name, (values, description, units) in found.items():
        columns = (5, 7) if name.startswith("rounded") else (5, 2)  # numbers of bits; two epsilons, two layers
        assert values.shape == (columns if "one column" in description else (5,)), name
        assert values.dtype == np.float64
        assert description
        assert units
        # These are not minima: a Hessian may have a negative eigenvalue, and then the sums of the task are not defined.
        sums = "task_hessian_log_determinant", "task_hessian_effective_dimension"
        assert np.isfinite(values).all() or name in sums, name


def test_margins_are_mean_distances_of_the_samples_that_are_right() -> None:
    problem, theta = iris_minimum()
    found = measure(problem, theta[None], ["robustness"], MeasureConfig(epsilon=(0.3,)))
    right = problem.network.outputs(torch.tensor(theta[None]), problem.inputs)[0].argmax(1) == problem.targets
    assert 0 < right.sum() < len(right)
    samples = draws.without_draws(problem.inputs, problem.targets)
    networks = Networks(problem, torch.tensor(theta[None]), samples)
    for norm in NORMS.values():
        distance = nearest(networks, norm, MeasureConfig().distance_limit).distance[0]
        assert found[norm.margin.name].values.item() == pytest.approx(distance[right].mean().item(), rel=1e-9)


def test_a_network_of_few_bits_is_that_of_the_nearest_levels() -> None:
    problem = Problem(dataset="iris", hidden=[3], l2=1e-3)
    theta = points(problem, 2)
    found = measure(problem, theta, ["loss"], SETTINGS)
    for row, bits in itertools.product(range(2), range(4, 11)):
        parts = []
        for weight, bias in unpack(theta[row], [4, 3, 3]):
            for block in (weight.ravel(), bias):
                levels = np.linspace(-1.0, 1.0, 2**bits - 1) * np.abs(block).max()
                parts.append(levels[np.abs(block[:, None] - levels).argmin(1)])
        logits = problem.network.outputs(torch.tensor(np.concatenate(parts)[None]), problem.inputs)[0]
        loss = torch.nn.functional.cross_entropy(logits, problem.targets).item()
        assert found["rounded_loss"].values[row, bits - 4] == pytest.approx(loss, rel=1e-9)
        accuracy = (logits.argmax(1) == problem.targets).double().mean().item()
        assert found["rounded_accuracy"].values[row, bits - 4] == pytest.approx(accuracy)


def test_test_samples_are_attacked_as_training_samples_are() -> None:
    problem = Problem(dataset="iris", hidden=[3], l2=1e-3, test_fraction=0.2)
    assert problem.config is not None
    assert problem.data.test_inputs is not None
    assert problem.data.test_targets is not None
    swapped = from_arrays(problem.data.test_inputs, problem.data.test_targets)
    theta = points(problem, 3)
    expected = measure(Problem.from_data(problem.config, swapped), theta, ["robustness"], SETTINGS)
    found = measure(problem, theta, ["test_robustness"], SETTINGS)
    for name, values in expected.items():
        if name != "certified_epsilon":  # its limit is the range of the training samples
            np.testing.assert_array_equal(found[f"test_{name}"].values, values.values, err_msg=name)
    with pytest.raises(PropertyError, match="needs held-out samples, found none"):
        measure(Problem(dataset="iris", hidden=[3]), theta, ["test_robustness"], SETTINGS)


def test_clean_and_test_accuracy_match_a_direct_count() -> None:
    problem = Problem(dataset="iris", hidden=[3], l2=1e-3, test_fraction=0.2)
    theta = points(problem, 3)
    found = measure(problem, theta, ["loss"], SETTINGS)
    assert problem.test_inputs is not None
    assert problem.test_targets is not None
    for name, inputs, targets in (
        ("accuracy", problem.inputs, problem.targets),
        ("test_accuracy", problem.test_inputs, problem.test_targets),
    ):
        predicted = problem.network.outputs(torch.tensor(theta), inputs).argmax(2)
        correct = torch.eq(predicted, targets).to(torch.float64)
        np.testing.assert_allclose(found[name].values, correct.mean(1))


@pytest.mark.parametrize(("activation", "hidden"), [("tanh", [5]), ("gelu", [4, 3]), ("relu", [4, 4, 3])])
def test_a_batch_equals_its_members_alone(activation: str, hidden: list[int]) -> None:
    problem = small_problem(activation, hidden)
    theta, groups = points(problem, 4), available_groups(small_problem(activation, hidden))
    together = measure(problem, theta, groups, SETTINGS)
    for row in (0, 3):
        alone = measure(problem, theta[row : row + 1], groups, SETTINGS)
        for name, (values, *_) in together.items():
            np.testing.assert_allclose(alone[name].values[0], values[row], rtol=1e-9, atol=1e-10, err_msg=name)


def test_chunks_of_minima_and_samples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = small_problem("tanh", [5])
    theta = points(problem, 3)
    whole = measure(problem, theta, WITHOUT_TEST, SETTINGS)
    monkeypatch.setitem(batching.CHUNK_BYTES, "cpu", 8 * 5 * 45)
    cut = measure(problem, theta, WITHOUT_TEST, SETTINGS)
    for name, (values, *_) in whole.items():
        np.testing.assert_allclose(cut[name].values, values, rtol=1e-9, atol=1e-10, err_msg=name)


def test_one_epsilon_a_feature() -> None:
    problem = small_problem("tanh", [5])
    theta = points(problem, 2)
    scalar = measure(problem, theta, ["robustness"], MeasureConfig(epsilon=(0.2,), pgd_steps=4, pgd_restarts=2))
    vector = measure(
        problem, theta, ["robustness"], MeasureConfig(epsilon=((0.2, 0.2, 0.2),), pgd_steps=4, pgd_restarts=2)
    )
    narrow = measure(
        problem, theta, ["robustness"], MeasureConfig(epsilon=((0.2, 1e-9, 1e-9),), pgd_steps=4, pgd_restarts=2)
    )
    for name in scalar:
        np.testing.assert_array_equal(scalar[name].values, vector[name].values)
    assert (narrow["adversarial_loss"].values < scalar["adversarial_loss"].values).all()


def test_bounds_of_the_inputs_hold_attacks_back() -> None:
    problem = Problem(dataset="xor", hidden=[3], l2=1e-3, standardise=False)
    theta = points(problem, 4)
    free = measure(problem, theta, ["robustness"], SETTINGS)
    bounded = measure(problem, theta, ["robustness"], SETTINGS.model_copy(update={"input_bounds": (0.0, 1.0)}))
    assert (bounded["adversarial_loss"].values < free["adversarial_loss"].values).all()
    assert (bounded["robust_accuracy"].values >= free["robust_accuracy"].values).all()
    assert (bounded["adversarial_distance_l2"].values >= free["adversarial_distance_l2"].values - 1e-9).all()


def test_the_seed_decides_the_random_starts() -> None:
    problem = small_problem("gelu", [6, 6])
    theta = points(problem, 3)
    settings = MeasureConfig(epsilon=(1.0,), pgd_steps=3, pgd_restarts=2)
    runs = [measure(problem, theta, ["robustness"], settings, seed)["adversarial_loss"].values for seed in (0, 0, 1)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


def test_random_numbers_are_drawn_for_attacks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> np.ndarray:
        raise AssertionError

    for name in ("offsets", "noise", "corners"):
        monkeypatch.setattr(draws, name, refuse)
    problem = Problem(dataset="iris", hidden=[3], l2=1e-3, test_fraction=0.2)
    groups = [name for name in available_groups(problem) if not name.endswith("robustness")]
    assert "test_loss" in measure(problem, points(problem, 1), groups, SETTINGS)


def test_regression_leaves_accuracies_out() -> None:
    problem = small_problem("tanh", [4], loss="mse")
    found = measure(problem, points(problem, 2), available_groups(problem), SETTINGS)
    assert not [name for name in found if "accuracy" in name or "distance" in name or "certified" in name]
    assert {"adversarial_loss", "sensitivity_logits", "clean_loss", "hessian_trace"} <= set(found)
    assert "sensitivity_softmax" not in found


def test_a_foreign_module_is_attacked_but_not_certified() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Softsign(), torch.nn.Linear(4, 3))
    problem = Problem.from_module(module, np.eye(3), np.arange(3), l2=1e-2)
    assert available_groups(problem) == ("loss", "curvature", "sharpness", "robustness", "sparse_robustness")
    found = measure(problem, points(problem, 2), ["robustness"], SETTINGS)
    assert {"adversarial_loss", "robust_accuracy", "adversarial_distance_l2"} <= set(found)
    assert not [name for name in found if "certified" in name]


def test_kinks_have_no_curvature() -> None:
    problem = small_problem("relu", [4])
    assert available_groups(problem) == ("loss", "sharpness", "robustness", "sparse_robustness", "sensitivity")
    assert "keskar_sharpness" in measure(problem, points(problem, 1), ["sharpness"], SETTINGS)
    with pytest.raises(PropertyError, match="smooth activation"):
        measure(problem, points(problem, 1), ["curvature"], SETTINGS)


def test_accuracies_are_ordered() -> None:
    problem = small_problem("tanh", [5])
    found = measure(problem, points(problem, 30), ["loss", "robustness"], SETTINGS)
    clean = np.broadcast_to(found["accuracy"].values[:, None], (30, 2))
    attacks = ("pgd_accuracy", "fgsm_accuracy", "apgd_ce_accuracy", "apgd_dlr_accuracy", "square_accuracy")
    certificates = ("certified_accuracy_ibp", "certified_accuracy_crown")
    for name in attacks:
        chain = [found[one].values for one in (*certificates, "robust_accuracy", name)]
        for lesser, greater in itertools.pairwise([*chain, clean]):
            assert (lesser <= greater).all()
    assert (found["certified_epsilon"].values <= found["adversarial_distance_linf"].values).all()


def test_a_network_that_ignores_its_input_is_measured_too() -> None:
    problem = Problem(dataset="xor", hidden=[2], l2=1e-3, standardise=False)
    found = measure(problem, np.zeros((1, problem.n_parameters)), WITHOUT_TEST, SETTINGS)
    assert found["clean_loss"].values.item() == pytest.approx(np.log(2.0))
    for name in ("fgsm_accuracy", "pgd_accuracy", "robust_accuracy", "noise_accuracy"):
        np.testing.assert_array_equal(found[name].values, 0.5)
    limit = SETTINGS.distance_limit
    for name in ("adversarial_distance_linf", "adversarial_distance_l2"):
        np.testing.assert_array_equal(found[name].values, 0.5 * limit)  # half of the samples are misclassified
    assert "apgd_dlr_accuracy" not in found
    for name in ("certified_accuracy_ibp", "certified_accuracy_crown", "certified_epsilon"):
        np.testing.assert_array_equal(found[name].values, 0.0)
    for name in ("sensitivity_logits", "sensitivity_logits_crown"):
        np.testing.assert_array_equal(found[name].values, -np.inf)
    np.testing.assert_allclose(found["adversarial_loss"].values, np.log(2.0))


def test_a_wrong_bound_is_reported_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = small_problem("tanh", [5])
    everything = {"certified_accuracy_crown": torch.ones(4, 12, dtype=torch.bool)}
    monkeypatch.setattr(robustness, "certified", lambda *_: everything)
    with pytest.raises(PropertyError, match="certified_accuracy_crown must count for fgsm_accuracy"):
        measure(problem, points(problem, 4), ["robustness"], SETTINGS)


def test_a_wrong_largest_epsilon_is_reported_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = small_problem("tanh", [5])
    monkeypatch.setattr(robustness, "certified_epsilon", lambda *_: torch.full((4, 12), 0.2, dtype=torch.float64))
    with pytest.raises(PropertyError, match=r"certified_epsilon must count for robust_accuracy.*0\.1, 0\.1, 0\.1"):
        measure(problem, points(problem, 4), ["robustness"], SETTINGS)


def test_the_largest_epsilon_keeps_the_proportions_of_the_first() -> None:
    problem = small_problem("tanh", [5])
    theta = points(problem, 3)
    found = [
        measure(problem, theta, ["robustness"], MeasureConfig(epsilon=epsilon, pgd_steps=1, pgd_restarts=1))[
            "certified_epsilon"
        ].values
        for epsilon in (((0.1, 0.2, 0.1), 0.3), ((0.05, 0.1, 0.05),), (0.3, (0.1, 0.2, 0.1)))
    ]
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[2] < found[0]).all()


def test_the_order_is_checked_sample_by_sample() -> None:
    first, second = torch.tensor([[True, False]]), torch.tensor([[False, True]])
    with pytest.raises(PropertyError, match="found 1 that do not"):
        check_order({"a": first, "b": second}, torch.ones(3))


def test_requests_that_do_not_fit_are_refused() -> None:
    problem = small_problem("tanh", [4])
    good = points(problem, 2)
    with pytest.raises(PropertyError, match="did you mean 'curvature'"):
        measure(problem, good, ["curvatur"], SETTINGS)
    with pytest.raises(PropertyError, match="this very problem"):
        measure(problem, good[:, 1:], ["loss"], SETTINGS)
    with pytest.raises(PropertyError, match="this very problem"):
        measure(problem, good[:0], ["loss"], SETTINGS)
    with pytest.raises(PropertyError, match="finite"):
        measure(problem, np.full_like(good, np.nan), ["loss"], SETTINGS)
    with pytest.raises(PropertyError, match="3 numbers for 3 inputs"):
        measure(problem, good, ["sensitivity"], MeasureConfig(epsilon=((0.1, 0.2),)))
    with pytest.raises(PropertyError, match="must hold all inputs"):
        measure(problem, good, ["robustness"], SETTINGS.model_copy(update={"input_bounds": (-0.1, 0.1)}))
