"""The protocols that searches rely on: an energy, an objective with curvature, and its symmetry.

Shapes: W walkers, P parameters; everything is float64. Tensors of an `Energy` live on its device. A `Symmetry` works on
numpy arrays, because alignment and sorting happen once per point, not once per step.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from torch import Tensor, device


class Symmetry(Protocol):
    """The group of transformations that leave the energy unchanged."""

    def canonical(self, theta: Float[np.ndarray, "W P"]) -> Float[np.ndarray, "W P"]:
        """Unique representatives [W, P] of the orbits of theta [W, P], stable under noise of 1e-9."""

    def align(self, theta: Float[np.ndarray, "W P"], reference: Float[np.ndarray, "W P"]) -> Float[np.ndarray, "W P"]:
        """The copies [W, P] of theta [W, P] that are nearest to reference [W, P], row by row."""

    def distance(self, theta: Float[np.ndarray, "W P"], reference: Float[np.ndarray, "W P"]) -> Float[np.ndarray, " W"]:
        """Euclidean distance [W] between the rows of reference and the aligned rows of theta."""

    def log_orbit_size(self, theta: Float[np.ndarray, "W P"]) -> Float[np.ndarray, " W"]:
        """Natural logarithm [W] of the number of distinct copies of each row."""


class Function(NamedTuple):
    """An energy for compiled code: the address of a numba `cfunc`, and the data to be passed with every call.

    The function writes energies and gradients, see `landscape.numerics.pointers`.
    """

    address: int
    data: tuple[Any, ...]


class Kernel(NamedTuple):
    """The forms of an energy for compiled code.

    The data of a form include a workspace: only one thread at a time may use a kernel.
    """

    function: Function
    """Writes energy [W] and gradient [W, P] of theta [W, P]."""
    called: Callable[[int], None] = lambda _: None
    """`called(n)` reports n energy evaluations."""
    lanes: Function | None = None
    """Writes energy [LANES] and gradient [P, LANES] of theta [P, LANES]; None unless computing walkers side by side is
    faster (see `landscape.numerics.vectors`)."""
    rough: Function | None = None
    """`function` in float32; None unless float32 is faster. Used only on the way to a stationary point: none of its
    values is kept."""


Replay = Callable[[], None]
Recorder = Callable[[Callable[[], None]], Replay]
"""Calls a function once, records the work that it launches on the device, and returns a function that repeats this
work. The recorded function may do nothing but launch work on the device."""


class Energy(Protocol):
    """A differentiable energy of W points at once: all that a minimiser needs."""

    n_parameters: int
    device: device

    @property
    def recorder(self) -> Recorder | None:
        """The recorder of work on the device, see `landscape.optimize.recording`; None if recording is impossible."""

    def energy_and_gradient(self, theta: Float[Tensor, "W P"]) -> tuple[Float[Tensor, " W"], Float[Tensor, "W P"]]:
        """Energies [W] and gradients [W, P] of theta [W, P]."""

    def kernel(self) -> Kernel | None:
        """The energy for compiled code on a CPU, for use by the calling thread only; None if there is no such form."""


@runtime_checkable
class Objective(Energy, Protocol):
    """A twice differentiable energy with a symmetry: all that a search needs.

    `energy_unit` is the scale of the energy, to which all tolerances of energies and gradients are relative.
    `curvature_threshold` is the t of the index test: an eigenvalue below -t counts as negative. An objective that is
    not `smooth` does not have a Hessian everywhere: it has minima and bands, but no index and no saddles.
    `cheap_hessian` says that a Hessian costs no more than some twenty energies, so that quenches use it too.
    """

    symmetry: Symmetry
    energy_unit: float
    curvature_threshold: float
    smooth: bool
    cheap_hessian: bool

    def energy(self, theta: Float[Tensor, "W P"]) -> Float[Tensor, " W"]:
        """Energies [W] of theta [W, P]."""

    def hessian(self, theta: Float[Tensor, "W P"]) -> Float[Tensor, "W P P"]:
        """Hessians [W, P, P] of theta [W, P]."""

    def hessian_vector_product(self, theta: Float[Tensor, "W P"], vector: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
        """Products [W, P] of the Hessians at theta [W, P] with vector [W, P]."""
