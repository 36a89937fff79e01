"""The conditions under which a module as users give it can be explored: one `DataError` for each fault.

A module must be a function of its parameters and of one sample. It is called as it is given and in evaluation mode, at
its own parameters and at others, and the network made of it must give the same outputs.
Shapes: N samples, d inputs, K outputs, P parameters.
"""

import copy
import warnings
from collections.abc import Iterator
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from landscape.errors import DataError, LandscapeWarning
from landscape.problems.data.datasets import DataSet
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.module import Network, trainable

SAMPLES = 16  # samples on which a module is called
FITTING = "let its first layer have one input a feature and its last layer one output a class or target"
STEPS = (1e-5, 1e-7)  # of central differences
SLOPE, ROUNDED = 1e-4, 1e-7  # largest errors of a slope, relative to the gradient and to the energy
SAME = 1e-9  # largest difference, relative to the largest output, of outputs that are equal up to rounding


def check_module(module: object) -> None:
    """Raises `DataError` for what is no module, and for parameters and hooks that cannot be honoured."""
    if not isinstance(module, nn.Module):
        raise DataError(f"expected a torch.nn.Module, found {type(module).__name__}: give the module itself")
    parameters = dict(module.named_parameters())
    for name, tensor in chain(parameters.items(), module.named_buffers()):
        if is_lazy(tensor):
            raise DataError(f"expected parameters with shapes, found {name} without: call the module once on a sample")
    if not any(parameter.requires_grad for parameter in parameters.values()):
        found = "all of them frozen" if parameters else "none"
        raise DataError(
            f"expected parameters that require a gradient, found {found}: call requires_grad_(True) on those to explore"
        )
    for name, parameter in parameters.items():
        plain = parameter.is_floating_point() and parameter.layout == torch.strided and not parameter.is_meta
        if not plain:
            kind = f"{parameter.dtype}, {parameter.layout}, on {parameter.device}"
            raise DataError(f"expected dense real parameters with values, found {name} of {kind}: convert it")
        if parameter._backward_hooks:  # noqa: SLF001 - torch has no public way to see hooks
            raise DataError(
                f"expected gradients of the outputs themselves, found a hook that changes that of {name}: remove it, "
                "or freeze parameters by requires_grad_(False)"
            )
    for name, part in module.named_modules():
        _check_hooks(name or "the module", part)


def _check_hooks(name: str, part: nn.Module) -> None:
    hooks = part._forward_pre_hooks.values()  # noqa: SLF001 - as above
    rewriting = [hook for hook in hooks if type(hook).__module__.startswith("torch.nn.utils")]
    if rewriting:
        raise DataError(
            f"expected parameters that stay in their places, found {type(rewriting[0]).__name__} of torch.nn.utils at "
            f"{name}, a hook that rewrites them: use torch.nn.utils.parametrizations, or make it permanent "
            "(remove_weight_norm, remove_spectral_norm, prune.remove)"
        )
    if part._backward_hooks or part._backward_pre_hooks:  # noqa: SLF001 - as above
        raise DataError(f"expected gradients of the outputs themselves, found a backward hook at {name}: remove it")


def evaluated(module: nn.Module, data: DataSet, device: str) -> nn.Module:
    """A float64 copy on the device, in evaluation mode.

    Raises `DataError` unless the module maps inputs [N, d] to outputs [N, K], each sample alone, in the same way at
    each call, and unless calls change nothing in it.
    """
    try:
        copies = [copy.deepcopy(module).to(device=device, dtype=torch.float64) for _ in range(3)]
    except Exception as error:
        raise DataError(
            f"expected a module that can be copied, found {_reason(error)}: keep no results in it"
        ) from error
    as_given, copied, uncalled = copies[0], copies[1].eval(), copies[2].eval()
    inputs = torch.tensor(data.inputs[:SAMPLES], device=device)
    called = _Called(data)
    with torch.random.fork_rng([inputs.device] if inputs.is_cuda else []), torch.no_grad():
        called.and_unchanged(as_given, inputs)
        outputs = called.and_unchanged(copied, inputs)
        if not _same(called(copied, inputs), outputs):
            raise DataError(
                "expected the same outputs at each call, found others: a module that is random in evaluation mode has "
                "no energy; let forward pass its self.training to functional.dropout"
            )
        if not _same(called(copied, inputs[:1]), outputs[:1]):
            raise DataError(
                "expected outputs of a sample that depend on this sample alone, found others beside other samples: "
                "leave out what mixes samples, such as batch statistics or a softmax over dim 0"
            )
    return uncalled


class _Called:
    """Outputs [N, K] of modules, which must fit the data."""

    def __init__(self, data: DataSet) -> None:
        self._expected = [1, data.inputs.shape[1]], [1, data.n_outputs]

    def __call__(self, module: nn.Module, inputs: Tensor) -> Tensor:
        """Outputs [N, K] for inputs [N, d]; raises `DataError` if these are not the outputs or the call fails."""
        own = inputs.clone()
        try:
            outputs = module(own)
        except Exception as error:
            raise self._fault(_reason(error)) from error
        if not isinstance(outputs, Tensor):
            raise self._fault(f"a {type(outputs).__name__}", "let forward return one tensor, the logits")
        if outputs.dtype != torch.float64:
            raise self._fault(f"{outputs.dtype}", "let forward keep the float64 of inputs and parameters")
        if not torch.equal(own, inputs):
            raise self._fault("inputs that it overwrites", "let its first operation not work in place")
        shape = list(outputs.shape)
        if shape[:1] != [len(inputs)] or shape[1:] != self._expected[1][1:]:
            found = [1, *shape[1:]] if shape[:1] == [len(inputs)] else shape
            raise self._fault(f"outputs {found}" + ("" if found[:1] == [1] else f" for {len(inputs)} samples"))
        return outputs

    def and_unchanged(self, module: nn.Module, inputs: Tensor) -> Tensor:
        """The outputs; raises `DataError` if the call changes a buffer or a parameter."""
        before = {name: tensor.clone() for name, tensor in _tensors(module)}
        outputs = self(module, inputs)
        for name, tensor in _tensors(module):
            if name not in before or not torch.equal(tensor.nan_to_num(), before[name].nan_to_num()):
                raise DataError(
                    f"expected a module that a call leaves unchanged, found that it changes {name}: call its eval() "
                    "first, as for batch normalisation, and let forward keep nothing in buffers"
                )
        return outputs

    def _fault(self, found: str, advice: str = FITTING) -> DataError:
        inputs, outputs = self._expected
        return DataError(f"expected a module that maps inputs {inputs} to outputs {outputs}, found {found}: {advice}")


def check_network(network: Network, copied: nn.Module, data: DataSet, loss: Loss) -> None:
    """Raises `DataError` unless the network is the module `copied`, see `evaluated`, at its own parameters and at
    others, and can be differentiated. Warns of outputs that are probabilities before cross-entropy.
    """
    found = copy.deepcopy(copied)
    own = torch.nn.utils.parameters_to_vector(trainable(found).values()).detach()
    inputs = torch.tensor(data.inputs[:SAMPLES], device=own.device)
    encoded = loss.encode(torch.tensor(data.targets[:SAMPLES], device=own.device), data.n_outputs)
    points = torch.stack([own, own + 0.1 * torch.arange(1.0, len(own) + 1.0).to(own).cos()])
    all_outputs = []
    for theta in points:
        torch.nn.utils.vector_to_parameters(theta, trainable(found).values())
        with torch.no_grad():
            all_outputs.append(found(inputs))
    outputs = torch.stack(all_outputs)
    try:
        network_outputs = network.outputs(points, inputs)
        wrong = _is_wrong_gradient(network, points[1:], inputs, loss, encoded)
        if network.smooth:
            network.hessian_vector_product(points, points, inputs, loss, encoded)
    except Exception as error:
        raise DataError(
            f"expected a module that torch.func can differentiate, found {_reason(error)}: let forward use operations "
            "on tensors only, none that depends on their values"
        ) from error
    if not _same(_relevant(network_outputs, loss), _relevant(outputs, loss)):
        raise DataError(
            "expected outputs that follow from the parameters of the module, found other ones where torch.func "
            "replaces these: let forward and hooks reach parameters as attributes of their own modules, not through "
            "lists, closures or copies"
        )
    if wrong:
        raise DataError(
            "expected the gradient of the energy, found another than its differences: let forward not detach tensors, "
            "call no_grad or round values, and freeze parameters by requires_grad_(False) instead"
        )
    if loss.needs_labels:
        _warn_of_probabilities(outputs)


def _is_wrong_gradient(network: Network, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> bool:
    """True if the gradient at theta [1, P] is not that of central differences, with long and with short steps.

    A step across a kink has another slope than the gradient.
    """
    energy, gradient = network.energy_and_gradient(theta, inputs, loss, encoded)
    direction = torch.arange(1.0, theta.shape[1] + 1.0).to(theta).sin()
    direction /= direction.norm()

    def is_wrong(step: float) -> bool:
        ends = torch.cat([theta + step * direction, theta - step * direction])
        ahead, behind = network.energy(ends, inputs, loss, encoded)
        difference = (ahead - behind) / (2.0 * step) - gradient[0] @ direction
        return bool(difference.abs() > SLOPE * gradient.norm() + ROUNDED * energy.abs().clamp(min=1.0))

    return all(is_wrong(step) for step in STEPS)


def _relevant(outputs: Tensor, loss: Loss) -> Tensor:
    """The outputs [W, N, K] as far as they matter to the loss."""
    return outputs.log_softmax(2) if loss.needs_labels else outputs


def _warn_of_probabilities(outputs: Tensor) -> None:
    found = ""
    if _sum_to_one(outputs):
        found = (
            "probabilities (a Softmax), which cross-entropy passes through another softmax, so that it never comes "
            "near 0: let the module return its logits"
        )
    elif _sum_to_one(outputs.exp()):
        found = (
            "logarithms of probabilities (a LogSoftmax), which the softmax of cross-entropy leaves as they are: the "
            "energy is that of the logits"
        )
    if found:
        warnings.warn(f"from_module: the outputs of this module are {found}", LandscapeWarning, stacklevel=5)


def _sum_to_one(values: Tensor) -> bool:
    return bool((values >= 0.0).all()) and bool(((values.sum(2) - 1.0).abs() < SAME).all())


def _same(one: Tensor, other: Tensor) -> bool:
    scale = float(other.nan_to_num(posinf=0.0, neginf=0.0).abs().amax())
    return torch.allclose(one, other, rtol=SAME, atol=SAME * scale, equal_nan=True)


def _tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
