"""Any torch module as a network: derivatives by torch.func, the slow but general way.

All derivatives are taken in reverse mode, which every differentiable operation of torch supports. The interface is that
of `LayeredNetwork`, for modules that `LayeredNetwork` does not cover. Parameters are those that require a gradient, in
the order of `module.named_parameters()`, each row-major; frozen ones keep their values. Hooks and parametrizations
act as in any call of the module. Shapes: W walkers, P parameters, N samples, K outputs.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, grad_and_value, jacrev, vmap

from landscape.objective import Symmetry
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.symmetry import NoSymmetry

# Torch modules whose slope jumps. If only the curvature jumps (Softsign, ELU), the Hessian exists almost everywhere.
KINKED = (
    nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU, nn.PReLU, nn.ReLU, nn.ReLU6, nn.RReLU,
    nn.SELU, nn.Softshrink, nn.Threshold, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d,
    nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
)  # fmt: skip


def trainable(module: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that require a gradient, by name."""
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


@dataclass(frozen=True, eq=False)
class ModuleNetwork:
    """A module in evaluation mode that maps inputs [N, d] to outputs [N, K].

    It is assumed to be twice differentiable unless it contains a torch module that is known to have kinks.
    """

    module: nn.Module
    n_inputs: int
    n_outputs: int
    layered = None
    dense = None

    @property
    def symmetry(self) -> Symmetry:
        """The trivial group: the symmetries of the module are not known."""
        return NoSymmetry()

    @cached_property
    def _shapes(self) -> dict[str, torch.Size]:
        return {name: parameter.shape for name, parameter in trainable(self.module).items()}

    @cached_property
    def _called(self) -> nn.Module:
        """A copy of the module to call: what a forward keeps in its module does not reach the module itself."""
        return copy.deepcopy(self.module)

    @cached_property
    def _places(self) -> dict[str, str]:
        """The name of the parameter at each place in the module; a shared parameter has several places."""
        names = {id(parameter): name for name, parameter in trainable(self.module).items()}
        return {
            f"{path}.{own}".removeprefix("."): names[id(parameter)]
            for path, part in self.module.named_modules()
            for own, parameter in part.named_parameters(recurse=False, remove_duplicate=False)
            if id(parameter) in names
        }

    @cached_property
    def n_parameters(self) -> int:
        """Number of parameters P."""
        return sum(shape.numel() for shape in self._shapes.values())

    @property
    def smooth(self) -> bool:
        """True if the energy is assumed to have a continuous Hessian."""
        return not any(isinstance(part, KINKED) for part in self.module.modules())

    @property
    def doubles_per_walker_and_sample(self) -> int:
        """Number of float64 values that a call is assumed to touch for each walker and sample: one per parameter."""
        return self.n_parameters

    def outputs(self, theta: Tensor, inputs: Tensor) -> Tensor:
        """Outputs [W, N, K] for theta [W, P] and inputs [N, d] shared or [W, N, d] per walker."""
        outputs: Tensor = vmap(self._call, in_dims=(0, 0 if inputs.ndim == 3 else None))(theta, inputs)
        return outputs

    def parameter_tangent(self, theta: Tensor, vector: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs [W, N, K] and their derivative [W, N, K] along vector [W, P]; see `LayeredNetwork.parameter_tangent`.

        The vector-Jacobian product is linear in the cotangent; its own vector-Jacobian product is the tangent.
        """
        outputs, pull_back = torch.func.vjp(lambda t: self.outputs(t, inputs), theta)[:2]
        pull_forward = torch.func.vjp(lambda cotangent: pull_back(cotangent)[0], torch.zeros_like(outputs))[1]
        return outputs, pull_forward(vector)[0]

    def input_gradient(
        self, theta: Tensor, inputs: Tensor, output_gradient: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Outputs [W, N, K] and gradient [W, N, d]; see `LayeredNetwork.input_gradient`."""
        outputs, pull_back = self.vjp(theta, inputs)
        return outputs, pull_back(output_gradient(outputs))

    def vjp(self, theta: Tensor, inputs: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        """Outputs [W, N, K] and a function that carries gradients back to the inputs; see `LayeredNetwork.vjp`."""
        outputs, pull_back = torch.func.vjp(lambda x: self.outputs(theta, x), inputs)[:2]
        return outputs, lambda output_gradient: pull_back(output_gradient)[0]

    def energy(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> Tensor:
        """Mean loss [W]."""
        energy: Tensor = vmap(self._mean_loss(inputs, loss, encoded))(theta)
        return energy

    def energy_and_gradient(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss [W] and its gradient [W, P]."""
        gradient, energy = vmap(grad_and_value(self._mean_loss(inputs, loss, encoded)))(theta)
        return energy, gradient

    def hessian_vector_product(
        self, theta: Tensor, vector: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor
    ) -> Tensor:
        """Hessian of the mean loss at theta [W, P] times vector [W, P]."""
        gradient = grad(self._mean_loss(inputs, loss, encoded))

        def slope(point: Tensor, direction: Tensor) -> Tensor:
            return torch.dot(gradient(point), direction)

        product: Tensor = vmap(grad(slope))(theta, vector)
        return product

    def hessian(self, theta: Tensor, inputs: Tensor, loss: Loss, encoded: Tensor) -> Tensor:
        """Hessian [W, P, P] of the mean loss."""
        matrix: Tensor = vmap(jacrev(grad(self._mean_loss(inputs, loss, encoded))))(theta)
        return matrix

    def _call(self, theta: Tensor, inputs: Tensor) -> Tensor:
        pieces = torch.split(theta, [shape.numel() for shape in self._shapes.values()])
        parameters = {
            name: piece.view(shape) for (name, shape), piece in zip(self._shapes.items(), pieces, strict=True)
        }
        placed = {place: parameters[name] for place, name in self._places.items()}
        outputs: Tensor = functional_call(self._called, placed, (inputs,), tie_weights=False)
        return outputs

    def _mean_loss(self, inputs: Tensor, loss: Loss, encoded: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda theta: loss.differentiable(self._call(theta, inputs).mT, encoded).mean()


Network = LayeredNetwork | ModuleNetwork
