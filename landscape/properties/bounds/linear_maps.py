"""Layers as linear maps: they carry boxes forwards and linear lower bounds backwards.

Bounds use only the methods of `LinearMap`, and for the last layer those of `DenseMap`; any layer with these methods can
join. Pooling before a dense layer is merged into its weights.

A linear lower bound of a quantity y is y >= sum_i c_i v_i + k, in exact arithmetic with the floats c and k, for all
values v that a box of inputs can produce. Each step subtracts from k an upper bound on its own rounding: through v = W
x + b the products c W and c b are off by at most n roundoffs times |c| (|W||x| + |b|), and that sum of magnitudes,
times n + 4 machine epsilons, is the slack. One more product in the count covers the rounding of c itself.

Shapes: M minima, N samples, R rows (quantities bounded at once), n_in and n_out units of a layer, n either of them, C
channels of a convolution, `window` numbers in its window, L positions. Samples come last.
"""

from typing import NamedTuple, Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.networks.layers import Convolution, matrix
from landscape.properties.bounds.boxes import Box, sum_rounding


class LinearForms(NamedTuple):
    """Linear lower bounds: coefficients and constants; N is 1 if all samples share them."""

    coefficient: Float[Tensor, "M R n #N"]
    constant: Float[Tensor, "M R #N"]

    def least(self, box: Box) -> Float[Tensor, "M R N"]:
        """Lower bounds over a box [M or 1, n, N]."""
        ends = torch.where(self.coefficient > 0.0, box.lower[:, None], box.upper[:, None])
        slack = self._rounding() * (self.weighted(box.magnitude) + self.constant.abs())
        return (self.coefficient * ends).sum(2) + self.constant - slack

    def weighted(self, magnitude: Float[Tensor, "#M n N"]) -> Float[Tensor, "M R N"]:
        """sum_i |c_i| magnitude_i."""
        return (self.coefficient.abs() * magnitude[:, None]).sum(2)

    def _rounding(self) -> float:
        return sum_rounding(self.coefficient.shape[2])


class LinearMap(Protocol):
    """x -> W x + b, with a W and a b for each minimum."""

    def magnitude(self, box: Box) -> Float[Tensor, "M n_out N"]:
        """Upper bound of |W| |x| + |b| for x in a box [M or 1, n_in, N]."""

    def image(self, box: Box) -> Box:
        """Image [M, n_out, N] of a box [M or 1, n_in, N]."""

    def pull_back(self, forms: LinearForms, magnitude: Float[Tensor, "M n_out N"]) -> LinearForms:
        """Forms of x from forms of W x + b, whose magnitude is known."""

    def both_ends(self) -> LinearForms:
        """Forms of every output and of its negative, R = 2 n_out; their lower bounds are lower ends and negated upper
        ends.
        """


class DenseMap(NamedTuple):
    """x -> weight x + bias."""

    weight: Float[Tensor, "M n_out n_in"]
    bias: Float[Tensor, "M n_out"]

    def magnitude(self, box: Box) -> Float[Tensor, "M n_out N"]:
        """Upper bound of |weight| |x| + |bias| for x in a box [M or 1, n_in, N]."""
        return self.weight.abs() @ box.magnitude + self.bias.abs()[:, :, None]

    def image(self, box: Box) -> Box:
        """Image [M, n_out, N] of a box [M or 1, n_in, N]."""
        centre = self.weight @ box.middle + self.bias[:, :, None]
        spread = self.weight.abs() @ box.radius + self._rounding() * self.magnitude(box)
        return Box(centre - spread, centre + spread)

    def pull_back(self, forms: LinearForms, magnitude: Float[Tensor, "M n_out N"]) -> LinearForms:
        """Forms of x from forms of weight x + bias, whose magnitude is known."""
        coefficient = self.weight.mT[:, None] @ forms.coefficient
        constant = forms.constant + (forms.coefficient * self.bias[:, None, :, None]).sum(2)
        slack = self._rounding() * (forms.weighted(magnitude) + forms.constant.abs())
        return LinearForms(coefficient, constant - slack)

    def both_ends(self) -> LinearForms:
        """See `LinearMap`."""
        weight, bias = torch.cat([self.weight, -self.weight], 1), torch.cat([self.bias, -self.bias], 1)
        return LinearForms(weight[..., None], bias[..., None])

    def differences(self, targets: Int[Tensor, " N"], box: Box) -> LinearForms:
        """Forms of output y less each output j, R = n_out, for one target y a sample and x in a box.

        They also bound the difference of outputs that are computed one by one, each with its own rounding: if rows of
        weights are huge and nearly equal, this rounding far exceeds the difference in exact arithmetic.
        """
        own, own_bias = self.weight[:, targets].mT, self.bias[:, targets]
        magnitude = self.magnitude(box)
        both = magnitude + magnitude.gather(1, targets.expand(len(magnitude), 1, -1))
        constant = own_bias[:, None] - self.bias[..., None] - self._rounding() * both
        return LinearForms(own[:, None] - self.weight[..., None], constant)

    def all_differences(self) -> LinearForms:
        """Forms of output k less output j, R = n_out^2, where j changes faster."""
        weight = (self.weight[:, :, None] - self.weight[:, None]).flatten(1, 2)
        bias = (self.bias[:, :, None] - self.bias[:, None]).flatten(1, 2)
        return LinearForms(weight[..., None], bias[..., None])

    def _rounding(self) -> float:
        return sum_rounding(max(self.weight.shape[1:]))


class ConvolutionMap(NamedTuple):
    """A convolution; its images may be pooled."""

    layer: Convolution
    weight: Float[Tensor, "M C window"]
    bias: Float[Tensor, "M C"]

    def magnitude(self, box: Box) -> Float[Tensor, "M n_out N"]:
        """See `LinearMap`."""
        return self._columns(self.weight.abs(), self.bias.abs(), box.magnitude)

    def image(self, box: Box) -> Box:
        """See `LinearMap`."""
        centre = self._columns(self.weight, self.bias, box.middle)
        radius = self._columns(self.weight.abs(), torch.zeros_like(self.bias), box.radius)
        spread = radius + self._rounding() * self.magnitude(box)
        return Box(centre - spread, centre + spread)

    def pull_back(self, forms: LinearForms, magnitude: Float[Tensor, "M n_out N"]) -> LinearForms:
        """See `LinearMap`."""
        channels = torch.unflatten(forms.coefficient, 2, (self.layer.n_out, -1))
        coefficient = self.layer.leave(self.weight.mT[:, None] @ channels.flatten(3))
        constant = forms.constant + (channels.sum(3) * self.bias[:, None, :, None]).sum(2)
        slack = self._rounding() * (forms.weighted(magnitude) + forms.constant.abs())
        return LinearForms(coefficient, constant - slack)

    def both_ends(self) -> LinearForms:
        """See `LinearMap`."""
        bias = self.bias.repeat_interleave(self.layer.n_units // self.layer.n_out, 1)
        return DenseMap(matrix(self.layer, self.weight), bias).both_ends()

    def _columns(
        self, weight: Float[Tensor, "M C window"], bias: Float[Tensor, "M C"], values: Float[Tensor, "#M n_in N"]
    ) -> Float[Tensor, "M n_out N"]:
        columns = weight @ self.layer.enter(values) + bias[:, :, None]
        return columns.view(len(weight), self.layer.n_units, values.shape[2])

    def _rounding(self) -> float:
        """Bound on the relative rounding error of sums, forwards and backwards.

        No sum has more terms than the units below or the units above, whichever are more, and a patch together.
        """
        return sum_rounding(max(self.layer.n_below, self.layer.n_units) + self.layer.n_in)


def linear_maps(network: LayeredNetwork, theta: Float[Tensor, "M P"]) -> tuple[list[LinearMap], DenseMap]:
    """The hidden layers and the last layer of the network at theta."""
    hidden: list[LinearMap] = []
    for layer, (weight, bias) in zip(network.layers[:-1], network.unpack(theta)[:-1], strict=True):
        if isinstance(layer, Convolution):
            hidden.append(ConvolutionMap(layer, weight, bias))
        else:
            hidden.append(DenseMap(matrix(layer, weight), bias))
    weight, bias = network.unpack(theta)[-1]
    return hidden, DenseMap(matrix(network.layers[-1], weight), bias)
