"""APGD and the random search: their parts against plain definitions, and against each other."""

import numpy as np
import pytest
import torch

from landscape.config.tables import MeasureConfig
from landscape.properties.attacks import apgd
from landscape.properties.attacks.networks import Networks
from landscape.properties.attacks.noise import NOISE, OUTPUT_CHANGE, under_noise
from landscape.properties.attacks.pgd import projected_gradient
from landscape.properties.attacks.random_search import random_search
from landscape.properties.draws import corners
from tests.properties.minima import networks_of, some_minimum
from tests.properties.small_problems import small_problem

SETTINGS = MeasureConfig(epsilon=(0.3,))


def half_width(networks: Networks, epsilon: float) -> torch.Tensor:
    return torch.full((len(networks.inputs),), epsilon, dtype=torch.float64)


def random_networks(loss: str = "cross_entropy", settings: MeasureConfig | None = None) -> Networks:
    problem = small_problem("tanh", [5], loss=loss)
    theta = torch.tensor(np.random.default_rng(3).normal(size=(4, problem.n_parameters)))
    return networks_of(problem, theta, settings)


def plain_ratio(z: np.ndarray, y: int, target: int | None) -> float:
    ordered = np.sort(z)[::-1]
    if target is not None:
        return float((z[target] - z[y]) / (ordered[0] - 0.5 * (ordered[2] + ordered[3])))
    return float((np.delete(z, y).max() - z[y]) / (ordered[0] - ordered[2]))


@pytest.mark.parametrize("targeted", [False, True])
def test_the_ratio_is_that_of_the_paper_and_its_gradient_a_difference_quotient(targeted: bool) -> None:
    problem, theta = some_minimum("digits")
    networks = networks_of(problem, theta)
    outputs = networks.outputs(networks.inputs)
    target = (problem.targets + 1)[None] % 10 if targeted else None
    value, gradient = apgd.ratio(networks, target, outputs)
    tangent = torch.randn(outputs.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    ahead, behind = (apgd.ratio(networks, target, outputs + side * 1e-6 * tangent)[0] for side in (1.0, -1.0))
    torch.testing.assert_close((gradient * tangent).sum(1), (ahead - behind) / 2e-6, rtol=1e-5, atol=1e-6)
    for sample in range(0, 150, 7):
        wanted = None if target is None else int(target[0, sample])
        label = int(problem.targets[sample])
        assert value[0, sample].item() == pytest.approx(plain_ratio(outputs[0, :, sample].numpy(), label, wanted))


def test_checkpoints_are_those_of_the_paper() -> None:
    share, before, expected = 0.22, 0.0, []
    while share < 0.995:
        expected.append(round(100 * share))
        share, before = share + max(share - before - 0.03, 0.06), share
    assert list(apgd.checkpoints(100)) == expected
    assert list(apgd.checkpoints(100).values()) == list(np.diff([0, *expected]))
    assert sum(apgd.checkpoints(1).values()) == 1


def test_apgd_matches_a_plain_loop_for_one_sample() -> None:
    networks = random_networks()
    width, steps, sample = half_width(networks, 0.7), 30, 5
    found = apgd.adaptive_ascent(networks, networks.start, width, steps, lambda point: apgd._loss(networks, point))

    def loss_at(x: torch.Tensor) -> tuple[float, torch.Tensor]:
        leaf = x.clone().requires_grad_()
        value = torch.nn.functional.cross_entropy(
            networks.problem.network.outputs(networks.theta[:1], leaf[None])[0], networks.problem.targets[[sample]]
        )
        (gradient,) = torch.autograd.grad(value, leaf)
        return value.item(), gradient.detach()

    origin = networks.samples.inputs[sample]

    def cut(x: torch.Tensor) -> torch.Tensor:
        return torch.minimum(torch.maximum(x, origin - width), origin + width)

    x, before, eta = origin, origin, 1.4
    value, gradient = loss_at(x)
    best, best_x, best_gradient = value, x, gradient
    rises, halved, best_then, last = 0, True, value, 0
    for k in range(1, steps + 1):
        z = cut(x + eta * gradient.sign())
        new = z if k == 1 else cut(x + 0.75 * (z - x) + 0.25 * (x - before))
        before, x = x, new
        old, (value, gradient) = value, loss_at(new)
        rises += value > old
        if value > best:
            best, best_x, best_gradient = value, x, gradient
        if k in apgd.checkpoints(steps):
            stuck = rises < 0.75 * (k - last) or (not halved and best == best_then)
            if stuck:
                eta, x, value, gradient = eta / 2, best_x, best, best_gradient
            rises, halved, best_then, last = 0, stuck, best, k
    assert found.loss[0, sample].item() == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize("dataset", ["iris", "wine"])
def test_attacks_with_and_without_gradients_agree(dataset: str) -> None:
    networks = networks_of(*some_minimum(dataset), SETTINGS)
    width = half_width(networks, 0.3)
    counts = [
        int(attack.survived.sum())
        for attack in (
            projected_gradient(networks, width, 40),
            apgd.on_loss(networks, width, 100),
            apgd.on_dlr(networks, width, 100),
            random_search(networks, width),
        )
    ]
    assert max(counts) - min(counts) <= 1


def test_momentum_random_search_and_apgd_raise_a_regression_loss_too() -> None:
    networks = random_networks("mse")
    width = half_width(networks, 0.3)
    for attack in (
        apgd.on_loss(networks, width, 30),
        random_search(networks, width),
    ):
        assert attack.survived.all()
        assert (attack.loss >= networks.clean.loss).all()
        assert (attack.loss > networks.clean.loss).any()


def test_random_search_finds_the_best_corner_of_few() -> None:
    networks = random_networks(settings=MeasureConfig(search_queries=400))
    width = half_width(networks, 0.3)
    found = random_search(networks, width)
    corners = torch.cartesian_prod(*[torch.tensor([-0.3, 0.3], dtype=torch.float64)] * 3)
    broken = torch.zeros_like(found.survived)
    for corner in corners:
        broken |= ~networks.correct(networks.outputs(networks.inputs + corner[:, None]))
    assert torch.equal(~found.survived, broken | ~networks.clean.survived)


def test_queries_shrink_from_most_features_to_one() -> None:
    moving = (corners(MeasureConfig(search_queries=1000), 0, 64) != 0).sum(1)
    assert moving[0] == 64
    assert moving[1] == round(0.8 * 64)
    assert moving[-1] == 1
    assert (np.diff(moving[1:]) <= 0).all()


def test_noise_is_the_share_of_plain_draws_and_what_it_does_to_outputs() -> None:
    networks = random_networks()
    deviation = torch.tensor([0.5, 0.2, 1.0], dtype=torch.float64)
    correct = [
        networks.problem.network.outputs(networks.theta, networks.samples.inputs + deviation * draw).argmax(2)
        == networks.problem.targets
        for draw in networks.samples.noise
    ]
    found = under_noise(networks, deviation)
    torch.testing.assert_close(found[NOISE.name], torch.stack(correct).double().mean(0))
    outputs = networks.problem.network.outputs
    clean = outputs(networks.theta, networks.samples.inputs).numpy()
    moved = [outputs(networks.theta, networks.samples.inputs + deviation * draw) for draw in networks.samples.noise]
    expected = np.mean([(noisy.numpy() - clean) ** 2 for noisy in moved], axis=(0, 3))
    np.testing.assert_allclose(found[OUTPUT_CHANGE.name], expected, rtol=1e-12)
