"""Networks of dense layers and convolutions, evaluated for many walkers at once, with hand-written derivatives.

The mean loss over the samples is differentiated by the chain rule in closed form: one backward pass
for the gradient, forward and backward tangents (Pearlmutter 1994, "Fast exact multiplication by the
Hessian") for a Hessian-vector product. No autograd graph is built. Exact Hessians are in `hessian.py`.

Shapes: W walkers, P parameters, N samples, K outputs, L positions of a convolution, 1 of a dense layer; activations
within the network are [W, out, L * N].
Parameters are in network order: layer by layer, weight [out, in] row-major, then bias [out] if the layer has one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from landscape.numerics.batching import map_rows, rows_per_chunk
from landscape.numerics.products import product, shifted_product
from landscape.objective import Symmetry
from landscape.problems.activations import Activation, Linear
from landscape.problems.networks.hessian import layered_hessian
from landscape.problems.networks.layers import Dense, Layer
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.symmetry import UnitSymmetry
from landscape.problems.networks.trace import Trace


@dataclass(frozen=True)
class LayeredNetwork:
    """A sequence of layers, the last of them dense, with one activation between them."""

    layers: tuple[Layer, ...]
    activation: Activation

    @cached_property
    def n_parameters(self) -> int:
        """Number of parameters P."""
        return sum(layer.n_parameters for layer in self.layers)

    @cached_property
    def _block_sizes(self) -> list[int]:
        return [size for layer in self.layers for size in (layer.n_out * layer.n_in, layer.n_out * layer.bias)]

    @property
    def n_inputs(self) -> int:
        """Number of features of a sample."""
        return self.layers[0].n_below

    @property
    def n_outputs(self) -> int:
        """Number of outputs K."""
        return self.layers[-1].n_out

    @property
    def layered(self) -> "LayeredNetwork":
        """The network itself; None for networks whose layers are not known."""
        return self

    @property
    def dense(self) -> "DenseNetwork | None":
        """The network itself if all layers are dense and without pooling, else None."""
        return None

    @property
    def symmetry(self) -> Symmetry:
        """Permutations, and sign flips where the activation is odd, of the units of each hidden layer."""
        return UnitSymmetry(self.layers, self.activation.odd)

    @property
    def biased(self) -> bool:
        """True if every layer has a bias."""
        return all(layer.bias for layer in self.layers)

    @property
    def smooth(self) -> bool:
        """True if the energy has a continuous Hessian."""
        return self.activation.smooth or len(self.layers) == 1

    @property
    def rotates(self) -> bool:
        """True if rotations of the units of a hidden layer leave all outputs unchanged: f(z) = z and several units."""
        linear = isinstance(self.activation.shape, Linear)
        return linear and any(layer.n_out > 1 for layer in self.layers[:-1])

    @property
    def doubles_per_walker_and_sample(self) -> int:
        """Number of float64 values that an energy-gradient call touches for each walker and sample."""
        return sum(layer.doubles for layer in self.layers)

    def unpack(self, theta: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Views (weight [W, out, in], bias [W, out]) of theta [W, P], layer by layer; zeros where there is no bias."""
        blocks = torch.split(theta, self._block_sizes, 1)
        return [
            (
                weight.view(len(theta), layer.n_out, layer.n_in),
                bias if layer.bias else theta.new_zeros(len(theta), layer.n_out),
            )
            for layer, weight, bias in zip(self.layers, blocks[::2], blocks[1::2], strict=True)
        ]

    def outputs(self, theta: Tensor, inputs: Tensor) -> Tensor:
        """Outputs [W, N, K] for theta [W, P] and inputs [N, d] shared or [W, N, d] per walker."""
        return self._forward(theta, inputs).outputs.mT

    def features(self, theta: Tensor, inputs: Tensor) -> Tensor:
        """Features [W, N, units] that enter the last layer, for theta [W, P] and inputs [N, d]."""
        return self._forward(theta, inputs).post[-1].mT

    def parameter_tangent(self, theta: Tensor, vector: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs [W, N, K] at theta [W, P] and inputs [N, d], and their derivative [W, N, K] along vector [W, P]."""
        trace = self._forward(theta, inputs)
        return trace.outputs.mT, self._forward_tangent(trace, self.unpack(vector))[0][-1].mT

    def input_gradient(
        self, theta: Tensor, inputs: Tensor, output_gradient: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Outputs [W, N, K] and the gradient [W, N, d] of a scalar with respect to inputs [W, N, d]; its gradient with
        respect to the outputs is `output_gradient(outputs)` [W, N, K].
        """
        outputs, pull_back = self.vjp(theta, inputs)
        return outputs, pull_back(output_gradient(outputs))

    def vjp(self, theta: Tensor, inputs: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        """Outputs [W, N, K] at inputs [W, N, d], and a function that turns the gradient of a scalar with respect to
        the outputs, [W, N, K], into its gradient with respect to the inputs, [W, N, d].
        """
        trace = self._forward(theta, inputs)

        def pull_back(output_gradient: Tensor) -> Tensor:
            delta = output_gradient.mT
            for index in range(len(self.layers) - 1, 0, -1):
                delta = self._upstream(trace, index, delta) * trace.slopes[index - 1]
            return self.layers[0].leave(product(trace.weights[0][0].mT, delta)).mT

        return trace.outputs.mT, pull_back

    def energy(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> Tensor:
        """Mean loss [W] over the samples for theta [W, P], inputs [N, d], encoded targets [K, N]."""
        trace = self._forward(theta, inputs, self.activation.consume)
        return loss.value_and_gradient(trace.outputs, encoded)[0].mean(1)

    def energy_and_gradient(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss [W] and its gradient [W, P]."""
        trace = self._forward(theta, inputs, self.activation.consume)
        value, delta = loss.value_and_gradient(trace.outputs, encoded)
        gradient = torch.empty_like(theta)
        blocks = self.unpack(gradient)
        for index in range(len(self.layers) - 1, -1, -1):
            weight_gradient, bias_gradient = blocks[index]
            weight_gradient.copy_(product(delta, trace.post[index].mT))
            torch.sum(delta, 2, out=bias_gradient)
            if index:
                upstream = self._upstream(trace, index, delta)
                delta = self.activation.backward(upstream, trace.pre[index - 1], trace.values[index - 1])
        return value.mean(1), gradient.div_(inputs.shape[-2])

    def hessian_vector_product(
        self, theta: Tensor, vector: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor
    ) -> Tensor:
        """Hessian of the mean loss at theta [W, P] times vector [W, P]."""
        trace = self._forward(theta, inputs)
        tangents = self.unpack(vector)
        pre, post = self._forward_tangent(trace, tangents)
        delta = loss.value_and_gradient(trace.outputs, encoded)[1] / inputs.shape[-2]
        delta_tangent = loss.curvature_product(trace.outputs, pre[-1]) / inputs.shape[-2]
        result = torch.empty_like(vector)
        for index in range(len(self.layers) - 1, -1, -1):
            weight_product, bias_product = self.unpack(result)[index]
            weight_product.copy_(product(delta_tangent, trace.post[index].mT))
            bias_product.copy_(delta_tangent.sum(2))
            if index:
                weight_product += product(delta, post[index].mT)
                weight, slope = trace.weights[index][0], trace.slopes[index - 1]
                upstream = self._upstream(trace, index, delta)
                columns = product(tangents[index][0].mT, delta) + product(weight.mT, delta_tangent)
                upstream_tangent = self.layers[index].leave(columns).view_as(slope)
                curvature = self.activation.curvature(trace.pre[index - 1], trace.values[index - 1])
                delta, delta_tangent = (
                    upstream * slope,
                    upstream_tangent * slope + upstream * curvature * pre[index - 1],
                )
        return result

    def hessian(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> Tensor:
        """Exact Hessian [W, P, P] of the mean loss, added up over parts of the samples that fit a working set."""
        samples = min(rows_per_chunk(self._doubles_of_hessian, theta.device), len(inputs))
        parts = [slice(start, start + samples) for start in range(0, len(inputs), samples)]

        def of_block(block: Tensor) -> Tensor:
            total = block.new_zeros(*block.shape, self.n_parameters)
            for part in parts:
                total += layered_hessian(self.layers, self._forward(block, inputs[part]), loss, encoded[:, part])
            return total.div_(len(inputs))

        return map_rows(of_block, rows_per_chunk(self._doubles_of_hessian * samples, theta.device), theta)

    @property
    def _doubles_of_hessian(self) -> int:
        """Number of float64 values for each walker and sample: Jacobians of a layer and of the columns that enter it.
        Jacobians of the first layer are in the weights of one unit only.
        """
        first, ends = self.layers[0], list(accumulate(layer.n_parameters for layer in self.layers))
        kept = [first.n_in + 1, first.n_in + 1, *ends[1:]]
        return max(
            layer.n_below * below + layer.n_in * layer.n_units // layer.n_out * below + 2 * layer.n_units * end
            for layer, below, end in zip(self.layers, kept, ends, strict=False)
        )

    def _forward(self, theta: Tensor, inputs: Tensor, evaluate: Callable[[Tensor], Tensor] | None = None) -> Trace:
        """Forward pass; `evaluate` is the activation's value, or its `consume` if z is not needed afterwards."""
        evaluate = evaluate or self.activation.value
        weights = self.unpack(theta)
        post = [self.layers[0].enter(inputs.mT).expand(len(theta), -1, -1)]
        pre: list[Tensor] = []
        values: list[Tensor] = []
        for index, (weight, bias) in enumerate(weights):
            if index:
                values.append(evaluate(pre[-1]))
                post.append(self.entering(index, values[-1]))
            pre.append(shifted_product(weight, post[-1], bias))
        return Trace(weights, pre, post, values, self.activation)

    def entering(self, index: int, values: Tensor) -> Tensor:
        """Columns that enter a layer from activations [W, out, L * N] of the layer before."""
        below = self.layers[index - 1]
        rows = values.view(len(values), below.n_units, values.shape[2] * below.n_out // below.n_units)
        return self.layers[index].enter(rows)

    def _upstream(self, trace: Trace, index: int, delta: Tensor) -> Tensor:
        """Gradients in the activations before a layer, in their shape, from those in the layer's pre-activations."""
        return self.layers[index].leave(product(trace.weights[index][0].mT, delta)).view_as(trace.pre[index - 1])

    def _forward_tangent(
        self, trace: Trace, tangents: list[tuple[Tensor, Tensor]]
    ) -> tuple[list[Tensor], list[Tensor]]:
        pre: list[Tensor] = []
        post = [torch.zeros_like(trace.post[0])]
        for index, (weight, bias) in enumerate(tangents):
            tangent = shifted_product(weight, trace.post[index], bias)
            if index:
                post.append(self.entering(index, trace.slopes[index - 1] * pre[-1]))
                tangent = tangent + product(trace.weights[index][0], post[-1])
            pre.append(tangent)
        return pre, post


@dataclass(frozen=True)
class DenseNetwork(LayeredNetwork):
    """A sequence of dense layers without pooling, with one activation between them."""

    layers: tuple[Dense, ...]

    @classmethod
    def from_sizes(cls, sizes: list[int], activation: Activation) -> "DenseNetwork":
        """Network with sizes[0] inputs, sizes[-1] outputs and hidden layers between."""
        return cls(tuple(Dense(a, b) for a, b in pairwise(sizes)), activation)

    @property
    def dense(self) -> "DenseNetwork":
        """The network itself."""
        return self

    @property
    def sizes(self) -> list[int]:
        """Number of units of each layer, the inputs first."""
        return [self.n_inputs, *(layer.n_out for layer in self.layers)]

    def hessian(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> Tensor:
        """Exact Hessian [W, P, P] of the mean loss, computed for all samples at once."""
        return layered_hessian(self.layers, self._forward(theta, inputs), loss, encoded).div_(len(inputs))
