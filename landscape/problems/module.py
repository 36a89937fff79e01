"""Any torch module as a network: derivatives by torch.func, the slow but general way.

Offers what `DenseNetwork` offers, for modules it does not cover. Shapes: W walkers, P parameters,
N samples, K outputs. Parameters stand in the order of `module.named_parameters()`, each row-major.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, hessian, jvp, vmap

from landscape.problems.losses import Loss

# Modules of torch without a continuous second derivative.
KINKED = (
    nn.CELU, nn.ELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU, nn.PReLU, nn.ReLU,
    nn.ReLU6, nn.RReLU, nn.SELU, nn.Softshrink, nn.Softsign, nn.Threshold,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class ModuleNetwork:
    """A module in evaluation mode that maps inputs [N, d] to outputs [N, K].

    Assumed twice differentiable unless a module of torch that is known to have kinks is part of it.
    """

    module: nn.Module
    n_inputs: int
    n_outputs: int

    @cached_property
    def _shapes(self) -> dict[str, torch.Size]:
        return {name: parameter.shape for name, parameter in self.module.named_parameters()}

    @cached_property
    def n_parameters(self) -> int:
        """Number of parameters P."""
        return sum(shape.numel() for shape in self._shapes.values())

    @property
    def smooth(self) -> bool:
        """Whether the energy is taken to have a continuous Hessian."""
        return not any(isinstance(part, KINKED) for part in self.module.modules())

    @property
    def doubles_per_walker_and_sample(self) -> int:
        """Float64 numbers that a call is taken to touch for each walker and sample: one for each parameter."""
        return self.n_parameters

    def outputs(self, theta: Tensor, inputs: Tensor) -> Tensor:
        """Outputs [W, N, K] for theta [W, P] and inputs [N, d] shared or [W, N, d] per walker."""
        outputs: Tensor = vmap(self._call, in_dims=(0, 0 if inputs.ndim == 3 else None))(theta, inputs)
        return outputs

    def input_gradient(
        self, theta: Tensor, inputs: Tensor, output_gradient: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Outputs [W, N, K] and gradient [W, N, d]; see `DenseNetwork.input_gradient`."""
        outputs, pull_back = torch.func.vjp(lambda x: self.outputs(theta, x), inputs)
        return outputs, pull_back(output_gradient(outputs))[0]

    def energy(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> Tensor:
        """Mean loss [W]."""
        energy: Tensor = vmap(lambda t: self._mean_loss(t, inputs, loss, encoded))(theta)
        return energy

    def energy_and_gradient(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss [W] and its gradient [W, P]."""
        both = vmap(grad_and_value(lambda t: self._mean_loss(t, inputs, loss, encoded)))(theta)
        return both[1], both[0]

    def hessian_vector_product(
        self, theta: Tensor, vector: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor
    ) -> Tensor:
        """Hessian of the mean loss at theta [W, P] times vector [W, P]."""
        gradient = torch.func.grad(lambda t: self._mean_loss(t, inputs, loss, encoded))
        product: Tensor = vmap(lambda t, v: jvp(gradient, (t,), (v,))[1])(theta, vector)
        return product

    def hessian(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> Tensor:
        """Hessian [W, P, P] of the mean loss."""
        matrix: Tensor = vmap(hessian(lambda t: self._mean_loss(t, inputs, loss, encoded)))(theta)
        return matrix

    def _call(self, theta: Tensor, inputs: Tensor) -> Tensor:
        pieces = torch.split(theta, [shape.numel() for shape in self._shapes.values()])
        parameters = {
            name: piece.view(shape) for (name, shape), piece in zip(self._shapes.items(), pieces, strict=True)
        }
        outputs: Tensor = functional_call(self.module, parameters, (inputs,))
        return outputs

    def _mean_loss(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> Tensor:
        return loss.differentiable(self._call(theta, inputs).mT, encoded).mean()
