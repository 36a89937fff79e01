"""The sensitivity term: the size of the boxes of logits to which interval bounds map boxes around the samples.

Wang et al. 2018, arXiv 1810.11726: let interval propagation bound the logits by l and u for all inputs within epsilon
(infinity norm) of x. The term is S = mean over x of sum_k log(u_k - l_k), the log volume of the box, or the mean over x
of the geometric mean of the widths u_k - l_k, the K-th root of the volume, in units of logits.

For two derivatives everywhere, |weight| is replaced by sqrt(weight^2 + width^2), which is larger, so that the box still
contains all logits; and log(w) by log(w + width), which is bounded below, so that the energy is not lowest where all
weights vanish or all units are saturated. As width goes to zero the term goes to S. A volume is small if one width is:
the lowest minimum of iris at weight 0.01 keeps one logit nearly constant, at no loss since the softmax depends on
differences only. So S falls by more than robustness rises; see `analysis/results/sensitivity-iris`.

A layer maps the middles m and radii r of intervals to W m + b and |W| r; a monotone activation f maps them to half the
sum and half the difference of f(m + r) and f(m - r). The last box has the widths 2 |W| r; its middle is not needed.

Between layers, windows take patches and pooling takes means, of middles and radii alike.

Shapes: W walkers, P parameters, N samples, d inputs, K outputs; intervals are [W, units, N], of a convolution
[W, channels, L * N] for its L positions.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from landscape.numerics.products import product, shifted_product
from landscape.problems.energies.layers import compiled_network, sample_columns
from landscape.problems.kernels.activations import KINDS
from landscape.problems.kernels.sensitivity import sensitivities
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.terms.absolute import smooth_absolute
from landscape.problems.terms.sensitivity_hessian import one_layer_hessian
from landscape.problems.terms.term import DifferentiableTerm, TermSamples


@dataclass(frozen=True, eq=False)
class SensitivityTerm(DifferentiableTerm):
    """S, or the mean geometric width if `log_volume` is false, of a network of layers with a monotone activation."""

    network: LayeredNetwork
    epsilon: float
    width: float
    log_volume: bool = True

    def value(self, theta: Tensor, samples: TermSamples) -> Tensor:
        """Values [W]."""
        logarithms = (self.logit_widths(theta, samples.inputs) + self.width).log()
        measure = logarithms.sum(1) if self.log_volume else logarithms.mean(1).exp()
        return measure.mean(1)

    def value_and_gradient(self, theta: Tensor, samples: TermSamples) -> tuple[Tensor, Tensor]:
        """Values [W] and gradients [W, P], by compiled code for dense layers on a CPU."""
        dense = self.network.dense
        if dense is None or compiled_network(dense, theta.device) is None:
            return self._differentiated(theta, samples)
        sizes = np.array(dense.sizes)
        points = theta.detach().contiguous()
        value, gradient = points.new_empty(len(points)), torch.empty_like(points)
        sensitivities(
            points.numpy(),
            sizes,
            KINDS[dense.activation.name],
            np.ascontiguousarray(samples.inputs.numpy().T),
            sample_columns(sizes, len(samples.inputs)),
            (self.epsilon, self.width, self.log_volume),
            value.numpy(),
            gradient.numpy(),
        )
        return value, gradient

    def hessian(self, theta: Tensor, samples: TermSamples) -> Tensor:
        """Hessians [W, P, P]; in closed form for one dense hidden layer."""
        if len(self.network.layers) != 2 or self.network.dense is None:
            return super().hessian(theta, samples)
        layers, activation = self.network.unpack(theta), self.network.activation
        inputs, measure = samples.inputs, self.log_volume
        return one_layer_hessian(layers, activation, inputs, self.epsilon, self.width, log_volume=measure)

    def logit_widths(self, theta: Tensor, inputs: Tensor) -> Tensor:
        """Widths [W, K, N] of the boxes of the logits, for theta [W, P] and inputs [N, d]."""
        network, activation = self.network, self.network.activation.value
        blocks, first = network.unpack(theta), network.layers[0]
        walkers, positions = len(theta), network.layers[0].n_units // network.layers[0].n_out
        middle = first.enter(inputs.mT).expand(walkers, -1, -1)
        samples = middle.shape[2] // positions
        radius = first.enter(torch.full_like(inputs.mT[..., :1], self.epsilon)).expand(walkers, -1, -1)
        for index, (weight, bias) in enumerate(blocks[:-1]):
            middle = shifted_product(weight, middle, bias)
            radius = product(smooth_absolute(weight, self.width), radius)
            if not index:  # so far the radius is the same for all samples
                radius = radius.repeat_interleave(samples, 2)
            lower, upper = activation(middle - radius), activation(middle + radius)
            middle = network.entering(index + 1, 0.5 * (upper + lower))
            radius = network.entering(index + 1, 0.5 * (upper - lower))
        return 2.0 * (product(smooth_absolute(blocks[-1][0], self.width), radius))

    def doubles_per_walker(self, samples: TermSamples) -> int:
        """Three times the float64 values of a gradient: middles and radii, lower and upper ends, and their slopes."""
        return 3 * self.network.doubles_per_walker_and_sample * len(samples.inputs)
