"""Activation functions with the two derivatives that exact gradients and Hessians need.

Each derivative is a function of the pre-activation z and of the value a = f(z), so that the cheap
forms (tanh' = 1 - a^2) cost no second transcendental call. Every argument and result has one shape.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Activation:
    """A scalar function applied elementwise.

    `odd` functions make the sign flip of a unit a symmetry; `smooth` ones have a continuous second
    derivative, without which Hessians and eigenvector-following mean nothing; `minimum` is the place
    of the single interior minimum of a non-monotone function, None for a monotone one. Where the slope is a
    function of the value alone, `overwrite` writes the value over z, and `overwrite_backward` multiplies its
    first argument by the slope at the value: one array less each, and it is their traffic that costs.
    """

    name: str
    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]
    curvature: Callable[[Tensor, Tensor], Tensor]
    odd: bool = False
    smooth: bool = True
    minimum: float | None = None
    overwrite: Callable[[Tensor], Tensor] | None = None
    overwrite_backward: Callable[[Tensor, Tensor], Tensor] | None = None

    def derivative(self, z: Tensor) -> Tensor:
        """First derivative at z."""
        return self.slope(z, self.value(z))

    def second_derivative(self, z: Tensor) -> Tensor:
        """Second derivative at z."""
        return self.curvature(z, self.value(z))

    def consume(self, z: Tensor) -> Tensor:
        """Value at z, which afterwards holds nothing but what `backward` needs of it."""
        return self.value(z) if self.overwrite is None else self.overwrite(z)

    def backward(self, gradient: Tensor, z: Tensor, a: Tensor) -> Tensor:
        """`gradient`, with respect to the value a of a consumed z, turned in place into that with respect to z."""
        if self.overwrite_backward is None:
            return gradient.mul_(self.slope(z, a))
        return self.overwrite_backward(gradient, a)


def _tanh_backward_over(gradient: Tensor, a: Tensor) -> Tensor:
    torch.ops.aten.tanh_backward.grad_input(gradient, a, grad_input=gradient)
    return gradient


def _sigmoid_backward_over(gradient: Tensor, a: Tensor) -> Tensor:
    torch.ops.aten.sigmoid_backward.grad_input(gradient, a, grad_input=gradient)
    return gradient


def _normal_density(z: Tensor) -> Tensor:
    return torch.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def _gelu_slope(z: Tensor, _: Tensor) -> Tensor:
    distribution: Tensor = torch.special.ndtr(z)
    return distribution + z * _normal_density(z)


def _silu_slope(z: Tensor, a: Tensor) -> Tensor:
    s = torch.sigmoid(z)
    return s + a * (1.0 - s)


def _silu_curvature(z: Tensor, _: Tensor) -> Tensor:
    s = torch.sigmoid(z)
    return s * (1.0 - s) * (2.0 + z * (1.0 - 2.0 * s))


def _softplus(z: Tensor) -> Tensor:
    return torch.logaddexp(z, torch.zeros_like(z))


def _softplus_curvature(z: Tensor, _: Tensor) -> Tensor:
    s = torch.sigmoid(z)
    return s * (1.0 - s)


ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation(
            "tanh",
            torch.tanh,
            lambda _, a: 1.0 - a * a,
            lambda _, a: -2.0 * a * (1.0 - a * a),
            odd=True,
            overwrite=torch.tanh_,
            overwrite_backward=_tanh_backward_over,
        ),
        Activation(
            "sigmoid",
            torch.sigmoid,
            lambda _, a: a * (1.0 - a),
            lambda _, a: a * (1.0 - a) * (1.0 - 2.0 * a),
            overwrite=torch.sigmoid_,
            overwrite_backward=_sigmoid_backward_over,
        ),
        Activation("softplus", _softplus, lambda z, _: torch.sigmoid(z), _softplus_curvature),
        Activation(
            "gelu",
            functional.gelu,
            _gelu_slope,
            lambda z, _: (2.0 - z * z) * _normal_density(z),
            minimum=-0.7517915246935645,
        ),
        Activation("silu", functional.silu, _silu_slope, _silu_curvature, minimum=-1.2784645427610738),
        Activation(
            "relu", torch.relu, lambda z, _: (z > 0).to(z.dtype), lambda z, _: torch.zeros_like(z), smooth=False
        ),
    )
}
