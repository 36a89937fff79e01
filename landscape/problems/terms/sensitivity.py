"""The sensitivity term: how large a box of logits the boxes around the samples are mapped into, by interval bounds.

Wang et al. 2018, arXiv 1810.11726: with u - l the widths of the logits that interval propagation bounds for all inputs
within epsilon (infinity norm) of x, the term is S = mean over x of sum_k log(u_k - l_k), the log volume of the box, or
the mean over x of the geometric mean of the widths, the K-th root of the volume, in units of logits.

So that it has two derivatives everywhere, |weight| becomes sqrt(weight^2 + width^2), which is larger, so the box still
holds all logits; and log(w) becomes log(w + width), whose bounded depth keeps the energy from being lowest where all
weights vanish or all units are saturated. Both go to S as width goes to zero. A volume is small where one width is: the
lowest minimum of iris at weight 0.01 keeps one logit nearly constant, at no loss since the softmax sees differences. So
S falls by more than robustness rises; see `analysis/results/sensitivity-iris`.

A layer maps the middles m and radii r of intervals to W m + b and |W| r, a monotone activation f to half the sum and
half the difference of f(m + r) and f(m - r). The last box has the widths 2 |W| r; its middle is not needed.

Between layers, windows take patches and pooling takes means: both map middles and radii alike.

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
    """S, or with `log_volume` false the mean geometric width, of a network of layers with a monotone activation."""

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
        """Values [W] and gradients [W, P]; compiled on a CPU for dense layers, as energies are."""
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
        """Hessians [W, P, P]; in closed form for one hidden layer that is dense."""
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
            if not index:  # that of all samples alike
                radius = radius.repeat_interleave(samples, 2)
            lower, upper = activation(middle - radius), activation(middle + radius)
            middle = network.entering(index + 1, 0.5 * (upper + lower))
            radius = network.entering(index + 1, 0.5 * (upper - lower))
        return 2.0 * (product(smooth_absolute(blocks[-1][0], self.width), radius))

    def doubles_per_walker(self, samples: TermSamples) -> int:
        """Three times those of a gradient: middles and radii, lower and upper ends, and their slopes."""
        return 3 * self.network.doubles_per_walker_and_sample * len(samples.inputs)
