"""Conversion of a torch.nn.Sequential of known layers to a `LayeredNetwork`, and of parameters back to a module.

Known layers: Linear and Conv2d, one activation between them, AvgPool2d before a layer, an Unflatten to images at the
start and a Flatten between images and Linear layers; the last layer is Linear. Inner Sequentials are read piece by
piece. Identity and Dropout are left out, since they change nothing in evaluation mode, and a LogSoftmax before
cross-entropy, which it does not change.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from landscape.problems.activations import ACTIVATIONS
from landscape.problems.data.datasets import DataSet
from landscape.problems.networks.given import check_network, evaluated
from landscape.problems.networks.layered import DenseNetwork, LayeredNetwork
from landscape.problems.networks.layers import Convolution, Dense, Image, Layer, Pair, Window
from landscape.problems.networks.losses import LOSSES, Loss
from landscape.problems.networks.module import ModuleNetwork, Network, trainable

WITHOUT_EFFECT = (
    nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout,
)  # fmt: skip
"""Modules that return their inputs in evaluation mode."""


def layered_network_of(module: nn.Module, loss: Loss) -> LayeredNetwork | None:
    """The network of a Sequential of known layers, or of one layer; None for other modules, for those with hooks or
    frozen parameters, and for layers that share parameters.

    Raises `ConfigError` for a window larger than its image.
    """
    stack, pieces = _Stack(), list(_pieces(module))
    if pieces and loss.needs_labels and type(pieces[-1]) is nn.LogSoftmax and pieces[-1].dim in (1, -1):
        pieces.pop()
    if not all(_is_plain(part) for part in module.modules()) or not all(stack.add(piece) for piece in pieces):
        return None
    network = stack.network()
    free = sum(parameter.numel() for parameter in trainable(module).values())
    return network if network is not None and network.n_parameters == free else None


def _pieces(module: nn.Module) -> Iterator[nn.Module]:
    """The modules that are called one after the other, without those that change nothing in evaluation mode."""
    if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        for piece in module:
            yield from _pieces(piece)
    elif type(module) not in WITHOUT_EFFECT:
        yield module


def _is_plain(part: nn.Module) -> bool:
    """True for a module without hooks that calls the forward of its class."""
    hooked = part._forward_hooks or part._forward_pre_hooks  # noqa: SLF001 - torch has no public way to see hooks
    return not hooked and "forward" not in vars(part) and type(part).__call__ is nn.Module.__call__


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
    return nn.Sequential(nn.Unflatten(1, tuple(image)), module)


@dataclass
class _Stack:
    """The layers read from the pieces of a Sequential so far, the image and the pooling that precede the next layer,
    and `open`, which is true at the start and after an activation. Where a layer or pooling follows a layer, the
    activation between them is the identity.
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
        if not (self.image and plain) or isinstance(piece.padding, str):
            return False
        image = self.pool.pooled if self.pool else self.image
        if image[0] != piece.in_channels:
            return False
        window = Window(image, _pair(piece.kernel_size), _pair(piece.stride), _pair(piece.padding))
        return self._layer(Convolution(window, piece.out_channels, self.pool, piece.bias is not None))

    def _pooling(self, piece: nn.AvgPool2d) -> bool:
        plain = (_pair(piece.padding), piece.ceil_mode, piece.divisor_override) == ((0, 0), False, None)
        if not (self.image and plain) or self.pool is not None:
            return False
        self._activate()
        self.pool = Window(self.image, _pair(piece.kernel_size), _pair(piece.stride))
        return True

    def _flatten(self, piece: nn.Flatten) -> bool:
        self.image = None
        return (piece.start_dim, piece.end_dim) == (1, -1)

    def _linear(self, piece: nn.Linear) -> bool:
        if self.image:
            return False
        return self._layer(Dense(piece.in_features, piece.out_features, self.pool, piece.bias is not None))

    def _layer(self, layer: Layer) -> bool:
        self._activate()
        self.layers.append(layer)
        self.image = layer.image if isinstance(layer, Convolution) else None
        self.pool, self.open = None, False
        return True

    def _activation(self, piece: nn.Module) -> bool:
        name = _activation_name(piece)
        if name is None or self.open:
            return False
        self._activate(name)
        return True

    def _activate(self, name: str = "identity") -> None:
        if not self.open:
            self.activations.add(name)
        self.open = True


def _with_parameters(layer: Layer, weight: Tensor, bias: Tensor) -> nn.Module:
    """The torch module of a layer, without its pooling."""
    module: nn.Linear | nn.Conv2d
    if isinstance(layer, Dense):
        module = nn.Linear(layer.n_in, layer.n_out, layer.bias, dtype=torch.float64)
    else:
        window = layer.window
        sizes = window.kernel, window.stride, window.padding
        module = nn.Conv2d(window.image[0], layer.n_out, *sizes, bias=layer.bias, dtype=torch.float64)
    with torch.no_grad():
        module.weight.copy_(weight.view_as(module.weight))
        if module.bias is not None:
            module.bias.copy_(bias)
    return module


def _pair(sizes: int | tuple[int, ...]) -> Pair:
    return (sizes, sizes) if isinstance(sizes, int) else (sizes[0], sizes[1])


def _activation_name(module: nn.Module) -> str | None:
    """Name of the activation that a module is, with its default settings, in place or not; else None."""
    settings = repr(module).replace("inplace=True", "")
    for name, activation in ACTIVATIONS.items():
        known = activation.module()
        if type(module) is type(known) and settings == repr(known):
            return name
    return None


def network_of(module: nn.Module, data: DataSet, loss: str, device: str) -> Network:
    """The network of a module for inputs [N, d]: a `LayeredNetwork` if its layers are known, else by torch.func.

    Raises `DataError` for a module that cannot be explored, see `landscape.problems.networks.given`.
    """
    layered = layered_network_of(module, LOSSES[loss])
    copied = evaluated(module, data, device)
    network = layered or ModuleNetwork(copied, data.inputs.shape[1], data.n_outputs)
    check_network(network, copied, data, LOSSES[loss])
    return network


def module_with(network: Network, theta: np.ndarray) -> torch.nn.Module:
    """The module of a network with parameters theta [P], float64, on the CPU."""
    vector = torch.tensor(np.asarray(theta), dtype=torch.float64)
    if network.layered is not None:
        return module_of(network.layered, vector)
    module = copy.deepcopy(network.module).cpu()
    torch.nn.utils.vector_to_parameters(vector, trainable(module).values())
    return module
