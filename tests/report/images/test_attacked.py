"""Attacked samples: they lie in the box, their answers are those of the networks, and the attack is the stored one."""

from typing import Any

import numpy as np
import pytest
import torch

from landscape.config.tables import MeasureConfig
from landscape.errors import PropertyError
from landscape.properties.attacks.pgd import PGD
from landscape.properties.draws import with_draws
from landscape.report.images.attacked import (
    MOST_EPSILONS,
    MOST_MINIMA,
    AttackSettings,
    attack_samples,
    drawn,
    first_of_each_class,
    shown_minima,
    stored_attack,
)
from landscape.studies.columns import Column
from tests.properties.minima import networks_of
from tests.report.images.databases import image_database, threes_and_eights

ROWS = np.array([3, 17, 41])


def settings(bounds: tuple[float, ...] = (), largest: float = 0.4) -> AttackSettings:
    given: dict[str, Any] = {"epsilon": [0.1, largest], "pgd_steps": 5, "pgd_restarts": 3, "input_bounds": bounds}
    return AttackSettings(settings=MeasureConfig(**given), epsilon=(0.1, largest), seed=0, source="the test")


@pytest.mark.parametrize(("standardise", "bounds"), [(True, ()), (False, (0.0, 1.0))])
def test_points_lie_in_the_box_and_answers_are_those_of_the_networks(
    *, standardise: bool, bounds: tuple[float, ...]
) -> None:
    problem = threes_and_eights(standardise=standardise)
    theta = image_database(problem, 3).minima.parameters
    found = attack_samples(problem, theta, ROWS, settings(bounds))
    np.testing.assert_array_equal(found.before, problem.data.inputs[ROWS])
    np.testing.assert_array_equal(found.labels, problem.data.targets[ROWS])
    for place, epsilon in enumerate(found.epsilon):
        shift = np.abs(found.after[:, place] - found.before)
        assert shift.max() <= epsilon * (1.0 + 1e-12)
        assert shift.max() > 0.9 * epsilon
    if bounds:
        assert found.after.min() >= bounds[0]
        assert found.after.max() <= bounds[1]
    for minimum, one in enumerate(theta):
        module = problem.module(one)
        for part, points in enumerate([found.before, *found.after[minimum]]):
            outputs = module(torch.tensor(points))
            assert found.answers[minimum, part].tolist() == outputs.argmax(1).tolist()
            loss = torch.nn.functional.cross_entropy(outputs, torch.tensor(found.labels), reduction="none")
            np.testing.assert_allclose(found.losses[minimum, part], loss.detach().numpy(), rtol=1e-9, atol=1e-12)
    assert (found.losses[:, 1:] >= found.losses[:, :1] - 1e-12).all()


def test_answers_are_wrong_where_the_stored_accuracy_counts_a_sample_as_lost() -> None:
    problem, attack = threes_and_eights(), settings(largest=1.5)
    theta = image_database(problem, 4).minima.parameters
    rows = np.arange(len(problem.inputs))
    found = attack_samples(problem, theta, rows, attack)
    networks = networks_of(problem, torch.tensor(theta), attack.settings)
    assert 0 < np.sum(found.answers[:, 1:] == found.labels) < found.answers[:, 1:].size
    for place, epsilon in enumerate(attack.epsilon):
        survived = PGD.run(networks, torch.full((64,), epsilon, dtype=torch.float64), attack.settings).survived.numpy()
        np.testing.assert_array_equal(found.answers[:, 1 + place] == found.labels, survived)


def test_random_starts_are_those_of_a_measurement_of_all_samples() -> None:
    problem, attack = threes_and_eights(), settings()
    whole = with_draws(problem.inputs, problem.targets, attack.settings, attack.seed)
    assert torch.equal(drawn(problem, ROWS, attack).offsets, whole.offsets[:, ROWS])


def test_samples_are_the_first_of_each_class_in_turn() -> None:
    targets = np.array([1, 0, 1, 2, 0, 1, 2, 0, 0])
    right = np.array([True, False, True, True, True, True, False, True, True])
    assert first_of_each_class(targets, right).tolist() == [4, 7, 8, 0, 2, 3]
    assert first_of_each_class(np.arange(10), np.arange(10) != 1).tolist() == [0, 2, 3, 4, 5, 6]
    with pytest.raises(PropertyError, match="that the lowest minimum classifies correctly, found none"):
        first_of_each_class(targets, np.zeros(9, dtype=bool))


def column(values: np.ndarray, name: str = "pgd_accuracy", epsilon: float = 0.4) -> Column:
    return Column(name=f"{name}@{epsilon}", property=name, epsilon=epsilon, description="", units="", values=values)


def test_minima_with_pictures_are_the_lowest_and_the_ends_of_robustness() -> None:
    values = np.linspace(0.0, 1.0, 300)
    values[250] = values[5] = np.nan
    columns = (column(-values, epsilon=0.1), column(values))
    found = shown_minima(300, columns, 0.4, 10)
    assert (found.lowest, found.measure) == (80, columns[1])
    assert found.most == tuple(range(299, 289, -1))
    assert found.least == (0, 1, 2, 3, 4, 6, 7, 8, 9, 10)
    assert found.all == [*range(80), *range(290, 300)]
    assert len(shown_minima(300, columns, 0.4, 10_000).all) <= 50
    assert shown_minima(300, columns, 0.4, 10**7).all == [0]
    assert shown_minima(300, (), 0.4, 10).all == list(range(MOST_MINIMA))
    ranked = shown_minima(12, (column(np.ones(12)), column(-np.arange(12.0), "robust_accuracy")), 0.4, 10)
    assert (ranked.lowest, ranked.most[0], ranked.least[0]) == (12, 0, 11)


def test_the_attack_is_that_of_the_stored_accuracy_or_of_the_run_file() -> None:
    problem = threes_and_eights()
    plain = stored_attack(image_database(problem, 2, epsilon=[0.2, 0.3]), problem)
    assert (plain.epsilon, plain.seed, plain.source) == ((0.2, 0.3), 0, "the run file")
    assert (plain.settings.pgd_steps, plain.settings.pgd_restarts) == (5, 2)
    other = {"epsilon": [0.5, 0.6], "pgd_steps": 9, "seed": 4}
    kept = stored_attack(image_database(problem, 2, measured=True, stored=other), problem)
    assert (kept.epsilon, kept.seed, kept.source) == ((0.5, 0.6), 4, "the stored PGD accuracy")
    assert kept.settings.pgd_steps == 9


def test_of_many_epsilons_some_are_shown_and_lists_are_none() -> None:
    problem = threes_and_eights()
    many = stored_attack(image_database(problem, 2, epsilon=[0.1 * k for k in range(1, 11)]), problem)
    assert len(many.epsilon) == MOST_EPSILONS
    assert (many.epsilon[0], many.epsilon[-1]) == (0.1, 1.0)
    with pytest.raises(PropertyError, match="expected an epsilon that is one number for all inputs, found lists"):
        stored_attack(image_database(problem, 2, epsilon=[[0.1] * 64]), problem)
