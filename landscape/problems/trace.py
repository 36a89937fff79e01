"""What a forward pass leaves for the derivatives. Shapes: W walkers, N samples."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Trace:
    """A forward pass through layers l = 0, 1, ...

    `weights[l]` are its weight [W, out, in] and bias [W, out], `pre[l]` its pre-activations [W, out, N],
    `post[l]` the activations that enter it (`post[0]` the inputs [W, d, N]), and `slopes[l]` the
    derivative of the activation at `pre[l]`, for all layers but the last.
    """

    weights: list[tuple[Tensor, Tensor]]
    pre: list[Tensor]
    post: list[Tensor]
    slopes: list[Tensor]

    @property
    def outputs(self) -> Tensor:
        """Network outputs [W, K, N]."""
        return self.pre[-1]
