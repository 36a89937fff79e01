"""The definition of an energy, and the protocol of every form of it.

A form is one way to compute an energy and admits certain energies only; `landscape.problems.energy` lists all forms.
Shapes: W walkers, P parameters, N samples, d inputs, K outputs; float64.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from torch import Tensor

from landscape.objective import Kernel
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.module import Network


class Definition(NamedTuple):
    """E(theta) = mean loss of the network on the samples + l2 * sum(theta^2)."""

    network: Network
    inputs: Tensor  # [N, d]
    loss: Loss
    encoded: Tensor  # targets [K, N], as the loss encodes them
    l2: float


class EnergyForm(Protocol):
    """One way to compute an energy and its derivatives."""

    def __init__(self, definition: Definition) -> None:
        """The form of an energy; the form must admit its definition."""

    @staticmethod
    def admits(definition: Definition, /) -> bool:
        """True if this form computes the energy on the device of its inputs."""

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W] of theta [W, P]."""

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]."""

    @property
    def hessian(self) -> Callable[[Tensor], Tensor] | None:
        """Function that gives the Hessians [W, P, P] of theta [W, P]; None if this form has no such function."""

    @property
    def cheap_hessian(self) -> bool:
        """True if a quench is faster with Hessians than without."""

    def kernel(self) -> Kernel | None:
        """The energy for compiled code; None if this form has no kernel."""
