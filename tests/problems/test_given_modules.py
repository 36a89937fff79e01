"""Modules as users have them: what is equal to layers becomes layers, hooks act, frozen parameters stay fixed, and what
cannot be explored is refused with its reason.
"""

import copy
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import grad, jacrev
from torch.nn.utils import parametrizations, prune

import landscape
from landscape.config.training import Regime
from landscape.errors import ConfigError
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.networks.module import ModuleNetwork
from landscape.problems.problem import Problem
from landscape.properties.bounds.certificates import certified
from landscape.properties.bounds.ibp import logit_box
from landscape.properties.requirements import require_layers
from landscape.training.objective import check_regime
from tests.problems.convolutions import IMAGE, images
from tests.problems.faults import fault
from tests.problems.reference import points, samples, stack

INPUTS, LABELS = samples("cross_entropy")
L2 = 1e-2
Make = Callable[[], nn.Module]


def explored(module: nn.Module, loss: str = "cross_entropy") -> Problem:
    inputs, targets = samples(loss)
    return Problem.from_module(module, inputs, targets, l2=L2, loss=loss)


def energy_of(module: nn.Module, inputs: np.ndarray, labels: np.ndarray) -> float:
    """Cross-entropy of the module called as a user calls it, and L2 of the parameters that are trained."""
    called = copy.deepcopy(module).double().eval()
    with torch.no_grad():
        loss = nn.functional.cross_entropy(called(torch.tensor(inputs)), torch.tensor(labels))
        penalty = sum(parameter.square().sum() for parameter in called.parameters() if parameter.requires_grad)
    return float(loss + L2 * penalty)


def free(module: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def assert_energy_is_that_of_the_module(problem: Problem, module: nn.Module, inputs: np.ndarray = INPUTS) -> None:
    """At the parameters of the module, and at others that are put into a copy of it."""
    labels, own = problem.data.targets, nn.utils.parameters_to_vector(free(module)).detach().double()
    moved = copy.deepcopy(module).double()
    for theta in (own, own + torch.tensor(np.random.default_rng(3).normal(size=len(own)))):
        nn.utils.vector_to_parameters(theta, free(moved))
        assert problem.energy(theta[None]).item() == pytest.approx(
            energy_of(moved, inputs, labels), rel=1e-12, abs=1e-12
        )


def linear(n_in: int, n_out: int, *, bias: bool = True) -> nn.Linear:
    return nn.Linear(n_in, n_out, bias=bias)


class Bare(nn.Sequential):
    """A subclass that calls its pieces as a Sequential does."""


FLAT: dict[str, tuple[Make, Make]] = {
    "nested": (
        lambda: nn.Sequential(nn.Sequential(linear(3, 4), nn.Tanh()), nn.Sequential(nn.Sequential(linear(4, 3)))),
        lambda: stack([3, 4, 3], "tanh"),
    ),
    "subclass": (lambda: Bare(linear(3, 4), nn.Tanh(), linear(4, 3)), lambda: stack([3, 4, 3], "tanh")),
    "dropout": (
        lambda: nn.Sequential(nn.Dropout(0.9), linear(3, 4), nn.Tanh(), nn.Dropout(), linear(4, 3), nn.AlphaDropout()),
        lambda: stack([3, 4, 3], "tanh"),
    ),
    "identity": (
        lambda: nn.Sequential(nn.Identity(), linear(3, 4), nn.Identity(), nn.SiLU(), linear(4, 3), nn.Identity()),
        lambda: stack([3, 4, 3], "silu"),
    ),
    "no activation": (lambda: nn.Sequential(linear(3, 2), linear(2, 3)), lambda: stack([3, 2, 3], "identity")),
    "in place": (
        lambda: nn.Sequential(linear(3, 4), nn.ReLU(inplace=True), linear(4, 3)),
        lambda: stack([3, 4, 3], "relu"),
    ),
    "flatten": (
        lambda: nn.Sequential(nn.Flatten(), linear(3, 4), nn.Sigmoid(), nn.Flatten(), linear(4, 3)),
        lambda: stack([3, 4, 3], "sigmoid"),
    ),
    "one layer": (lambda: linear(3, 3), lambda: stack([3, 3], "tanh")),
}


@pytest.mark.parametrize("name", FLAT)
def test_what_is_equal_to_layers_is_flattened(name: str) -> None:
    module, flat = (make() for make in FLAT[name])
    problem = explored(module)
    assert problem.network == explored(flat).network
    assert_energy_is_that_of_the_module(problem, module)


HASTE = {"pgd_steps": 1, "pgd_restarts": 1, "apgd_steps": 1, "search_queries": 1}


def xor(module: nn.Module) -> Problem:
    inputs, labels = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
    return Problem.from_module(module, inputs, labels, l2=1e-2)


def test_nested_and_flat_have_the_same_minima() -> None:
    nested = nn.Sequential(nn.Sequential(linear(2, 2), nn.Tanh(), nn.Dropout(0.2)), nn.Sequential(linear(2, 2)))
    found = []
    for module in (nested, stack([2, 2, 2], "tanh")):
        problem, none = xor(module), {"rounds": 0, "single_ended": 0}
        found.append(
            landscape.explore(problem, walkers=4, steps=2, connect=none, measure=HASTE, progress=False).minima.energy
        )
    np.testing.assert_array_equal(found[0], found[1])


def test_a_landscape_without_biases_is_verified() -> None:
    problem = xor(nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2, bias=False)))
    few = {"rounds": 1, "single_ended": 0}
    found = landscape.explore(problem, walkers=4, steps=2, connect=few, measure=HASTE, progress=False)
    assert len(found.minima) >= 1
    assert landscape.verify(found, problem) == []


WITHOUT_BIAS: dict[str, Make] = {
    "first": lambda: nn.Sequential(linear(3, 4, bias=False), nn.Tanh(), linear(4, 3)),
    "last": lambda: nn.Sequential(linear(3, 4), nn.SiLU(), linear(4, 2), nn.SiLU(), linear(2, 3, bias=False)),
    "all": lambda: nn.Sequential(linear(3, 4, bias=False), nn.Tanh(), linear(4, 3, bias=False)),
}


def embedded(problem: Problem, theta: Tensor) -> tuple[Problem, Tensor]:
    """The problem with biases in every layer, and its points whose additional biases are zero."""
    assert isinstance(problem.network, LayeredNetwork)
    parts = [part.flatten(1) for layer in problem.network.unpack(theta) for part in layer]
    activation = problem.network.activation.name
    sizes = [3, *(layer.n_out for layer in problem.network.layers)]
    return explored(stack(sizes, activation)), torch.cat(parts, 1)


@pytest.mark.parametrize("name", WITHOUT_BIAS)
def test_layers_without_bias(name: str) -> None:
    module = WITHOUT_BIAS[name]().double()
    problem = explored(module)
    assert isinstance(problem.network, LayeredNetwork)
    assert problem.n_parameters == sum(parameter.numel() for parameter in module.parameters())
    assert_energy_is_that_of_the_module(problem, module)
    theta, vector = points(problem, 3), points(problem, 3, seed=1)

    def reference(point: Tensor) -> Tensor:
        values, place = {}, 0
        for own, parameter in module.named_parameters():
            values[own] = point[place : place + parameter.numel()].view(parameter.shape)
            place += parameter.numel()
        outputs = torch.func.functional_call(module, values, (problem.inputs,))
        return nn.functional.cross_entropy(outputs, problem.targets) + L2 * point.square().sum()

    expected = torch.stack([jacrev(grad(reference))(point) for point in theta])
    slopes = torch.stack([grad(reference)(point) for point in theta])
    torch.testing.assert_close(problem.energy_and_gradient(theta)[1], slopes, rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(problem.hessian(theta), expected, rtol=1e-10, atol=1e-11)
    products = (expected @ vector[:, :, None])[:, :, 0]
    torch.testing.assert_close(problem.hessian_vector_product(theta, vector), products, rtol=1e-10, atol=1e-10)
    again = problem.module(theta[0].numpy())
    assert explored(again).network == problem.network
    torch.testing.assert_close(again(problem.inputs), problem.network.outputs(theta, problem.inputs)[0])


@pytest.mark.parametrize("name", WITHOUT_BIAS)
def test_symmetry_and_bounds_without_bias_are_those_of_zero_biases(name: str) -> None:
    problem = explored(WITHOUT_BIAS[name]())
    theta = points(problem, 3)
    other, zero = embedded(problem, theta)
    own, wide = problem.symmetry, other.symmetry
    np.testing.assert_array_equal(
        embedded(problem, torch.tensor(own.canonical(theta.numpy())))[1], wide.canonical(zero.numpy())
    )
    np.testing.assert_allclose(own.log_orbit_size(theta.numpy()), wide.log_orbit_size(zero.numpy()), rtol=1e-14)
    reference = points(problem, 3, seed=1)
    np.testing.assert_allclose(
        own.distance(theta.numpy(), reference.numpy()),
        wide.distance(zero.numpy(), embedded(problem, reference)[1].numpy()),
        rtol=1e-13,
    )
    half_width = torch.full((3,), 0.1, dtype=torch.float64)
    for first, second in zip(
        logit_box(require_layers(problem), theta, problem.inputs, half_width),
        logit_box(require_layers(other), zero, problem.inputs, half_width),
        strict=True,
    ):
        torch.testing.assert_close(first, second, rtol=1e-13, atol=1e-14)
    ours = certified(require_layers(problem), theta, problem.inputs, problem.targets, half_width)
    theirs = certified(require_layers(other), zero, problem.inputs, problem.targets, half_width)
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_convolutions_without_bias_and_plain_images() -> None:
    inputs, labels = images()
    pixels = inputs.reshape(-1, *IMAGE)
    module = nn.Sequential(
        nn.Sequential(nn.Conv2d(2, 2, 3, bias=False), nn.Tanh(), nn.Dropout2d()), nn.Flatten(), nn.Linear(24, 3)
    )
    problem = Problem.from_module(module, pixels, labels, l2=L2)
    assert isinstance(problem.network, LayeredNetwork)
    assert_energy_is_that_of_the_module(problem, module, pixels)


def test_batch_normalised_training_needs_biases() -> None:
    with pytest.raises(ConfigError, match="layers with biases"):
        check_regime(explored(WITHOUT_BIAS["first"]()), Regime(batch_norm=True))


def hooked(kind: str) -> nn.Module:
    module = stack([3, 4, 3], "tanh")
    match kind:
        case "forward":
            module.register_forward_hook(lambda _, __, outputs: 2.0 * outputs)
        case "inner":
            module[0].register_forward_hook(lambda _, __, outputs: outputs.square())
        case "pre":
            module.register_forward_pre_hook(lambda _, inputs: (inputs[0].sin(),))
        case "weight norm":
            parametrizations.weight_norm(module[0])
        case "spectral norm":
            parametrizations.spectral_norm(module[2])
            module.eval()
        case "forward of an instance":
            module[1].forward = torch.sin
    return module


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")  # torch._weight_norm under vmap
@pytest.mark.parametrize("kind", ["forward", "inner", "pre", "weight norm", "spectral norm", "forward of an instance"])
def test_hooks_and_parametrizations_act(kind: str) -> None:
    module = hooked(kind)
    problem = explored(module)
    assert isinstance(problem.network, ModuleNetwork)
    assert_energy_is_that_of_the_module(problem, module)
    theta = points(problem, 1)
    outputs = problem.module(theta[0].numpy())(problem.inputs)
    torch.testing.assert_close(outputs, problem.network.outputs(theta, problem.inputs)[0], rtol=1e-12, atol=1e-13)


def test_hooks_act_on_images_too() -> None:
    inputs, labels = images()
    module = nn.Sequential(nn.Flatten(), nn.Linear(60, 3))
    module.register_forward_hook(lambda _, __, outputs: 3.0 * outputs)
    pixels = inputs.reshape(-1, *IMAGE)
    assert_energy_is_that_of_the_module(Problem.from_module(module, pixels, labels, l2=L2), module, pixels)


@pytest.mark.parametrize("frozen", ["0.weight", "0.bias", "2.weight"])
def test_frozen_parameters_keep_their_values(frozen: str) -> None:
    module = stack([3, 4, 3], "tanh").double()
    kept = module.get_parameter(frozen).requires_grad_(False)
    problem = explored(module)
    assert problem.n_parameters == 31 - kept.numel()
    assert_energy_is_that_of_the_module(problem, module)
    moved = problem.module(points(problem, 1)[0].numpy())
    assert torch.equal(moved.get_parameter(frozen), kept)


def test_what_a_forward_keeps_does_not_reach_the_module() -> None:
    class Keeping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 3)
            self.last: Tensor | None = None

        def forward(self, inputs: Tensor) -> Tensor:
            self.last = self.layer(inputs)
            return self.last.sin()

    problem = explored(Keeping())
    problem.energy_and_gradient(points(problem, 2))
    assert problem.module(np.ones(problem.n_parameters)).last is None


@pytest.mark.parametrize("last", [nn.Softmax(1), nn.LogSoftmax(dim=-1)], ids=repr)
def test_a_softmax_before_cross_entropy_is_said(last: nn.Module) -> None:
    module = nn.Sequential(stack([3, 4, 3], "tanh"), last)
    said = r"probabilities \(a Softmax\).*never comes near 0" if isinstance(last, nn.Softmax) else "LogSoftmax.*energy"
    with pytest.warns(UserWarning, match=said):
        problem = explored(module)
    assert isinstance(problem.network, LayeredNetwork) == isinstance(last, nn.LogSoftmax)
    assert_energy_is_that_of_the_module(problem, module)


def test_probabilities_suit_the_squared_error() -> None:
    module = nn.Sequential(stack([3, 4, 2], "tanh"), nn.Softmax(1))
    assert isinstance(explored(module, "mse").network, ModuleNetwork)


class Returning(nn.Module):
    """A linear layer whose outputs are passed through a function before they are returned."""

    def __init__(self, change: Callable[..., object]) -> None:
        super().__init__()
        self.layer, self.change = nn.Linear(3, 3), change
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, inputs: Tensor) -> object:
        return self.change(self, self.layer(inputs))


class TwoArguments(Returning):
    def forward(self, inputs: Tensor, more: Tensor) -> object:  # type: ignore[override]
        return self.layer(inputs) + more


class Aliased(Returning):
    """A module that uses a parameter of a list, which torch.func does not replace."""

    def __init__(self) -> None:
        super().__init__(lambda *_: None)
        self.own = [self.layer.weight]

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs @ self.own[0].mT


def counting(module: Returning, outputs: Tensor) -> Tensor:
    module.get_buffer("calls").add_(1)
    return outputs


def old_norm(norm: Callable[[nn.Module], nn.Module]) -> nn.Module:
    with torch.no_grad():
        module = nn.Sequential(norm(nn.Linear(3, 4)), nn.Tanh(), nn.Linear(4, 3))
        module(torch.zeros(1, 3))
    return module


def sparse() -> nn.Module:
    module = nn.Linear(3, 3)
    module.weight = nn.Parameter(module.weight.detach().to_sparse())
    return module


def with_hook(register: Callable[[nn.Linear], object]) -> nn.Module:
    module = nn.Linear(3, 3)
    register(module)
    return module


def compiled() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module: nn.Module = torch.jit.trace(nn.Linear(3, 3), torch.zeros(1, 3))  # type: ignore[no-untyped-call]
    return module


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no module": (lambda: "nn.Linear(3, 3)", "expected a torch.nn.Module, found str"),
    "a class": (lambda: nn.Linear, "expected a torch.nn.Module, found type"),
    "a dictionary": (
        lambda: Returning(lambda _, z: {"logits": z}),
        "found a dict: let forward return one",
    ),
    "a tuple": (lambda: nn.LSTM(3, 3), "found a tuple: let forward return one"),
    "half": (lambda: Returning(lambda _, z: z.float()), "found torch.float32: let forward keep"),
    "no parameters": (nn.Tanh, "require a gradient, found none"),
    "frozen": (lambda: nn.Linear(3, 3).requires_grad_(False), "found all of them frozen: call requires_"),
    "lazy": (lambda: nn.LazyLinear(3), "expected parameters with shapes, found weight without: call the module once"),
    "two arguments": (lambda: TwoArguments(lambda *_: None), "missing 1 required positional argument: 'more'"),
    "batch": (lambda: nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 3)), "it changes 0.running_mean: call its eval()"),
    "spectral norm": (lambda: parametrizations.spectral_norm(nn.Linear(3, 3)), "call its eval() first"),
    "counting": (lambda: Returning(counting), "it changes calls"),
    "sparse": (sparse, "found weight of torch.float32, torch.sparse_coo"),
    "complex": (lambda: nn.Linear(3, 3, dtype=torch.complex128), "found weight of torch.complex128"),
    "meta": (lambda: nn.Linear(3, 3, device="meta"), "on meta"),
    "old weight norm": (
        lambda: old_norm(lambda layer: hook_of("weight_norm", layer)),
        "found WeightNorm of torch.nn.utils at 0, a hook that rewrites",
    ),
    "old spectral norm": (lambda: old_norm(nn.utils.spectral_norm), "found SpectralNorm of torch.nn.utils at 0"),
    "pruned": (lambda: with_hook(pruned), "found L1Unstructured"),
    "backward hook": (
        lambda: with_hook(lambda one: one.register_full_backward_hook(print)),
        "found a backward hook",
    ),
    "gradient hook": (
        lambda: with_hook(changed),
        "a hook that changes that",
    ),
    "random": (lambda: Returning(lambda _, z: nn.functional.dropout(z)), "expected the same outputs at each call"),
    "mixing": (
        lambda: nn.Sequential(nn.Linear(3, 3), nn.Softmax(0)),
        "on this sample alone, found others beside",
    ),
    "in place": (lambda: nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 3)), "found inputs that it overwrites"),
    "detached": (lambda: Returning(lambda _, z: z * z.detach()), "found another than its differences"),
    "rounded": (lambda: Returning(lambda _, z: z + (z.round() - z).detach()), "found another than its differences"),
    "compiled": (compiled, "expected a module that"),
    "a list": (Aliased, "found other ones where torch.func replaces these"),
    "values": (
        lambda: Returning(lambda _, z: z if z.sum() > -1e9 else -z),
        "a module that torch.func can differentiate",
    ),
    "numpy": (lambda: Returning(lambda _, z: torch.tensor(z.numpy())), "a module that torch.func can differentiate"),
}


def pruned(layer: nn.Linear) -> None:
    prune.l1_unstructured(layer, "weight", 2)  # type: ignore[no-untyped-call]


def changed(layer: nn.Linear) -> None:
    layer.weight.register_hook(torch.sin)  # type: ignore[no-untyped-call]


def hook_of(name: str, layer: nn.Module) -> nn.Module:
    with pytest.warns(FutureWarning, match="deprecated"):
        module: nn.Module = getattr(nn.utils, name)(layer)
    return module


@pytest.mark.parametrize("name", REFUSED)
def test_modules_that_cannot_be_explored(name: str) -> None:
    make, expected = REFUSED[name]
    assert expected in fault(lambda: explored(make()))  # type: ignore[arg-type] # some are no modules


def test_checks_leave_the_random_numbers_of_torch_alone() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Dropout())
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    explored(module)
    assert torch.equal(torch.rand(2), expected)


def test_tensors_are_data_too() -> None:
    arrays = explored(stack([3, 3], "tanh")).data
    inputs = torch.tensor(INPUTS, requires_grad=True)
    tensors = Problem.from_module(stack([3, 3], "tanh"), inputs, torch.tensor(LABELS), l2=0.0).data
    assert tensors.sha256 == arrays.sha256


class Kinked(nn.Module):
    """One ReLU unit, called as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(INPUTS.shape[1], 1), nn.Linear(1, int(LABELS.max()) + 1)

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.outer(torch.relu(self.inner(inputs)))
        return logits


def test_a_kink_near_the_point_of_the_check_is_no_wrong_gradient() -> None:
    module = Kinked().double()
    number, size = INPUTS.shape[1], sum(parameter.numel() for parameter in module.parameters())
    checked = torch.arange(1.0, size + 1.0, dtype=torch.float64).sin()
    checked[number] = 1e-6 - checked[:number] @ torch.as_tensor(INPUTS[0])  # the first sample is just above the kink
    shift = 0.1 * torch.arange(1.0, size + 1.0, dtype=torch.float64).cos()
    nn.utils.vector_to_parameters(checked - shift, module.parameters())
    assert isinstance(explored(module).network, ModuleNetwork)
