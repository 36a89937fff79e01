"""Terms of the energy: against torch.nn and numpy written out, finite differences, symmetry, refusals."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import functional_call, grad, jacrev, vmap

from landscape.config.tables import ProblemConfig
from landscape.errors import ConfigError, PropertyError
from landscape.problems.activations import ACTIVATIONS
from landscape.problems.data.datasets import from_arrays
from landscape.problems.energies.inputs import loss_of_inputs
from landscape.problems.networks.layered import DenseNetwork
from landscape.problems.networks.losses import LOSSES
from landscape.problems.networks.module import ModuleNetwork, Network
from landscape.problems.problem import Problem
from landscape.problems.terms.added import terms_of
from landscape.problems.terms.adversarial import AdversarialTerm
from landscape.problems.terms.jacobian import JacobianTerm
from landscape.problems.terms.sensitivity import SensitivityTerm
from landscape.problems.terms.term import DifferentiableTerm, TermSamples
from landscape.properties.bounds.sensitivity import sample_sensitivity
from tests.problems.convolutions import FEATURES, PARTS, image_problem
from tests.problems.reference import points, samples, stack
from tests.problems.test_symmetry import random_element, transformed

Energy = Callable[[Tensor], Tensor]

WIDTH = 1e-2
WIDE = torch.tensor(WIDTH, dtype=torch.float64)
SENSITIVE: dict[str, object] = {"sensitivity_weight": 0.3, "sensitivity_epsilon": 0.2}
SMOOTH: dict[str, dict[str, object]] = {
    "label_smoothing": {"label_smoothing": 0.2},
    "l1": {"l1": 0.02, "l1_width": WIDTH},
    "log_volume": SENSITIVE,
    "mean_width": SENSITIVE | {"sensitivity_measure": "mean_width"},
    "jacobian": {"jacobian_weight": 0.4},
}
FGSM: dict[str, object] = {"adversarial_weight": 0.7, "adversarial_epsilon": 0.2}
KEYS = SMOOTH | {"fgsm": FGSM, "pgd": FGSM | {"adversarial_steps": 5}}
KEYS["together"] = {key: value for keys in KEYS.values() for key, value in keys.items()}


def problem_of(keys: dict[str, object], hidden: tuple[int, ...] = (3, 4), **others: object) -> Problem:
    """A small problem with these keys; unlike a run file, it may have no hidden layers."""
    config = ProblemConfig.from_table({"dataset": "own.csv", "hidden": hidden, "l2": 1e-2, **keys, **others})
    return Problem.from_data(config, from_arrays(*samples(config.loss)))


def boxes(layers: list[tuple[Tensor, Tensor]], activation: nn.Module, x: Tensor) -> Tensor:
    """Widths [K] of the boxes of the logits around x [d], unit by unit."""
    lower, upper = list(x - 0.2), list(x + 0.2)
    for number, (weight, bias) in enumerate(layers):
        rows = []
        for row, shift in zip(weight, bias, strict=True):
            middle = sum((w * (a + b) / 2 for w, a, b in zip(row, lower, upper, strict=True)), shift)
            reach = sum(
                (torch.hypot(w, WIDE) * (b - a) / 2 for w, a, b in zip(row, lower, upper, strict=True)),
                torch.zeros_like(shift),
            )
            rows.append((middle - reach, middle + reach))
        if number < len(layers) - 1:
            rows = [(activation(low), activation(high)) for low, high in rows]
        lower, upper = [low for low, _ in rows], [high for _, high in rows]
    return torch.stack(upper) - torch.stack(lower)


def reference(problem: Problem, name: str, hidden: tuple[int, ...]) -> Energy:
    """The energy of one parameter vector, by torch.nn and loops."""
    module = stack([3, *hidden, problem.network.n_outputs], "tanh").double()
    named = dict(module.named_parameters())
    smoothing = 0.2 if name == "label_smoothing" else 0.0

    def energy(theta: Tensor) -> Tensor:
        pieces = torch.split(theta, [parameter.numel() for parameter in named.values()])
        values = {key: piece.view(named[key].shape) for key, piece in zip(named, pieces, strict=True)}

        def answer(inputs: Tensor) -> Tensor:
            outputs: Tensor = functional_call(module, values, (inputs,))
            return outputs

        loss = nn.functional.cross_entropy(answer(problem.inputs), problem.targets, label_smoothing=smoothing)
        total: Tensor = loss + 1e-2 * (theta**2).sum()
        if name == "l1":
            total = total + 0.02 * (torch.hypot(theta, WIDE) - WIDTH).sum()
        if name == "jacobian":
            total = total + 0.4 * (vmap(jacrev(answer))(problem.inputs) ** 2).sum((1, 2)).mean()
        if name in ("log_volume", "mean_width"):
            tensors = list(values.values())
            layers = list(zip(tensors[::2], tensors[1::2], strict=True))
            widths = torch.stack([boxes(layers, nn.Tanh(), x) for x in problem.inputs]) + WIDTH
            volume = widths.prod(1)
            total = total + 0.3 * (volume.log() if name == "log_volume" else volume ** (1 / widths.shape[1])).mean()
        return total

    return energy


def close(found: Tensor, expected: Tensor, tolerance: float = 1e-11) -> None:
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_terms_against_torch_and_loops(name: str) -> None:
    problem = problem_of(SMOOTH[name])
    expected = reference(problem, name, (3, 4))
    theta = points(problem, 2)
    energy, gradient = problem.energy_and_gradient(theta)
    close(energy, torch.stack([expected(point) for point in theta]))
    close(problem.energy(theta), energy, 1e-14)
    close(gradient, torch.stack([grad(expected)(point) for point in theta]))
    close(problem.hessian(theta)[0], jacrev(grad(expected))(theta[0]), 1e-10)


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
@pytest.mark.parametrize("name", KEYS)
def test_finite_differences(name: str, loss: str) -> None:
    keys = {key: value for key, value in KEYS[name].items() if key != "label_smoothing" or loss == "cross_entropy"}
    problem = problem_of(keys, loss=loss)
    theta, step = points(problem, 1, seed=3), 1e-5
    shifts = step * torch.eye(problem.n_parameters, dtype=torch.float64)
    (up, gradient_up), (down, gradient_down) = (problem.energy_and_gradient(theta + s * shifts) for s in (1, -1))
    close(problem.energy_and_gradient(theta)[1][0], (up - down) / (2 * step), 1e-8)
    if problem.smooth:
        hessian = problem.hessian(theta)
        close(hessian[0], (gradient_up - gradient_down) / (2 * step), 1e-7)
        vector = points(problem, 1, seed=1)
        close(problem.hessian_vector_product(theta, vector), (hessian @ vector[:, :, None])[:, :, 0])


@pytest.mark.parametrize("steps", [1, 5])
def test_the_attack_against_autograd(steps: int) -> None:
    problem = problem_of(FGSM | {"adversarial_steps": steps})
    plain = problem_of({})
    theta = points(problem, 3)
    expected = []
    for point in theta:
        module, inputs = problem.module(point.numpy()), problem.inputs.clone()
        for _ in range(steps):
            inputs.requires_grad_()
            loss = nn.functional.cross_entropy(module(inputs), problem.targets)
            (slope,) = torch.autograd.grad(loss, inputs)
            moved = inputs.detach() + 2.5 * 0.2 / steps * slope.sign()
            inputs = problem.inputs + (moved - problem.inputs).clamp(-0.2, 0.2)
        expected.append(nn.functional.cross_entropy(module(inputs), problem.targets).detach())
    close(problem.energy(theta) - plain.energy(theta), 0.7 * torch.stack(expected))


def test_without_weights_it_is_the_plain_loss_to_the_last_bit() -> None:
    zero = {key: 0.0 for key in KEYS["together"] if key.endswith("weight") or key in ("l1", "label_smoothing")}
    problem, plain = problem_of(KEYS["together"] | zero), problem_of({})
    theta = points(problem, 5)
    for found, expected in zip(problem.energy_and_gradient(theta), plain.energy_and_gradient(theta), strict=True):
        assert torch.equal(found, expected)
    assert torch.equal(problem.hessian(theta), plain.hessian(theta))
    assert problem.terms == ()
    assert problem.kernel() is not None
    assert problem.cheap_hessian == plain.cheap_hessian


def test_smoothed_labels_keep_the_compiled_energy() -> None:
    problem = problem_of(SMOOTH["label_smoothing"], (4,))
    kernel, theta = problem.kernel(), points(problem, 16)
    assert kernel is not None
    close(problem.hessian(theta), problem._energy.batched.hessian(theta))  # the compiled form against batched tensors
    close(problem.energy(theta), problem._energy.batched.energy(theta))
    outputs = problem.network.outputs(theta, problem.inputs)
    plain = problem_of({}, (4,))
    assert torch.equal(problem.sample_loss(outputs, problem.targets), plain.sample_loss(outputs, problem.targets))


def test_a_batch_and_its_chunks_equal_their_members(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {key: value for name in SMOOTH for key, value in SMOOTH[name].items()}
    whole = problem_of(keys)
    theta, vector = points(whole, 5), points(whole, 5, seed=1)
    monkeypatch.setattr("landscape.numerics.batching.CHUNK_BYTES", {"cpu": 30_000})
    cut = problem_of(keys)
    for first, second in zip(whole.energy_and_gradient(theta), cut.energy_and_gradient(theta), strict=True):
        close(second, first, 1e-13)
    close(cut.energy(theta), whole.energy(theta), 1e-13)
    close(cut.hessian(theta), whole.hessian(theta), 1e-12)
    close(cut.hessian_vector_product(theta, vector), whole.hessian_vector_product(theta, vector), 1e-12)
    assert cut.energy(theta[:0]).shape == (0,)
    assert cut.hessian(theta[:0]).shape == (0, cut.n_parameters, cut.n_parameters)


@given(st.sampled_from(sorted(KEYS)), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_symmetric_copies_have_one_energy(name: str, seed: int) -> None:
    problem = problem_of(KEYS[name])
    sizes = [3, 3, 4, 3]
    theta = np.random.default_rng(seed).normal(size=problem.n_parameters)
    copy = transformed(theta, sizes, random_element(sizes, seed))
    first, second = problem.energy(torch.tensor(np.stack([theta, copy])))
    assert float(first) == pytest.approx(float(second), abs=1e-11)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_the_boxes_hold_the_logits_and_grow_with_epsilon(seed: int) -> None:
    problem = problem_of(SENSITIVE)
    term = problem.terms[0].term
    assert isinstance(term, SensitivityTerm)
    rng = np.random.default_rng(seed)
    theta = torch.tensor(rng.normal(size=(1, problem.n_parameters)))
    moved = [problem.inputs + torch.tensor(rng.choice([-0.2, 0.2], size=problem.inputs.shape)) for _ in range(20)]
    outputs = torch.stack([problem.network.outputs(theta, inputs)[0] for inputs in moved])
    widths = term.logit_widths(theta, problem.inputs)[0].mT
    assert bool((outputs.amax(0) - outputs.amin(0) <= widths).all())
    assert bool((replace(term, epsilon=0.3).logit_widths(theta, problem.inputs)[0].mT > widths).all())


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus"])
def test_sensitivity_goes_to_that_which_is_measured(activation: str) -> None:
    problem = problem_of(SENSITIVE | {"sensitivity_width": 1e-9}, activation=activation)
    theta, half_width = points(problem, 3), torch.full((1, 3), 0.2, dtype=torch.float64)
    measured = sample_sensitivity(problem, theta, problem.inputs, half_width)["sensitivity_logits"][..., 0].mean(1)
    samples_of = TermSamples(problem.inputs, problem.targets)
    close(problem.terms[0].term.value(theta, samples_of), measured, 1e-6)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("name", PARTS)
def test_boxes_of_convolutions_are_those_that_are_measured(name: str, activation: str) -> None:
    problem = image_problem(name, activation)
    network = problem.network.layered
    assert network is not None
    theta, half_width = 0.5 * points(problem, 3), torch.full((1, FEATURES), 0.2, dtype=torch.float64)
    measured = sample_sensitivity(problem, theta, problem.inputs, half_width)["sensitivity_logits"][..., 0].mean(1)
    known = TermSamples(problem.inputs, problem.encoded)
    close(SensitivityTerm(network, 0.2, 1e-9).value(theta, known), measured, 1e-6)
    term = SensitivityTerm(network, 0.2, WIDTH)
    gradient, step = term.value_and_gradient(theta, known)[1], 1e-6
    direction = points(problem, 3)
    ends = [term.value(theta + sign * step * direction, known) for sign in (1.0, -1.0)]
    close((ends[0] - ends[1]) / (2.0 * step), (gradient * direction).sum(1), 1e-5)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "relu"])
@pytest.mark.parametrize("log_volume", [True, False])
@pytest.mark.parametrize("sizes", [[3, 2], [2, 12, 9, 3], [20, 3, 4, 2, 3]], ids=str)
def test_the_compiled_sensitivity_is_that_of_tensors(sizes: list[int], log_volume: bool, activation: str) -> None:
    network = DenseNetwork.from_sizes(sizes, ACTIVATIONS[activation])
    term = SensitivityTerm(network, 0.2, WIDTH, log_volume=log_volume)
    rng = np.random.default_rng(3)
    known = TermSamples(torch.tensor(rng.normal(size=(611, sizes[0]))), torch.zeros(sizes[-1], 611))
    theta = torch.tensor(rng.normal(size=(3, network.n_parameters)), requires_grad=True)
    value, gradient = term.value_and_gradient(theta, known)
    expected = term.value(theta, known)
    close(value, expected.detach())
    close(gradient, torch.autograd.grad(expected.sum(), theta)[0])


@pytest.mark.parametrize("activation", ["tanh", "softplus"])
@pytest.mark.parametrize("log_volume", [True, False])
@pytest.mark.parametrize("sizes", [[1, 1, 1], [2, 4, 3], [5, 3, 2]], ids=str)
def test_the_closed_hessian_is_that_of_autograd(sizes: list[int], log_volume: bool, activation: str) -> None:
    network = DenseNetwork.from_sizes(sizes, ACTIVATIONS[activation])
    term = SensitivityTerm(network, 0.2, WIDTH, log_volume=log_volume)
    rng = np.random.default_rng(4)
    known = TermSamples(torch.tensor(rng.normal(size=(7, sizes[0]))), torch.zeros(sizes[-1], 7))
    theta = torch.tensor(rng.normal(size=(3, network.n_parameters)))
    close(term.hessian(theta, known), DifferentiableTerm.hessian(term, theta, known), 1e-10)


@pytest.mark.parametrize("name", KEYS)
def test_energies_far_out_and_at_zero_are_finite(name: str) -> None:
    problem = problem_of(KEYS[name])
    theta = torch.stack([scale * points(problem, 1)[0] for scale in (0.0, 1e2, 1e3)])
    energy, gradient = problem.energy_and_gradient(theta)
    assert energy.isfinite().all()
    assert gradient.isfinite().all()
    assert energy[2] > energy[1]


def test_terms_of_any_network_equal_those_of_a_dense_one() -> None:
    problem = problem_of({})
    module = stack([3, 3, 4, 3], "tanh").double()
    other = ModuleNetwork(module, 3, 3)
    loss, device = LOSSES["cross_entropy"], torch.device("cpu")
    known = TermSamples(problem.inputs, loss.encode(problem.targets, 3))
    theta = points(problem, 3)

    def attacked(network: Network) -> AdversarialTerm:
        return AdversarialTerm(network, loss, loss_of_inputs(network, loss, device), 0.2, 3)

    for make in (JacobianTerm, attacked):
        pairs = zip(*(make(one).value_and_gradient(theta, known) for one in (problem.network, other)), strict=True)
        for expected, found in pairs:
            close(found, expected)
    close(JacobianTerm(other).hessian(theta[:1], known), JacobianTerm(problem.network).hessian(theta[:1], known))
    config = ProblemConfig.from_table({"dataset": "own.csv", **SENSITIVE})
    with pytest.raises(ConfigError, match="found another network"):
        terms_of(config, other, loss, device)


@pytest.mark.parametrize("name", ["fgsm", "pgd"])
def test_an_adversarial_term_has_no_hessian(name: str) -> None:
    problem = problem_of(KEYS[name])
    theta = points(problem, 2)
    assert not problem.smooth
    for asked in (problem.hessian, lambda point: problem.hessian_vector_product(point, point)):
        with pytest.raises(PropertyError, match="twice differentiable energy, found an adversarial term") as caught:
            asked(theta)
        assert "\n" not in str(caught.value)
    with pytest.raises(PropertyError, match="without kinks"):
        problem.terms[0].term.hessian(theta, TermSamples(problem.inputs, problem.targets))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (SENSITIVE | {"activation": "gelu"}, 'monotone activation .* found "gelu"'),
        ({"label_smoothing": 0.1, "loss": "mse"}, "expected class labels, found targets of 2 values"),
        ({"sensitivity_weight": 0.1}, "sensitivity_epsilon > 0"),
        ({"adversarial_weight": -0.1}, "adversarial_weight: expected a number not less than 0, found -0.1"),
    ],
)
def test_unusable_keys_are_one_line(keys: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        problem_of(keys)
    assert "\n" not in str(caught.value)
