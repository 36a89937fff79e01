"""Networks written independently of the package: torch.nn under torch.func, and plain numpy for one hidden layer."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from landscape.problems.problem import Problem

Energy = Callable[[Tensor], Tensor]

MODULES: dict[str, Callable[[], nn.Module]] = {
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "relu": nn.ReLU,
    "identity": nn.Identity,
}
SMOOTH = [name for name in MODULES if name != "relu"]
HIDDEN: list[list[int]] = [[], [4], [3, 4], [3, 2, 3]]


def stack(sizes: list[int], *activations: str) -> nn.Sequential:
    """Linear layers with these activations between them; the last activation repeats as needed."""
    names = [*activations, *activations[-1:] * len(sizes)]
    layers: list[nn.Module] = []
    for n_in, n_out, name in zip(sizes[:-1], sizes[1:], names, strict=False):
        layers += [nn.Linear(n_in, n_out), MODULES[name]()]
    return nn.Sequential(*layers[:-1])


def samples(loss: str) -> tuple[np.ndarray, np.ndarray]:
    """Eleven samples with three features in three classes, or with two target values."""
    rng = np.random.default_rng(5)
    inputs = rng.normal(size=(11, 3))
    return inputs, np.arange(11) % 3 if loss == "cross_entropy" else rng.normal(size=(11, 2))


def small_problem(activation: str, hidden: list[int], loss: str = "cross_entropy", l2: float = 1e-2) -> Problem:
    inputs, targets = samples(loss)
    sizes = [3, *hidden, 3 if loss == "cross_entropy" else 2]
    return Problem.from_module(stack(sizes, activation), inputs, targets, l2=l2, loss=loss)


def points(problem: Problem, walkers: int, seed: int = 0) -> Tensor:
    """Random parameters [W, P] of order one."""
    return torch.tensor(np.random.default_rng(seed).normal(size=(walkers, problem.n_parameters)))


def torch_energy(problem: Problem, module: nn.Module) -> Energy:
    """The energy of one parameter vector by torch.nn, ready for torch.func."""
    named = dict(module.double().named_parameters())
    function = nn.functional.cross_entropy if problem.loss == "cross_entropy" else nn.functional.mse_loss

    def energy(theta: Tensor) -> Tensor:
        pieces = torch.split(theta, [parameter.numel() for parameter in named.values()])
        values = {name: piece.view(named[name].shape) for name, piece in zip(named, pieces, strict=True)}
        outputs = torch.func.functional_call(module, values, (problem.inputs,))
        return function(outputs, problem.targets) + problem.l2 * (theta**2).sum()

    return energy


class NumpyNetwork:
    """Cross-entropy of one hidden tanh layer: energy, gradient and Hessian of one point, in closed form."""

    def __init__(self, inputs: np.ndarray, labels: np.ndarray, hidden: int, l2: float) -> None:
        self.inputs, self.l2 = inputs, l2
        self.one_hot = np.eye(labels.max() + 1)[labels]
        self.sizes = (inputs.shape[1], hidden, self.one_hot.shape[1])

    def _forward(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        d, h, k = self.sizes
        first, bias, second, last = np.split(theta, np.cumsum([h * d, h, k * h]))
        post = np.tanh(self.inputs @ first.reshape(h, d).T + bias)
        outputs = post @ second.reshape(k, h).T + last
        exponentials = np.exp(outputs - outputs.max(1, keepdims=True))
        return second.reshape(k, h), post, exponentials / exponentials.sum(1, keepdims=True)

    def energy(self, theta: np.ndarray) -> float:
        probability = self._forward(theta)[2]
        return float(-np.log((probability * self.one_hot).sum(1)).mean() + self.l2 * theta @ theta)

    def _jacobian(self, second: np.ndarray, post: np.ndarray) -> np.ndarray:
        """[N, K, P]: derivatives of the outputs."""
        d, h, k = self.sizes
        n, eye = len(post), np.eye(k)
        back = second[None] * (1.0 - post**2)[:, None]
        return np.concatenate(
            [
                (back[:, :, :, None] * self.inputs[:, None, None]).reshape(n, k, h * d),
                back,
                np.einsum("kl,nh->nklh", eye, post).reshape(n, k, k * h),
                np.broadcast_to(eye, (n, k, k)),
            ],
            axis=2,
        )

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        second, post, probability = self._forward(theta)
        delta = (probability - self.one_hot) / len(post)
        gradient: np.ndarray = np.einsum("nk,nkp->p", delta, self._jacobian(second, post)) + 2.0 * self.l2 * theta
        return gradient

    def hessian(self, theta: np.ndarray) -> np.ndarray:
        d, h, k = self.sizes
        second, post, probability = self._forward(theta)
        jacobian, delta = self._jacobian(second, post), (probability - self.one_hot) / len(post)
        mean = np.einsum("nk,nkp->np", probability, jacobian)
        spread = (jacobian - mean[:, None]) * np.sqrt(probability / len(post))[:, :, None]
        spread = spread.reshape(-1, len(theta))
        hessian: np.ndarray = spread.T @ spread
        augmented, slope = np.c_[self.inputs, np.ones(len(post))], 1.0 - post**2
        for unit in range(h):
            own = np.r_[unit * d : (unit + 1) * d, h * d + unit]
            bend = (delta @ second[:, unit]) * -2.0 * post[:, unit] * slope[:, unit]
            hessian[np.ix_(own, own)] += (augmented * bend[:, None]).T @ augmented
            mixed = (delta * slope[:, [unit]]).T @ augmented
            outgoing = h * (d + 1) + np.arange(k) * h + unit
            hessian[np.ix_(outgoing, own)] += mixed
            hessian[np.ix_(own, outgoing)] += mixed.T
        return hessian + 2.0 * self.l2 * np.eye(len(theta))
