"""Torch modules in and out: a module on data becomes a network, parameters of a network become a module again.

Shapes: P parameters, N samples, d inputs.
"""

import copy

import numpy as np
import torch

from landscape.errors import DataError
from landscape.problems.batched import Network
from landscape.problems.datasets import DataSet
from landscape.problems.module import ModuleNetwork
from landscape.problems.network import LayeredNetwork
from landscape.problems.sequential import layered_network_of, module_of


def network_of(module: torch.nn.Module, data: DataSet, device: str) -> Network:
    """The network of a module of inputs [N, d]: of its layers where these are known, else by torch.func.

    Raises `DataError` unless it turns a sample into one output a class, or a target value.
    """
    network = layered_network_of(module) or _module_network(module, data, device)
    _check_fit(network, data, device)
    return network


def module_with(network: Network, theta: np.ndarray) -> torch.nn.Module:
    """The module of a network with parameters theta [P], float64, on the CPU."""
    vector = torch.tensor(np.asarray(theta), dtype=torch.float64)
    if isinstance(network, LayeredNetwork):
        return module_of(network, vector)
    module = copy.deepcopy(network.module).cpu()
    torch.nn.utils.vector_to_parameters(vector, module.parameters())
    return module


def _module_network(module: torch.nn.Module, data: DataSet, device: str) -> ModuleNetwork:
    copied = copy.deepcopy(module).to(device=device, dtype=torch.float64).eval()
    return ModuleNetwork(copied, data.inputs.shape[1], data.n_outputs)


def _check_fit(network: Network, data: DataSet, device: str) -> None:
    expected = [1, data.inputs.shape[1]], [1, data.n_outputs]
    theta = torch.zeros(1, network.n_parameters, dtype=torch.float64, device=device)
    sample = torch.tensor(data.inputs[:1], device=device)
    try:
        found = f"outputs {list(network.outputs(theta, sample).shape[1:])}"
    except (RuntimeError, ValueError) as error:
        found = str(error).splitlines()[0]
    if found != f"outputs {expected[1]}":
        raise DataError(
            f"expected a module that maps inputs {expected[0]} to outputs {expected[1]}, found {found}: "
            "let its first layer have one input a feature and its last layer one output a class or target"
        )
