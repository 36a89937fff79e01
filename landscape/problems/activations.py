"""The activations: one record each, which all other code reads.

A record has the function and its first two derivatives on tensors, for exact gradients and Hessians; value and slope of
a single number, for compiled code; the torch module of the function; and its shape, from which bounds and symmetries
follow. A derivative is a function of z and of the value a = f(z), so that the cheap forms (tanh' = 1 - a^2) need no
second transcendental call. All tensors have the same shape.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from landscape.numerics.compilation import inlined
from landscape.numerics.elementary import exp, like, log, tanh
from landscape.numerics.vectors import where

Number = Any  # a float64, a float32 or a vector of `landscape.numerics.vectors`


class Convex(NamedTuple):
    """Convex and monotone."""


class Linear(Convex):
    """f(z) = z."""


class ScaledTanh(NamedTuple):
    """f(z) = shift + height tanh(rate z)."""

    shift: float
    height: float
    rate: float


class Valley(NamedTuple):
    """f(z) = z + f(-z), convex between two inflections, concave outside, with one minimum.

    f' = 1 at `unit_slope` and hence f' = 0 at -`unit_slope`; f'' = 0 at +-`inflection`.
    """

    unit_slope: float
    inflection: float


Shape = Convex | ScaledTanh | Valley
Bend = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Activation:
    """A scalar function applied elementwise.

    Attributes:
        name: the name in run files.
        value, slope, curvature: the function f(z), and its first two derivatives as functions of z and a = f(z).
        module: makes the torch module that computes the function.
        shape: the shape of the function, from which `landscape.properties.bounds.relaxations` bounds it.
        of_number: value and slope of a number, in compiled code; None if compiled code cannot vectorise the function.
        bend: c0, c1, c2 with f'' = s (c0 + c1 a + c2 s), s the slope; None if f'' has no such form.
        smooth: true if the second derivative is continuous; otherwise there are no Hessians and no saddles.
        overwrite: writes the value over z; None unless the slope is a function of the value alone.
        overwrite_backward: multiplies its first argument in place by the slope, given the value; None if `overwrite`
            is None. Both functions save an array: memory traffic is the cost of a gradient.
    """

    name: str
    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]
    curvature: Callable[[Tensor, Tensor], Tensor]
    module: Callable[[], nn.Module]
    shape: Shape
    of_number: Callable[[Number], tuple[Number, Number]] | None = None
    bend: Bend | None = None
    smooth: bool = True
    overwrite: Callable[[Tensor], Tensor] | None = None
    overwrite_backward: Callable[[Tensor, Tensor], Tensor] | None = None

    @property
    def minimum(self) -> float | None:
        """Place of the single interior minimum; None for a monotone function."""
        return -self.shape.unit_slope if isinstance(self.shape, Valley) else None

    @property
    def monotone(self) -> bool:
        """True if the function rises everywhere."""
        return self.minimum is None

    @property
    def odd(self) -> bool:
        """True if f(-z) = -f(z), which makes the sign flip of a unit a symmetry."""
        return isinstance(self.shape, Linear) or (isinstance(self.shape, ScaledTanh) and self.shape.shift == 0.0)

    def derivative(self, z: Tensor) -> Tensor:
        """First derivative at z."""
        return self.slope(z, self.value(z))

    def second_derivative(self, z: Tensor) -> Tensor:
        """Second derivative at z."""
        return self.curvature(z, self.value(z))

    def consume(self, z: Tensor) -> Tensor:
        """Value at z; z may be overwritten and is afterwards of use to `backward` only."""
        return self.value(z) if self.overwrite is None else self.overwrite(z)

    def backward(self, gradient: Tensor, z: Tensor, a: Tensor) -> Tensor:
        """Turns a gradient with respect to the value a of a consumed z, in place, into the one with respect to z."""
        if self.overwrite_backward is None:
            return gradient.mul_(self.slope(z, a))
        return self.overwrite_backward(gradient, a)


@inlined
def _tanh_of_number(x: Number) -> tuple[Number, Number]:
    value = tanh(x)
    return value, like(x, 1.0) - value * value


def _tanh_backward_over(gradient: Tensor, a: Tensor) -> Tensor:
    torch.ops.aten.tanh_backward.grad_input(gradient, a, grad_input=gradient)
    return gradient


TANH = Activation(
    name="tanh",
    value=torch.tanh,
    slope=lambda _, a: 1.0 - a * a,
    curvature=lambda _, a: -2.0 * a * (1.0 - a * a),
    module=nn.Tanh,
    shape=ScaledTanh(shift=0.0, height=1.0, rate=1.0),
    of_number=_tanh_of_number,
    bend=(0.0, -2.0, 0.0),
    overwrite=torch.tanh_,
    overwrite_backward=_tanh_backward_over,
)


@inlined
def _sigmoid_of_number(x: Number) -> tuple[Number, Number]:
    value = 0.5 + 0.5 * tanh(0.5 * x)
    return value, value * (1.0 - value)


def _sigmoid_backward_over(gradient: Tensor, a: Tensor) -> Tensor:
    torch.ops.aten.sigmoid_backward.grad_input(gradient, a, grad_input=gradient)
    return gradient


SIGMOID = Activation(
    name="sigmoid",
    value=torch.sigmoid,
    slope=lambda _, a: a * (1.0 - a),
    curvature=lambda _, a: a * (1.0 - a) * (1.0 - 2.0 * a),
    module=nn.Sigmoid,
    shape=ScaledTanh(shift=0.5, height=0.5, rate=0.5),
    of_number=_sigmoid_of_number,
    bend=(1.0, -2.0, 0.0),
    overwrite=torch.sigmoid_,
    overwrite_backward=_sigmoid_backward_over,
)


@inlined
def _softplus_of_number(x: Number) -> tuple[Number, Number]:
    return max(x, 0.0) + log(1.0 + exp(min(x, 0.0 - x))), 0.5 + 0.5 * tanh(0.5 * x)


def _softplus(z: Tensor) -> Tensor:
    return torch.logaddexp(z, torch.zeros_like(z))


def _softplus_curvature(z: Tensor, _: Tensor) -> Tensor:
    s = torch.sigmoid(z)
    return s * (1.0 - s)


SOFTPLUS = Activation(
    name="softplus",
    value=_softplus,
    slope=lambda z, _: torch.sigmoid(z),
    curvature=_softplus_curvature,
    module=nn.Softplus,
    shape=Convex(),
    of_number=_softplus_of_number,
    bend=(1.0, 0.0, -1.0),
)


def _normal_density(z: Tensor) -> Tensor:
    return torch.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def _gelu_slope(z: Tensor, _: Tensor) -> Tensor:
    distribution: Tensor = torch.special.ndtr(z)
    return distribution + z * _normal_density(z)


# There is no form for compiled code: only torch vectorises the error function.
GELU = Activation(
    name="gelu",
    value=functional.gelu,
    slope=_gelu_slope,
    curvature=lambda z, _: (2.0 - z * z) * _normal_density(z),
    module=nn.GELU,
    shape=Valley(unit_slope=0.7517915246935645, inflection=math.sqrt(2.0)),
)


@inlined
def _silu_of_number(x: Number) -> tuple[Number, Number]:
    share = 0.5 + 0.5 * tanh(0.5 * x)
    return x * share, share + x * share * (1.0 - share)


def _silu_slope(z: Tensor, a: Tensor) -> Tensor:
    s = torch.sigmoid(z)
    return s + a * (1.0 - s)


def _silu_curvature(z: Tensor, _: Tensor) -> Tensor:
    s = torch.sigmoid(z)
    return s * (1.0 - s) * (2.0 + z * (1.0 - 2.0 * s))


SILU = Activation(
    name="silu",
    value=functional.silu,
    slope=_silu_slope,
    curvature=_silu_curvature,
    module=nn.SiLU,
    shape=Valley(unit_slope=1.2784645427610738, inflection=2.3993572805154675),
    of_number=_silu_of_number,
)


@inlined
def _relu_of_number(x: Number) -> tuple[Number, Number]:
    return max(x, 0.0), where(x, 1.0, 0.0)


RELU = Activation(
    name="relu",
    value=torch.relu,
    slope=lambda z, _: (z > 0).to(z.dtype),
    curvature=lambda z, _: torch.zeros_like(z),
    module=nn.ReLU,
    shape=Convex(),
    of_number=_relu_of_number,
    smooth=False,
)


@inlined
def _identity_of_number(x: Number) -> tuple[Number, Number]:
    return x, where(x, 1.0, 1.0)


IDENTITY = Activation(
    name="identity",
    value=torch.clone,
    slope=lambda z, _: torch.ones_like(z),
    curvature=lambda z, _: torch.zeros_like(z),
    module=nn.Identity,
    shape=Linear(),
    of_number=_identity_of_number,
    bend=(0.0, 0.0, 0.0),
    overwrite=lambda z: z,
    overwrite_backward=lambda gradient, _: gradient,
)

ACTIVATIONS = {one.name: one for one in (TANH, SIGMOID, SOFTPLUS, GELU, SILU, RELU, IDENTITY)}
"""All activations by name; `landscape.config.fields.ActivationName` lists the names for run files."""

SMOOTH = tuple(name for name, one in ACTIVATIONS.items() if one.smooth)
KINKED = tuple(name for name in ACTIVATIONS if name not in SMOOTH)
MONOTONE = tuple(name for name, one in ACTIVATIONS.items() if one.monotone)
