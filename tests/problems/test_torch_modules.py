"""Problems of torch modules: dense stacks are recognised, anything else is differentiated by torch.func."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import grad, jacrev, vmap

from landscape.errors import ConfigError, DataError, PropertyError
from landscape.problems.networks.layered import DenseNetwork
from landscape.problems.networks.module import ModuleNetwork
from landscape.problems.networks.symmetry import NoSymmetry
from landscape.problems.problem import Problem
from tests.problems.reference import MODULES, points, samples, small_problem, stack, torch_energy

LOSSES = ["cross_entropy", "mse"]
INPUTS, LABELS = samples("cross_entropy")


class Wrapped(nn.Module):
    """A dense stack that is not recognised."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.inner(inputs)
        return outputs


class Tanh(nn.Module):
    """An activation with the name of torch's tanh but another function."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.sin()


def from_module(module: nn.Module, loss: str = "cross_entropy", l2: float = 1e-2) -> Problem:
    inputs, targets = samples(loss)
    return Problem.from_module(module, inputs, targets, l2=l2, loss=loss)


@pytest.mark.parametrize("hidden", [[], [4], [3, 4]], ids=str)
@pytest.mark.parametrize("activation", MODULES)
def test_dense_stacks_are_recognised(activation: str, hidden: list[int]) -> None:
    problem = small_problem(activation, hidden)
    assert isinstance(problem.network, DenseNetwork)
    assert [(layer.n_in, layer.n_out) for layer in problem.network.layers] == list(
        zip([3, *hidden], [*hidden, 3], strict=True)
    )
    assert not hidden or problem.network.activation.name == activation
    assert problem.config is None


def shared_layer() -> nn.Module:
    layer = nn.Linear(3, 3)
    return nn.Sequential(layer, nn.Tanh(), layer)


def shared_weight() -> nn.Module:
    module = stack([3, 3, 3], "tanh")
    module[2].weight = module[0].weight
    return module


GENERIC: dict[str, Callable[[], nn.Module]] = {
    "normalised": lambda: nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Tanh(), nn.Linear(4, 3)),
    "batch": lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 3)).eval(),
    "different activations": lambda: stack([3, 4, 3, 3], "tanh", "sigmoid"),
    "another gelu": lambda: nn.Sequential(nn.Linear(3, 4), nn.GELU("tanh"), nn.Linear(4, 3)),
    "activation last": lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3), nn.Tanh()),
    "shared layers": shared_layer,
    "shared weights": shared_weight,
    "a namesake": lambda: nn.Sequential(nn.Linear(3, 4), Tanh(), nn.Linear(4, 3)),
    "not a Sequential": lambda: Wrapped(stack([3, 4, 3], "tanh")),
}


@pytest.mark.parametrize("name", GENERIC)
def test_other_modules_are_differentiated_by_torch(name: str) -> None:
    problem = from_module(GENERIC[name]())
    assert isinstance(problem.network, ModuleNetwork)
    assert isinstance(problem.symmetry, NoSymmetry)
    assert problem.smooth
    reference = torch_energy(problem, GENERIC[name]().eval())
    theta, vector = points(problem, 2), points(problem, 2, seed=1)
    energy, gradient = problem.energy_and_gradient(theta)
    torch.testing.assert_close(energy, vmap(reference)(theta), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(problem.energy(theta), energy, rtol=1e-14, atol=0)
    torch.testing.assert_close(gradient, vmap(grad(reference))(theta), rtol=1e-11, atol=1e-12)
    expected = torch.stack([jacrev(grad(reference))(point) for point in theta])
    torch.testing.assert_close(problem.hessian(theta), expected, rtol=1e-10, atol=1e-11)
    product = (expected @ vector[:, :, None])[:, :, 0]
    torch.testing.assert_close(problem.hessian_vector_product(theta, vector), product, rtol=1e-10, atol=1e-10)


def output_and_input_gradient(problem: Problem, theta: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
    return problem.network.input_gradient(theta, inputs, torch.cos)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("hidden", [[], [4], [3, 4]], ids=str)
@pytest.mark.parametrize("activation", ["tanh", "gelu", "softplus"])
def test_a_general_module_agrees_with_its_dense_twin(activation: str, hidden: list[int], loss: str) -> None:
    dense = small_problem(activation, hidden, loss)
    general = from_module(Wrapped(stack([3, *hidden, dense.network.n_outputs], activation)), loss)
    assert isinstance(general.network, ModuleNetwork)
    theta, vector = points(dense, 3), points(dense, 3, seed=1)
    pairs = [
        *zip(dense.energy_and_gradient(theta), general.energy_and_gradient(theta), strict=True),
        (dense.hessian(theta), general.hessian(theta)),
        (dense.hessian_vector_product(theta, vector), general.hessian_vector_product(theta, vector)),
        (dense.network.outputs(theta, dense.inputs), general.network.outputs(theta, dense.inputs)),
    ]
    moved = dense.inputs + torch.tensor(np.random.default_rng(1).normal(size=(3, 11, 3)))
    pairs += zip(
        output_and_input_gradient(dense, theta, moved), output_and_input_gradient(general, theta, moved), strict=True
    )
    for first, second in pairs:
        torch.testing.assert_close(first, second, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ["tanh", *GENERIC])
def test_parameters_make_a_module_again(name: str) -> None:
    problem = from_module(GENERIC[name]() if name in GENERIC else stack([3, 4, 3], "tanh"))
    theta = points(problem, 2)
    module = problem.module(theta[1].numpy())
    found = torch.nn.utils.parameters_to_vector(module.parameters())
    assert found.dtype == torch.float64
    assert torch.equal(found.detach(), theta[1])
    outputs = module.eval()(problem.inputs).detach()
    torch.testing.assert_close(outputs, problem.network.outputs(theta, problem.inputs)[1], rtol=1e-12, atol=1e-13)
    assert isinstance(from_module(module).network, type(problem.network))


def test_the_module_given_is_not_touched() -> None:
    module = Wrapped(stack([3, 4, 3], "tanh")).train()
    before = [parameter.clone() for parameter in module.parameters()]
    problem = from_module(module)
    problem.module(np.ones(problem.n_parameters))
    problem.energy_and_gradient(points(problem, 2))
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))
    assert module.training
    assert next(module.parameters()).dtype == torch.float32


def test_chunks_of_a_module_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = from_module(GENERIC["normalised"]())
    monkeypatch.setattr("landscape.numerics.batching.CHUNK_BYTES", {"cpu": 1})
    cut = from_module(GENERIC["normalised"]())
    theta = points(whole, 5)
    torch.testing.assert_close(cut.hessian(theta), whole.hessian(theta), rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(cut.energy(theta), whole.energy(theta), rtol=1e-13, atol=0)


@pytest.mark.parametrize("kinked", [nn.ReLU(inplace=True), nn.SELU(), nn.LeakyReLU(), nn.Hardtanh()], ids=repr)
def test_modules_with_kinks_have_no_hessian(kinked: nn.Module) -> None:
    problem = from_module(nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), kinked, nn.Linear(4, 3)))
    theta = points(problem, 2)
    assert problem.energy_and_gradient(theta)[1].isfinite().all()
    with pytest.raises(PropertyError, match="kinks"):
        problem.hessian(theta)


@pytest.mark.parametrize("wrap", [nn.Identity(), None], ids=["general", "dense"])
@pytest.mark.parametrize("sizes", [[4, 5, 3], [3, 5, 2], [3, 5, 4]], ids=str)
def test_modules_that_do_not_fit_the_data(sizes: list[int], wrap: nn.Module | None) -> None:
    module = stack(sizes, "tanh")
    with pytest.raises(DataError, match=r"inputs \[1, 3\] to outputs \[1, 3\], found") as caught:
        from_module(nn.Sequential(wrap, module) if wrap else module)
    assert "\n" not in str(caught.value)


def test_layers_that_do_not_fit_each_other() -> None:
    with pytest.raises(DataError, match="expected a module"):
        from_module(nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(4, 3)))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"l2": 1e-2, "loss": "cross_entropi"}, "cross_entropy"),
        ({"l2": -1.0}, "at least 0, found -1.0"),
        ({"l2": float("nan")}, "found nan"),
        ({"l2": float("inf")}, "found inf"),
    ],
)
def test_unusable_losses(keys: dict[str, float | str], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        Problem.from_module(stack([3, 3], "tanh"), INPUTS, LABELS, **keys)  # type: ignore[arg-type] # by keyword


def test_unusable_data() -> None:
    with pytest.raises(DataError, match="as many inputs as targets"):
        Problem.from_module(stack([3, 3], "tanh"), INPUTS, LABELS[:5], l2=0.0)
    with pytest.raises(DataError, match="class labels"):
        Problem.from_module(stack([3, 1], "tanh"), INPUTS, INPUTS[:, :1], l2=0.0)
