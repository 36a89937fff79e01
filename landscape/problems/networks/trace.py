"""The record of a forward pass, from which derivatives are computed.

Shapes: W walkers, N samples; a convolution has L positions and L * N columns where a dense layer has N.
"""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from landscape.problems.activations import Activation


@dataclass(frozen=True)
class Trace:
    """A forward pass through layers l = 0, 1, ...

    `weights[l]` are the weight [W, out, in] and bias [W, out] of layer l, `post[l]` the columns [W, in, N] that enter
    it (`post[0]` from the inputs), `pre[l]` its pre-activations [W, out, N], `values[l]` the activations at `pre[l]`,
    for all layers but the last.
    """

    weights: list[tuple[Tensor, Tensor]]
    pre: list[Tensor]
    post: list[Tensor]
    values: list[Tensor]
    activation: Activation

    @cached_property
    def slopes(self) -> list[Tensor]:
        """Derivatives [W, out, N] of the activation at `pre[l]`, for all layers but the last; computed on first use."""
        return [self.activation.slope(z, a) for z, a in zip(self.pre[:-1], self.values, strict=True)]

    @property
    def outputs(self) -> Tensor:
        """Network outputs [W, K, N]."""
        return self.pre[-1]
