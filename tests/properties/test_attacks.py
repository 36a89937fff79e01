import numpy as np
import pytest
import torch

from landscape.problems.problem import Problem
from landscape.properties.attacks import ascend, fast_gradient_sign, judge, projected_gradient
from landscape.properties.settings import MeasureSettings, Samples
from tests.properties.small_problems import small_problem, torch_loss

HALF_WIDTH = torch.tensor([0.3, 0.2, 0.4], dtype=torch.float64)


def attacked(activation: str, hidden: list[int], loss: str = "cross_entropy") -> tuple[Problem, torch.Tensor, Samples]:
    problem = small_problem(activation, hidden, loss=loss)
    theta = torch.tensor(np.random.default_rng(3).normal(size=(4, problem.n_parameters)))
    offsets = torch.tensor(MeasureSettings((0.1,)).offsets(*problem.inputs.shape))
    return problem, theta, Samples(problem.inputs, problem.targets, offsets)


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
@pytest.mark.parametrize("activation", ["tanh", "gelu", "relu"])
def test_the_ascent_direction_is_the_gradient_of_autograd(activation: str, loss: str) -> None:
    problem, theta, samples = attacked(activation, [5, 4], loss)
    point = samples.inputs.expand(4, -1, -1).clone().requires_grad_()
    (expected,) = torch.autograd.grad(torch_loss(problem, problem.network.outputs(theta, point)).sum(), point)
    _, gradient = problem.network.input_gradient(
        theta, point.detach(), lambda outputs: problem.loss_gradient(outputs, samples.targets)
    )
    torch.testing.assert_close(gradient, expected, rtol=1e-10, atol=1e-13)


def test_fgsm_is_one_step_of_pgd_to_the_corner_of_the_gradient() -> None:
    problem, theta, samples = attacked("tanh", [5])
    point = samples.inputs.expand(4, -1, -1).clone().requires_grad_()
    (gradient,) = torch.autograd.grad(torch_loss(problem, problem.network.outputs(theta, point)).sum(), point)
    corner = judge(
        problem, problem.network.outputs(theta, samples.inputs + HALF_WIDTH * gradient.sign()), samples.targets
    )
    clean = judge(problem, problem.network.outputs(theta, samples.inputs), samples.targets)
    fgsm = fast_gradient_sign(problem, theta, samples, HALF_WIDTH)
    one_step = projected_gradient(problem, theta, samples._replace(offsets=samples.offsets[:0]), HALF_WIDTH, 1)
    torch.testing.assert_close(fgsm.loss, torch.maximum(clean.loss, corner.loss), rtol=1e-12, atol=0)
    assert torch.equal(fgsm.survived, clean.survived & corner.survived)
    assert torch.equal(one_step.loss, fgsm.loss)
    assert torch.equal(one_step.survived, fgsm.survived)


def test_the_attack_matches_a_plain_loop_with_autograd() -> None:
    problem, theta, samples = attacked("sigmoid", [4])
    steps, worst = 7, torch.zeros(12, dtype=torch.float64)
    origin = samples.inputs
    point = origin.clone()
    for _ in range(steps + 1):
        point = point.detach().requires_grad_()
        loss = torch_loss(problem, problem.network.outputs(theta[:1], point))[0]
        worst = torch.maximum(worst, loss.detach())
        (slope,) = torch.autograd.grad(loss.sum(), point)
        point = origin + (point + 2.5 * HALF_WIDTH / steps * slope.sign() - origin).clamp(-HALF_WIDTH, HALF_WIDTH)
    found = ascend(problem, theta[:1], samples, samples.inputs, HALF_WIDTH, steps)
    torch.testing.assert_close(found.loss[0], worst, rtol=1e-9, atol=0)


def test_stronger_attacks_find_no_less() -> None:
    problem, theta, samples = attacked("gelu", [5, 4])
    clean = judge(problem, problem.network.outputs(theta, samples.inputs), samples.targets)
    weak = fast_gradient_sign(problem, theta, samples, HALF_WIDTH)
    strong = projected_gradient(problem, theta, samples, HALF_WIDTH, 20)
    assert (clean.loss <= weak.loss).all()
    assert (weak.loss <= strong.loss).all()
    assert not (strong.survived & ~weak.survived).any()
    assert not (weak.survived & ~clean.survived).any()


def test_no_iterate_leaves_the_box() -> None:
    problem, theta, samples = attacked("tanh", [5])
    seen: list[torch.Tensor] = []
    genuine = problem.network.input_gradient

    class Recorder:
        outputs = staticmethod(problem.network.outputs)

        @staticmethod
        def input_gradient(theta: torch.Tensor, point: torch.Tensor, function):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN205
            seen.append(point)
            return genuine(theta, point, function)

    problem.network = Recorder()  # type: ignore[assignment]
    projected_gradient(problem, theta, samples, HALF_WIDTH, 10)
    assert len(seen) == 1 + 5 * 10
    assert all(((point - samples.inputs).abs() <= HALF_WIDTH * (1 + 1e-12)).all() for point in seen)


def test_regression_has_no_survivors_to_count() -> None:
    problem, theta, samples = attacked("tanh", [5], "mse")
    found = projected_gradient(problem, theta, samples, HALF_WIDTH, 5)
    assert found.survived.all()
    assert found.loss.shape == (4, 12)
