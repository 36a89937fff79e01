"""An adapter that makes an `Objective` of a user's surface.

The surface must have `n_parameters` and `energy_and_gradient(theta [W, P]) -> (energy [W], gradient [W, P])`. It may
have `energy`, `hessian`, `hessian_vector_product`, `symmetry`, `curvature_threshold`, `smooth` and `cheap_hessian`. A
surface with a `device` works on torch tensors on that device, a surface without one on numpy arrays. The contract is
tested once, when the surface is adapted, so that a mistake causes a one-line error at the start and not a crash in a
search.

Missing derivatives are central differences of the gradient, with steps proportional to the parameters, or to
`length_unit` for smaller parameters. Shapes: W walkers, P parameters; float64.
"""

from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np
import torch
from torch import Tensor

from landscape.errors import SearchError
from landscape.numerics.batching import map_rows, rows_per_chunk
from landscape.objective import Objective, Recorder, Symmetry
from landscape.problems.networks.symmetry import NoSymmetry

# Central differences of a gradient are most accurate for steps of about the cube root of the rounding error. Their
# error is far below the threshold, so that it does not count as negative curvature.
DIFFERENCE = 6e-6
DIFFERENCE_THRESHOLD = 1e-6
EXACT_THRESHOLD = 1e-9


def as_objective(surface: object) -> Objective:
    """`surface` itself if it is an `Objective`, else an adapter around it.

    Raises `SearchError` if the surface lacks what a search needs, or does not return float64 energies [W] and gradients
    [W, P] for W points.
    """
    if is_objective(surface):
        return surface
    adapted = AdaptedSurface(surface)
    adapted.probe()
    return adapted


def is_objective(surface: object) -> TypeGuard[Objective]:
    """True if the surface itself is an `Objective`."""
    return isinstance(surface, Objective) and isinstance(surface.device, torch.device)


class AdaptedSurface:
    """An `Objective` around a surface of a user; see `as_objective`."""

    def __init__(self, surface: Any, length_unit: float = 1.0) -> None:  # noqa: ANN401 - a user's object
        self.n_parameters = _n_parameters(surface)
        if not callable(getattr(surface, "energy_and_gradient", None)):
            raise SearchError(
                f"expected a surface with energy_and_gradient(theta[W, P]) -> (energy[W], gradient[W, P]), found "
                f"{type(surface).__name__} without it: add this method"
            )
        self._surface = surface
        self._numpy = not hasattr(surface, "device")
        self.device = torch.device("cpu" if self._numpy else surface.device)
        self.symmetry: Symmetry = getattr(surface, "symmetry", NoSymmetry())
        self.energy_unit = 1.0
        self._length = length_unit
        default = EXACT_THRESHOLD if hasattr(surface, "hessian") else DIFFERENCE_THRESHOLD
        self.curvature_threshold = float(getattr(surface, "curvature_threshold", default))
        self.smooth = bool(getattr(surface, "smooth", True))
        self.cheap_hessian = bool(getattr(surface, "cheap_hessian", False))
        self.recorder: Recorder | None = None

    def probe(self) -> None:
        """Tests the surface at two points, away from zero, where it may be singular; raises `SearchError`."""
        shape = (2, self.n_parameters)
        points = torch.linspace(0.1, 1.0, 2 * self.n_parameters, dtype=torch.float64, device=self.device)
        theta = self._native(points.view(shape))
        found = _try(lambda: self._surface.energy_and_gradient(theta), shape)
        if not isinstance(found, tuple) or len(found) != 2:
            raise SearchError(
                f"expected energy_and_gradient to return a pair (energy[W], gradient[W, P]), found "
                f"{type(found).__name__}: return both, in this order"
            )
        kind = np.ndarray if self._numpy else Tensor
        _check("energy[W]", found[0], kind, shape[:1])
        _check("gradient[W, P]", found[1], kind, shape)

    def kernel(self) -> None:
        """None: there is no compiled code."""

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W] of theta [W, P]."""
        if hasattr(self._surface, "energy") and len(theta):
            with np.errstate(all="ignore"):  # far from all minima an energy may overflow
                return self._tensor(self._surface.energy(self._native(theta)))
        return self.energy_and_gradient(theta)[0]

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]; the surface is not called for an empty batch."""
        if not len(theta):
            return theta.new_empty(0), theta
        with np.errstate(all="ignore"):
            energy, gradient = self._surface.energy_and_gradient(self._native(theta))
        return self._tensor(energy), self._tensor(gradient)

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, P, P] of theta [W, P]: the surface's own, or symmetrised central differences."""
        if hasattr(self._surface, "hessian") and len(theta):
            return self._tensor(self._surface.hessian(self._native(theta)))
        rows = rows_per_chunk(4 * self.n_parameters**2, self.device)
        return map_rows(self._difference_hessian, rows, theta)

    def hessian_vector_product(self, theta: Tensor, vector: Tensor) -> Tensor:
        """Products [W, P] of the Hessians at theta [W, P] with vector [W, P]; if need be by differences along it."""
        if hasattr(self._surface, "hessian_vector_product") and len(theta):
            return self._tensor(self._surface.hessian_vector_product(self._native(theta), self._native(vector)))
        if hasattr(self._surface, "hessian"):
            return (self.hessian(theta) @ vector[:, :, None])[:, :, 0]
        length = vector.norm(dim=1, keepdim=True)
        step = DIFFERENCE * theta.norm(dim=1, keepdim=True).clamp_min(self._length)
        shift = step * vector / length.clamp_min(1e-300)
        above, below = self.energy_and_gradient(torch.cat([theta + shift, theta - shift]))[1].chunk(2)
        product: Tensor = (above - below) * (length / (2.0 * step))
        return product

    def _difference_hessian(self, theta: Tensor) -> Tensor:
        """Hessians by central differences, with all walkers and parameters in one call of the gradient."""
        step = DIFFERENCE * theta.abs().clamp_min(self._length)
        shift = torch.diag_embed(step)
        points = torch.stack([theta[:, None] + shift, theta[:, None] - shift])
        gradient = self.energy_and_gradient(points.flatten(0, 2))[1].view_as(points)
        hessian = (gradient[0] - gradient[1]) / (2.0 * step[:, :, None])
        return 0.5 * (hessian + hessian.mT)

    def _native(self, theta: Tensor) -> Tensor | np.ndarray:
        return theta.numpy() if self._numpy else theta

    def _tensor(self, values: np.ndarray | Tensor) -> Tensor:
        """The surface's result as a tensor: detached from its graph, or copied from a numpy array."""
        if isinstance(values, Tensor):
            return values.detach()
        return torch.from_numpy(np.array(values, dtype=np.float64, order="C"))


def _n_parameters(surface: object) -> int:
    n_parameters = getattr(surface, "n_parameters", None)
    if isinstance(n_parameters, (int, np.integer)) and n_parameters >= 1:
        return int(n_parameters)
    raise SearchError(
        f"expected a surface with n_parameters, an integer of at least 1, found {n_parameters!r} "
        f"in {type(surface).__name__}: set it to the number of parameters P"
    )


def _try(call: Callable[[], object], shape: tuple[int, int]) -> object:
    try:
        with np.errstate(all="ignore"):
            return call()
    except Exception as error:
        raise SearchError(
            f"expected energy_and_gradient to accept theta{list(shape)}, one point a row, found "
            f"{type(error).__name__}: {' '.join(str(error).split())}: compute all rows at once"
        ) from error


def _check(name: str, found: object, kind: type, shape: tuple[int, ...]) -> None:
    expected = f"{kind.__module__}.{kind.__name__} float64{list(shape)}"
    if not isinstance(found, (np.ndarray, Tensor)) or not isinstance(found, kind):
        raise SearchError(
            f"expected {name} as {expected}, found {type(found).__name__}: a surface with the attribute device "
            "gets and returns torch tensors, one without numpy arrays"
        )
    dtype = str(found.dtype).removeprefix("torch.")
    if tuple(found.shape) != shape or dtype != "float64":
        raise SearchError(
            f"expected {name} as {expected} for two points, found {dtype}{list(found.shape)}: "
            "return float64 with one row a point"
        )
