"""Small convolutional networks of torch, on images of 2 x 6 x 5, and their parts."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from landscape.problems.problem import Problem
from tests.problems.reference import MODULES

IMAGE = (2, 6, 5)
FEATURES = 60
ACTIVATIONS = {type(make()) for make in MODULES.values()}
Parts = Callable[[Callable[[], nn.Module], int], list[nn.Module]]

PARTS: dict[str, Parts] = {
    "pooled": lambda act, k: [nn.Conv2d(2, 3, 3), act(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(6, k)],
    "strided and padded": lambda act, k: [
        *(nn.Conv2d(2, 2, (3, 2), stride=(2, 1), padding=(1, 0)), act(), nn.Flatten()),
        *(nn.Linear(24, 4), act(), nn.Linear(4, k)),
    ],
    "two convolutions": lambda act, k: [
        *(nn.Conv2d(2, 3, 2, padding=1), act(), nn.AvgPool2d(2, (3, 2))),
        *(nn.Conv2d(3, 2, 2), act(), nn.AvgPool2d((1, 2)), nn.Flatten()),
        *(nn.Linear(2, 3), act(), nn.Linear(3, k)),
    ],
    "pooled inputs": lambda act, k: [nn.AvgPool2d(2), nn.Conv2d(2, 2, 2), act(), nn.Flatten(), nn.Linear(4, k)],
}


def convolutions(name: str, activation: str = "tanh", n_outputs: int = 3) -> nn.Sequential:
    """One of the networks, for inputs [N, 60]."""
    return nn.Sequential(nn.Unflatten(1, IMAGE), *PARTS[name](MODULES[activation], n_outputs)).double()


def images(loss: str = "cross_entropy") -> tuple[np.ndarray, np.ndarray]:
    """Seven flat samples in three classes, or with two target values."""
    rng = np.random.default_rng(4)
    return rng.normal(size=(7, FEATURES)), np.arange(7) % 3 if loss == "cross_entropy" else rng.normal(size=(7, 2))


def image_problem(name: str, activation: str = "tanh", loss: str = "cross_entropy", l2: float = 1e-2) -> Problem:
    inputs, targets = images(loss)
    module = convolutions(name, activation, 3 if loss == "cross_entropy" else 2)
    return Problem.from_module(module, inputs, targets, l2=l2, loss=loss)


def linear_stages(module: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
    """The matrix and shift of each stage between activations, by its values at zero and at unit vectors."""
    assert isinstance(module, nn.Sequential)
    activations = [index for index, piece in enumerate(module) if type(piece) in ACTIVATIONS]
    shape: tuple[int, ...] = (FEATURES,)
    for start, end in pairwise([-1, *activations, len(module)]):
        stage = module[start + 1 : end]
        zero = torch.zeros(1, *shape, dtype=torch.float64)
        units = torch.eye(zero.numel(), dtype=torch.float64).view(-1, *shape)
        with torch.no_grad():
            shift = stage(zero)
            yield (stage(units) - shift).flatten(1).mT, shift.flatten()
        shape = tuple(shift.shape[1:])


def dense_twin(module: nn.Module) -> nn.Sequential:
    """The same function as a stack of Linear layers, whose weights are the matrices of the convolutions."""
    assert isinstance(module, nn.Sequential)
    activation = next(type(piece) for piece in module if type(piece) in ACTIVATIONS)
    pieces: list[nn.Module] = []
    for matrix, shift in linear_stages(module):
        linear = nn.Linear(matrix.shape[1], matrix.shape[0], dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(matrix)
            linear.bias.copy_(shift)
        pieces += [linear, activation()]
    return nn.Sequential(*pieces[:-1])
