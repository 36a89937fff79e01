"""Conversion of a torch.nn.Sequential of known layers to a `LayeredNetwork`, and of parameters back to a module.

Known layers: Linear and Conv2d with biases, one activation between them, AvgPool2d before a layer, an Unflatten to
images at the start and a Flatten between images and Linear layers; the last layer is Linear.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from landscape.errors import DataError
from landscape.problems.activations import ACTIVATIONS
from landscape.problems.data.datasets import DataSet
from landscape.problems.networks.layered import DenseNetwork, LayeredNetwork
from landscape.problems.networks.layers import Convolution, Dense, Image, Layer, Pair, Window
from landscape.problems.networks.module import ModuleNetwork, Network


def layered_network_of(module: nn.Module) -> LayeredNetwork | None:
    """The network of a Sequential of known layers; None for other modules and for layers that share parameters.

    Raises `ConfigError` for a window larger than its image.
    """
    stack = _Stack()
    if not isinstance(module, nn.Sequential) or not all(stack.add(piece) for piece in module):
        return None
    network = stack.network()
    shared = network is not None and sum(parameter.numel() for parameter in module.parameters()) < network.n_parameters
    return None if shared else network


def module_of(network: LayeredNetwork, theta: Tensor) -> nn.Sequential:
    """A float64 Sequential that computes `network` with parameters theta [P] for inputs [N, d]."""
    pieces: list[nn.Module] = []
    image: Image | None = None
    for layer, (weight, bias) in zip(network.layers, network.unpack(theta[None]), strict=True):
        window = layer.pool or (layer.window if isinstance(layer, Convolution) else None)
        if not pieces and window is not None:
            pieces.append(nn.Unflatten(1, window.image))
        if layer.pool is not None:
            pieces.append(nn.AvgPool2d(layer.pool.kernel, layer.pool.stride))
        if isinstance(layer, Dense) and (layer.pool or image):
            pieces.append(nn.Flatten())
        image = layer.image if isinstance(layer, Convolution) else None
        pieces += [_with_parameters(layer, weight[0], bias[0]), network.activation.module()]
    return nn.Sequential(*pieces[:-1])


def of_flat_images(module: nn.Module, image: Sequence[int]) -> nn.Sequential:
    """The module for inputs [N, d], which are flattened images [N, C, H, W]."""
    pieces = module if isinstance(module, nn.Sequential) else [module]
    return nn.Sequential(nn.Unflatten(1, tuple(image)), *pieces)


@dataclass
class _Stack:
    """The layers read from the pieces of a Sequential so far, the image and the pooling that precede the next layer,
    and `open`, which is true where a layer may follow: at the start and after an activation.
    """

    layers: list[Layer] = field(default_factory=list)
    activations: set[str] = field(default_factory=set)
    image: Image | None = None
    pool: Window | None = None
    open: bool = True

    def add(self, piece: nn.Module) -> bool:
        """Adds a piece; False if the piece is not known at this place."""
        readers: dict[type, Callable[..., bool]] = {
            nn.Unflatten: self._unflatten,
            nn.Conv2d: self._convolution,
            nn.AvgPool2d: self._pooling,
            nn.Flatten: self._flatten,
            nn.Linear: self._linear,
        }
        return readers.get(type(piece), self._activation)(piece)

    def network(self) -> LayeredNetwork | None:
        """The network of all that was added; None if it does not end with a Linear layer or mixes activations."""
        if self.open or not isinstance(self.layers[-1], Dense) or len(self.activations) > 1:
            return None
        activation = ACTIVATIONS[next(iter(self.activations), "tanh")]
        dense = tuple(layer for layer in self.layers if isinstance(layer, Dense) and layer.pool is None)
        if len(dense) == len(self.layers):
            return DenseNetwork(dense, activation)
        return LayeredNetwork(tuple(self.layers), activation)

    def _unflatten(self, piece: nn.Unflatten) -> bool:
        sizes = cast("tuple[int, ...]", piece.unflattened_size)
        if self.layers or self.image or piece.dim != 1 or len(sizes) != 3 or not all(isinstance(s, int) for s in sizes):
            return False
        self.image = (sizes[0], sizes[1], sizes[2])
        return True

    def _convolution(self, piece: nn.Conv2d) -> bool:
        plain = (piece.dilation, piece.groups, piece.padding_mode) == ((1, 1), 1, "zeros")
        if not (self.open and self.image and plain) or piece.bias is None or isinstance(piece.padding, str):
            return False
        image = self.pool.pooled if self.pool else self.image
        if image[0] != piece.in_channels:
            return False
        window = Window(image, _pair(piece.kernel_size), _pair(piece.stride), _pair(piece.padding))
        return self._layer(Convolution(window, piece.out_channels, self.pool))

    def _pooling(self, piece: nn.AvgPool2d) -> bool:
        plain = (_pair(piece.padding), piece.ceil_mode, piece.divisor_override) == ((0, 0), False, None)
        if not (self.open and self.image and plain) or self.pool is not None:
            return False
        self.pool = Window(self.image, _pair(piece.kernel_size), _pair(piece.stride))
        return True

    def _flatten(self, piece: nn.Flatten) -> bool:
        known = self.image is not None and (piece.start_dim, piece.end_dim) == (1, -1)
        self.image = None
        return known

    def _linear(self, piece: nn.Linear) -> bool:
        if not self.open or self.image or piece.bias is None:
            return False
        return self._layer(Dense(piece.in_features, piece.out_features, self.pool))

    def _layer(self, layer: Layer) -> bool:
        self.layers.append(layer)
        self.image = layer.image if isinstance(layer, Convolution) else None
        self.pool, self.open = None, False
        return True

    def _activation(self, piece: nn.Module) -> bool:
        name = _activation_name(piece)
        if name is None or self.open:
            return False
        self.activations.add(name)
        self.open = True
        return True


def _with_parameters(layer: Layer, weight: Tensor, bias: Tensor) -> nn.Module:
    """The torch module of a layer, without its pooling."""
    module: nn.Linear | nn.Conv2d
    if isinstance(layer, Dense):
        module = nn.Linear(layer.n_in, layer.n_out, dtype=torch.float64)
    else:
        window = layer.window
        module = nn.Conv2d(
            window.image[0], layer.n_out, window.kernel, window.stride, window.padding, dtype=torch.float64
        )
    with torch.no_grad():
        module.weight.copy_(weight.view_as(module.weight))
        module.bias.copy_(bias)  # type: ignore[union-attr] # both have a bias
    return module


def _pair(sizes: int | tuple[int, ...]) -> Pair:
    return (sizes, sizes) if isinstance(sizes, int) else (sizes[0], sizes[1])


def _activation_name(module: nn.Module) -> str | None:
    """Name of the activation that a module is, with its default settings; else None."""
    for name, activation in ACTIVATIONS.items():
        known = activation.module()
        if type(module) is type(known) and repr(module) == repr(known):
            return name
    return None


def network_of(module: torch.nn.Module, data: DataSet, device: str) -> Network:
    """The network of a module for inputs [N, d]: a `LayeredNetwork` if its layers are known, else by torch.func.

    Raises `DataError` unless the module gives a sample one output for each class or target value.
    """
    network = layered_network_of(module) or _module_network(module, data, device)
    _check_fit(network, data, device)
    return network


def module_with(network: Network, theta: np.ndarray) -> torch.nn.Module:
    """The module of a network with parameters theta [P], float64, on the CPU."""
    vector = torch.tensor(np.asarray(theta), dtype=torch.float64)
    if network.layered is not None:
        return module_of(network.layered, vector)
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
