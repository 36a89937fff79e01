"""torch.nn.Sequential in and out: dense stacks become a `DenseNetwork`, parameters become a module again."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from landscape.problems.activations import ACTIVATIONS
from landscape.problems.network import Dense, DenseNetwork

MODULES: dict[str, Callable[[], nn.Module]] = {
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "relu": nn.ReLU,
}


def dense_network_of(module: nn.Module) -> DenseNetwork | None:
    """The dense network a Sequential of Linear layers with biases and one activation stands for, else None.

    Layers that share parameters are no dense network either.
    """
    if not isinstance(module, nn.Sequential) or len(module) % 2 == 0:
        return None
    linear, between = list(module)[::2], list(module)[1::2]
    names = {_activation_name(layer) for layer in between}
    if len(names) > 1 or None in names:
        return None
    layers = []
    for layer in linear:
        if type(layer) is not nn.Linear or layer.bias is None:
            return None
        layers.append(Dense(layer.in_features, layer.out_features))
    network = DenseNetwork(tuple(layers), ACTIVATIONS[str(names.pop()) if names else "tanh"])
    shared = sum(parameter.numel() for parameter in module.parameters()) < network.n_parameters
    return None if shared else network


def dense_parameters(network: DenseNetwork, theta: Tensor) -> nn.Sequential:
    """A float64 Sequential that computes `network` with parameters theta [P]."""
    pieces: list[nn.Module] = []
    for layer, (weight, bias) in zip(network.layers, network.unpack(theta[None]), strict=True):
        linear = nn.Linear(layer.n_in, layer.n_out, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(weight[0])
            linear.bias.copy_(bias[0])
        pieces += [linear, MODULES[network.activation.name]()]
    return nn.Sequential(*pieces[:-1])


def _activation_name(module: nn.Module) -> str | None:
    """Name of a module that is exactly one of our activations with its default settings."""
    for name, make in MODULES.items():
        known = make()
        if type(module) is type(known) and repr(module) == repr(known):
            return name
    return None
