"""Smallest adversarial distances: exact for linear classifiers, verified for all."""

import numpy as np
import pytest
import torch

from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.properties.attacks.nearest import NORMS, inside, nearest, stability
from landscape.properties.attacks.networks import Networks
from landscape.properties.robustness import check_radius
from tests.properties.minima import networks_of, some_minimum

LIMIT = 10.0


def linear(classes: int, bounds: tuple[float, ...] = ()) -> Networks:
    rng = np.random.default_rng(5)
    inputs = rng.normal(size=(40, 6)).clip(-2.0, 2.0)
    module = torch.nn.Sequential(torch.nn.Linear(6, classes))
    problem = Problem.from_module(module, inputs, np.arange(40) % classes, l2=1e-2)
    return networks_of(problem, torch.tensor(rng.normal(size=(3, problem.n_parameters))), bounds=bounds)


def closed_form(networks: Networks, order: float, labels: torch.Tensor | None = None) -> torch.Tensor:
    """Exact distances [M, N]: min over j of (z_y - z_j) / |w_j - w_y| in the dual norm; 0 for a wrong answer."""
    weight = networks.theta[:, : networks.encoded.shape[0] * 6].reshape(3, -1, 6)
    labels = networks.problem.targets if labels is None else labels
    z = networks.outputs(networks.inputs).mT  # [M, N, K]
    gap = z.gather(2, labels.expand(3, -1)[..., None]) - z
    size = torch.linalg.vector_norm(weight[:, labels][:, :, None] - weight[:, None], ord=order, dim=3)
    distances = torch.where(gap == 0.0, torch.inf, gap / size).amin(2)
    return distances.clamp(min=0.0)


@pytest.mark.parametrize(("norm", "dual"), [("linf", 1.0), ("l2", 2.0)])
@pytest.mark.parametrize("classes", [2, 3, 4])
def test_distances_to_planes_are_exact(classes: int, norm: str, dual: float) -> None:
    networks = linear(classes)
    found = nearest(networks, NORMS[norm], LIMIT)
    torch.testing.assert_close(found.distance, closed_form(networks, dual).clamp(max=LIMIT), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("norm", "dual"), [("linf", 1.0), ("l2", 2.0)])
def test_stability_is_the_distance_to_another_answer_right_or_wrong(norm: str, dual: float) -> None:
    networks = linear(3)
    answers = networks.outputs(networks.inputs).max(1).indices
    assert 0 < networks.clean.survived.sum() < networks.clean.survived.numel()
    found = stability(networks, NORMS[norm], LIMIT, nearest(networks, NORMS[norm], LIMIT))
    for minimum in range(3):
        expected = closed_form(networks, dual, answers[minimum])[minimum].clamp(max=LIMIT)
        torch.testing.assert_close(found[minimum], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("dataset", ["iris", "digits"])
def test_what_is_found_is_adversarial_at_its_distance(dataset: str, norm: str) -> None:
    networks = networks_of(*some_minimum(dataset))
    found = nearest(networks, NORMS[norm], LIMIT)
    module = networks.problem.module(networks.theta[0].numpy())
    assert found.found.all()
    wrong = module(found.point[0].mT).argmax(1) != networks.problem.targets
    assert wrong.all()
    step = (found.point - networks.inputs)[0]
    length = step.abs().amax(0) if norm == "linf" else step.square().sum(0).sqrt()
    torch.testing.assert_close(found.distance[0], length, rtol=1e-12, atol=0)
    assert torch.equal(found.distance[0] == 0.0, ~networks.clean.survived[0])


def test_a_batch_equals_its_members_alone() -> None:
    networks = linear(4)
    together = nearest(networks, NORMS["l2"], LIMIT).distance
    for row in range(3):
        alone = Networks(networks.problem, networks.theta[row : row + 1], networks.samples)
        torch.testing.assert_close(nearest(alone, NORMS["l2"], LIMIT).distance[0], together[row], rtol=1e-9, atol=0)


def test_where_nothing_is_found_the_distance_is_the_limit() -> None:
    networks = linear(3)
    constant = Networks(networks.problem, torch.zeros_like(networks.theta), networks.samples)
    found = nearest(constant, NORMS["linf"], 0.7)
    assert torch.equal(found.distance, 0.7 * (constant.problem.targets == 0).double().expand(3, -1))
    near = nearest(networks, NORMS["linf"], 0.05)
    assert (near.distance <= 0.05).all()
    assert torch.equal(near.found, near.distance < 0.05)


def test_points_stay_within_the_bounds() -> None:
    free, bounded = linear(3), linear(3, (-2.0, 2.0))
    found = nearest(bounded, NORMS["l2"], LIMIT)
    assert (found.point.abs() <= 2.0).all()
    assert (found.distance >= nearest(free, NORMS["l2"], LIMIT).distance - 1e-9).all()
    assert found.found.double().mean() > 0.9


def test_points_in_a_box_are_an_attack_on_it() -> None:
    networks = networks_of(*some_minimum("iris"))
    found = nearest(networks, NORMS["linf"], LIMIT)
    for epsilon in (0.1, 0.3):
        attack = inside(networks, found, torch.full((4,), epsilon, dtype=torch.float64))
        assert torch.equal(attack.survived, found.distance > epsilon)
        assert (attack.loss >= networks.clean.loss).all()


def test_an_adversarial_point_in_a_certified_box_is_reported_loudly() -> None:
    networks = networks_of(*some_minimum("iris"))
    found, shape = nearest(networks, NORMS["linf"], LIMIT), torch.ones(4, dtype=torch.float64)
    check_radius(networks, found, found.distance, shape)
    check_radius(networks, found, 0.5 * found.distance, 2.0 * shape)
    with pytest.raises(PropertyError, match="certified_epsilon must count for the nearest adversarial point, found 1 "):
        check_radius(networks, found, found.distance.clone().index_fill_(1, torch.tensor([3]), 5.0), shape)
