"""Energy, gradient and Hessian of any network by batched tensors, on any device, in chunks of walkers.

This form is the reference for all others, and the only one that computes every energy. Shapes: W walkers, P parameters,
N samples, d inputs, K outputs; float64.
"""

from torch import Tensor

from landscape.numerics.batching import map_row_pairs, map_rows, rows_per_chunk
from landscape.problems.energies.form import Definition


class BatchedEnergy:
    """Mean loss + l2 * sum(theta^2) of a network; `rows` walkers are evaluated at a time."""

    cheap_hessian = False

    def __init__(self, definition: Definition) -> None:
        network, inputs, loss, encoded, self._l2 = definition
        self._network = network
        self._data = inputs, loss, encoded
        self.rows = rows_per_chunk(network.doubles_per_walker_and_sample * len(inputs), inputs.device)
        outputs_jacobian = network.n_outputs * network.n_parameters * len(inputs)
        self._hessian_rows = rows_per_chunk(outputs_jacobian, inputs.device)

    @staticmethod
    def admits(_: Definition) -> bool:
        """True: this form computes every energy."""
        return True

    def kernel(self) -> None:
        """None: compiled code cannot call tensors."""

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W] of theta [W, P]."""
        mean = map_rows(lambda t: self._network.energy(t, *self._data), self.rows, theta)
        return mean + self._l2 * theta.square().sum(1)

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]."""
        mean, gradient = map_row_pairs(lambda t: self._network.energy_and_gradient(t, *self._data), self.rows, theta)
        return mean + self._l2 * theta.square().sum(1), gradient.add_(theta, alpha=2.0 * self._l2)

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, P, P] of theta [W, P]."""
        hessian = map_rows(lambda t: self._network.hessian(t, *self._data), self._hessian_rows, theta)
        hessian.diagonal(dim1=1, dim2=2).add_(2.0 * self._l2)
        return hessian

    def hessian_vector_product(self, theta: Tensor, vector: Tensor) -> Tensor:
        """Hessians at theta [W, P] times vector [W, P]."""
        product = map_rows(
            lambda t, v: self._network.hessian_vector_product(t, v, *self._data),
            max(1, self.rows // 3),
            theta,
            vector,
        )
        return product + 2.0 * self._l2 * vector
