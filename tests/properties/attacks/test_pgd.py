"""Sign ascents against plain loops with autograd."""

import numpy as np
import pytest
import torch

from landscape.config.tables import MeasureConfig
from landscape.properties.attacks.networks import Networks, Outcome
from landscape.properties.attacks.pgd import (
    all_iterates,
    fast_gradient_sign,
    projected_gradient,
    sign_ascent,
    worst_points,
)
from landscape.properties.draws import with_draws
from tests.properties.minima import networks_of
from tests.properties.small_problems import small_problem, torch_loss

HALF_WIDTH = torch.tensor([0.3, 0.2, 0.4], dtype=torch.float64)


def attacked(
    activation: str, hidden: list[int], loss: str = "cross_entropy", bounds: tuple[float, ...] = ()
) -> Networks:
    problem = small_problem(activation, hidden, loss=loss)
    theta = torch.tensor(np.random.default_rng(3).normal(size=(4, problem.n_parameters)))
    return networks_of(problem, theta, bounds=bounds)


def autograd(networks: Networks, point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Losses [M, N] and their gradients [M, d, N] at points [M, d, N], by torch."""
    rows = point.mT.clone().requires_grad_()
    loss = torch_loss(networks.problem, networks.problem.network.outputs(networks.theta, rows))
    (gradient,) = torch.autograd.grad(loss.sum(), rows)
    return loss.detach(), gradient.mT


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
@pytest.mark.parametrize("activation", ["tanh", "gelu", "relu"])
def test_the_ascent_direction_is_the_gradient_of_autograd(activation: str, loss: str) -> None:
    networks = attacked(activation, [5, 4], loss)
    point = networks.start + 0.1
    found, gradient = networks.slope(point)
    loss_there, expected = autograd(networks, point)
    torch.testing.assert_close(gradient, expected, rtol=1e-10, atol=1e-13)
    torch.testing.assert_close(found.loss, loss_there, rtol=1e-12, atol=1e-14)
    assert torch.equal(found.survived, networks.judge(networks.outputs(point)).survived)


def test_fgsm_is_one_step_of_pgd_to_the_corner_of_the_gradient() -> None:
    networks = attacked("tanh", [5])
    corner = networks.inputs + HALF_WIDTH[:, None] * autograd(networks, networks.start)[1].sign()
    there = networks.judge(networks.outputs(corner))
    fgsm = fast_gradient_sign(networks, HALF_WIDTH)
    samples = networks.samples._replace(offsets=networks.samples.offsets[:0])
    one_step = projected_gradient(Networks(networks.problem, networks.theta, samples), HALF_WIDTH, 1)
    torch.testing.assert_close(fgsm.loss, torch.maximum(networks.clean.loss, there.loss), rtol=1e-12, atol=0)
    assert torch.equal(fgsm.survived, networks.clean.survived & there.survived)
    assert torch.equal(one_step.loss, fgsm.loss)
    assert torch.equal(one_step.survived, fgsm.survived)


@pytest.mark.parametrize("momentum", [0.0, 1.0])
def test_the_attack_matches_a_plain_loop_with_autograd(momentum: float) -> None:
    networks = attacked("sigmoid", [4])
    steps, width = 7, HALF_WIDTH[:, None]
    point, velocity, worst = networks.start, torch.zeros(4, 3, 12, dtype=torch.float64), networks.clean.loss
    for _ in range(steps + 1):
        loss, slope = autograd(networks, point)
        worst = torch.maximum(worst, loss)
        velocity = momentum * velocity + (slope / slope.abs().sum(1, keepdim=True) if momentum else slope)
        moved = point + 2.5 * width / steps * velocity.sign() - networks.inputs
        point = networks.inputs + torch.minimum(torch.maximum(moved, -width), width)
    found = sign_ascent(networks, networks.start, HALF_WIDTH, steps, momentum)
    torch.testing.assert_close(found.loss, worst, rtol=1e-9, atol=0)


def test_stronger_attacks_find_no_less() -> None:
    networks = attacked("gelu", [5, 4])
    weak = fast_gradient_sign(networks, HALF_WIDTH)
    strong = projected_gradient(networks, HALF_WIDTH, 20)
    assert no_weaker(weak, networks.clean)
    assert no_weaker(strong, weak)


def no_weaker(attack: Outcome, other: Outcome) -> bool:
    return bool((attack.loss >= other.loss).all()) and not bool((attack.survived & ~other.survived).any())


@pytest.mark.parametrize("bounds", [(), (-3.0, 0.5)])
def test_no_iterate_leaves_the_box(bounds: tuple[float, ...]) -> None:
    networks = attacked("tanh", [5], bounds=bounds)
    if bounds:
        inside = networks.samples.inputs.clamp(*bounds)
        networks = Networks(networks.problem, networks.theta, networks.samples._replace(inputs=inside), bounds)
    seen: list[torch.Tensor] = []
    genuine = networks.problem.loss_of_inputs

    def recorder(theta: torch.Tensor, point: torch.Tensor, encoded: torch.Tensor):  # type: ignore[no-untyped-def]  # noqa: ANN202
        seen.append(point.clone())
        return genuine(theta, point, encoded)

    networks.problem.loss_of_inputs = recorder
    projected_gradient(networks, HALF_WIDTH, 10)
    assert len(seen) == 1 + 6 * 10
    low, high = bounds or (-np.inf, np.inf)
    for point in seen:
        assert ((point - networks.inputs).abs() <= HALF_WIDTH[:, None] * (1 + 1e-12)).all()
        assert ((point >= low) & (point <= high)).all()


def test_regression_has_no_survivors_to_count() -> None:
    found = projected_gradient(attacked("tanh", [5], "mse"), HALF_WIDTH, 5)
    assert found.survived.all()
    assert found.loss.shape == (4, 12)


def test_random_numbers_belong_to_the_seed() -> None:
    problem = small_problem("tanh", [5])
    one, same, other = (with_draws(problem.inputs, problem.targets, MeasureConfig(), seed) for seed in (0, 0, 1))
    for name in ("offsets", "noise", "corners"):
        assert torch.equal(getattr(one, name), getattr(same, name))
        assert (getattr(one, name) != getattr(other, name)).any()


def test_the_worst_point_is_a_wrong_answer_of_largest_loss_if_there_is_any() -> None:
    networks = attacked("tanh", [5])
    point = worst_points(networks, HALF_WIDTH, 6)
    there = networks.judge(networks.outputs(point))
    attack = projected_gradient(networks, HALF_WIDTH, 6)
    assert torch.equal(there.survived, attack.survived)
    assert (networks.clean.survived & ~there.survived).any()
    wrong = torch.full_like(there.loss, -torch.inf)
    for _, found in all_iterates(networks, HALF_WIDTH, 6):
        wrong = torch.maximum(wrong, found.loss.masked_fill(found.survived, -torch.inf))
    start = networks.clean.loss.masked_fill(networks.clean.survived, -torch.inf)
    expected = torch.where(attack.survived, attack.loss, torch.maximum(wrong, start))
    torch.testing.assert_close(there.loss, expected, rtol=1e-12, atol=1e-14)
    assert networks.box(HALF_WIDTH).contains(point).all()
