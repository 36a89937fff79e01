"""Any torch module as a network: derivatives by torch.func, the slow but general way.

Offers what `DenseNetwork` offers, for modules it does not cover. Shapes: W walkers, P parameters,
N samples, K outputs. Parameters stand in the order of `module.named_parameters()`, each row-major.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.func import functional_call, grad_and_value, hessian, jvp, vmap

from landscape.problems.losses import Loss


@dataclass(frozen=True, eq=False)
class ModuleNetwork:
    """A module in evaluation mode that maps inputs [N, d] to outputs [N, K]; assumed twice differentiable."""

    module: torch.nn.Module
    n_inputs: int
    n_outputs: int
    smooth: bool = True

    @cached_property
    def _shapes(self) -> dict[str, torch.Size]:
        return {name: parameter.shape for name, parameter in self.module.named_parameters()}

    @cached_property
    def n_parameters(self) -> int:
        """Number of parameters P."""
        return sum(shape.numel() for shape in self._shapes.values())

    @property
    def doubles_per_walker_and_sample(self) -> int:
        """Float64 numbers that a call is taken to touch for each walker and sample: one for each parameter."""
        return self.n_parameters

    def outputs(self, theta: Tensor, inputs: Tensor) -> Tensor:
        """Outputs [W, N, K] for theta [W, P] and inputs [N, d] shared or [W, N, d] per walker."""
        return vmap(self._call, in_dims=(0, 0 if inputs.ndim == 3 else None))(theta, inputs)

    def input_gradient(
        self, theta: Tensor, inputs: Tensor, output_gradient: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Outputs [W, N, K] and gradient [W, N, d]; see `DenseNetwork.input_gradient`."""
        outputs, pull_back = torch.func.vjp(lambda x: self.outputs(theta, x), inputs)
        return outputs, pull_back(output_gradient(outputs))[0]

    def energy(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> Tensor:
        """Mean loss [W]."""
        return vmap(lambda t: self._mean_loss(t, inputs, loss, encoded))(theta)

    def energy_and_gradient(
        self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean loss [W] and its gradient [W, P]."""
        gradient, energy = vmap(grad_and_value(lambda t: self._mean_loss(t, inputs, loss, encoded)))(theta)
        return energy, gradient

    def hessian_vector_product(
        self, theta: Tensor, vector: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor
    ) -> Tensor:
        """Hessian of the mean loss at theta [W, P] times vector [W, P]."""
        gradient = torch.func.grad(lambda t: self._mean_loss(t, inputs, loss, encoded))
        return vmap(lambda t, v: jvp(gradient, (t,), (v,))[1])(theta, vector)

    def hessian(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> Tensor:
        """Hessian [W, P, P] of the mean loss."""
        return vmap(hessian(lambda t: self._mean_loss(t, inputs, loss, encoded)))(theta)

    def _call(self, theta: Tensor, inputs: Tensor) -> Tensor:
        pieces = theta.split([shape.numel() for shape in self._shapes.values()])
        parameters = {
            name: piece.view(shape) for (name, shape), piece in zip(self._shapes.items(), pieces, strict=True)
        }
        return functional_call(self.module, parameters, (inputs,))

    def _mean_loss(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> Tensor:
        return loss.differentiable(self._call(theta, inputs).mT, encoded).mean()
