"""The two protocols through which the search sees the world: an energy and its symmetry.

Shapes: W walkers, P parameters; everything is float64. Tensors of an `Objective` live on its device;
a `Symmetry` works on numpy arrays, because alignment and sorting happen once a point, not once a step.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from torch import Tensor, device


class Symmetry(Protocol):
    """The group of transformations that leave the energy unchanged."""

    def canonical(self, theta: np.ndarray) -> np.ndarray:
        """Unique representatives [W, P] of the orbits of theta [W, P], stable under noise of 1e-9."""

    def align(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """The copies [W, P] of theta [W, P] that are nearest to reference [W, P], row by row."""

    def distance(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Euclidean distance [W] between the rows of reference and the aligned rows of theta."""

    def log_orbit_size(self, theta: np.ndarray) -> np.ndarray:
        """Natural logarithm [W] of the number of distinct copies of each row."""


Function = tuple[int, tuple[Any, ...]]


class Kernel(NamedTuple):
    """An energy for compiled code: the address of a numba `cfunc` that writes energies and gradients,
    `(theta [W, P], energy [W], gradient [W, P], data)`, see `landscape.numerics.pointers`.

    The data have room to work in, so that one thread at a time may use a kernel. Who has asked for so many energies
    tells `called`. Where it is faster to compute walkers side by side, `lanes` is the address of what does so,
    `(theta [P, LANES], energy [LANES], gradient [P, LANES], data)`, see `landscape.numerics.vectors`; else 0. Where
    float32 pays, `rough` are address and data of the same energy in float32, for the way to a stationary point and
    nothing that is kept.
    """

    address: int
    data: tuple[Any, ...]
    called: Callable[[int], None] = lambda _: None
    lanes: int = 0
    rough: Function | None = None


Replay = Callable[[], None]
# Calls a function once, records what it does on the device - it may do nothing else - and returns what replays it.
Recorder = Callable[[Callable[[], None]], Replay]


@runtime_checkable
class Objective(Protocol):
    """A twice differentiable energy of W points at once.

    `curvature_threshold` is the t of the index test: an eigenvalue below -t counts as negative. An objective
    that is not `smooth` has no Hessian everywhere: it has minima and bands, but no index and no saddles. A Hessian is
    cheap if it costs no more than some twenty energies: then quenches use it too.
    """

    n_parameters: int
    device: device
    symmetry: Symmetry
    curvature_threshold: float
    smooth: bool
    cheap_hessian: bool

    @property
    def recorder(self) -> Recorder | None:
        """What records its energies on a device, where they can be; see `landscape.optimize.recording`."""

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W] of theta [W, P]."""

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]."""

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, P, P] of theta [W, P]."""

    def hessian_vector_product(self, theta: Tensor, vector: Tensor) -> Tensor:
        """Products [W, P] of the Hessians at theta [W, P] with vector [W, P]."""

    def kernel(self) -> Kernel | None:
        """The energy for compiled code where there is one, for one thread."""
