"""The frame in which a user's energy is searched: its box, and the units of its energies and lengths.

Tolerances and steps of the searches suit an energy whose curvatures and sizes of basins are about one. The frame sets
these units: all tolerances of energies and gradients are multiplied by `energy_unit`, and the searches work on
parameters divided by `length_unit`. Outside the box the energy is minus infinity and the gradient zero: a search that
leaves the box ends there, and no point outside is a stationary point, since stationary points have finite energies.

Shapes: W walkers, P parameters.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from landscape.errors import ConfigError, SearchError
from landscape.messages import toml_value
from landscape.objective import Objective, Symmetry
from landscape.problems.surfaces.adapter import AdaptedSurface, is_objective

BASINS_ACROSS = 8
"""Units of length across a box: a guess at the number of basins along its side."""


@dataclass(frozen=True, eq=False)
class Box:
    """Low and high ends [P] of the parameters."""

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, ends: Any, n_parameters: int, name: str) -> Self:  # noqa: ANN401 - what a user writes
        """The box (low, high), two numbers or two per parameter; raises `ConfigError`, which begins with `name`."""
        try:
            low, high = (np.broadcast_to(np.asarray(end, dtype=np.float64), n_parameters) for end in ends)
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"{name}: expected (low, high), two numbers or two for each of {n_parameters} parameters, found "
                f"{ends!r}"
            ) from error
        if not (low < high).all() or not np.isfinite(high - low).all():
            raise ConfigError(f"{name}: expected low < high, finite, for every parameter, found {ends!r}")
        return cls(low, high)

    def scaled(self, factor: float) -> Self:
        """The box of parameters multiplied by `factor`."""
        return type(self)(self.low * factor, self.high * factor)

    def contains(self, theta: Tensor) -> Tensor:
        """True where points [W, P] are inside the box, walls included, bool[W]."""
        low, high = (torch.tensor(end, device=theta.device) for end in (self.low, self.high))
        return ((theta >= low) & (theta <= high)).all(1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """The box (None if there is none), the unit of energies, and the unit of lengths.

    Without a box, a value below `floor` is taken to mean that the energy has no lower bound.
    """

    box: Box | None = None
    energy_unit: float = 1.0
    length_unit: float = 1.0
    floor: float = -math.inf

    @classmethod
    def around(cls, box: Box | None) -> Self:
        """The frame of a box, whose mean side gives the unit of lengths."""
        if box is None:
            return cls()
        return cls(box=box, length_unit=power_of_two(float((box.high - box.low).mean()) / BASINS_ACROSS))

    def to_toml(self) -> str:
        """The [frame] table of a stored run file."""
        ends = {} if self.box is None else {"low": _short(self.box.low), "high": _short(self.box.high)}
        values = {**ends, "energy_unit": self.energy_unit, "length_unit": self.length_unit}
        return "[frame]\n" + "".join(f"{key} = {toml_value(value)}\n" for key, value in values.items())

    @classmethod
    def from_table(cls, table: Mapping[str, Any], n_parameters: int) -> Self:
        """The frame of a [frame] table; an empty one, as for files of older programs, gives no box and units of 1."""
        box = Box.of((table["low"], table["high"]), n_parameters, "frame") if "low" in table else None
        return cls(box=box, energy_unit=table.get("energy_unit", 1.0), length_unit=table.get("length_unit", 1.0))

    @property
    def inner_box(self) -> Box | None:
        """The box in units of length."""
        return None if self.box is None else self.box.scaled(1.0 / self.length_unit)


def _short(ends: np.ndarray) -> float | list[float]:
    """Ends [P] as a list, or as one number if all are the same."""
    values: list[float] = ends.tolist()
    return values[0] if len(set(values)) == 1 else values


def power_of_two(value: float) -> float:
    """The power of two nearest to a positive value: division by a power of two is exact."""
    return 2.0 ** round(math.log2(value))


class Framed:
    """An `Objective` in a frame: parameters in units of length, energy minus infinity outside the box."""

    def __init__(self, objective: Objective, frame: Frame, curvature_threshold: float) -> None:
        self._objective, self._length = objective, frame.length_unit
        self.box, self._floor = frame.inner_box, frame.floor
        self.n_parameters, self.device = objective.n_parameters, objective.device
        self.symmetry: Symmetry = _Scaled(objective.symmetry, frame.length_unit)
        self.energy_unit, self.curvature_threshold = frame.energy_unit, curvature_threshold
        self.smooth, self.cheap_hessian = objective.smooth, objective.cheap_hessian
        self.recorder = None

    def kernel(self) -> None:
        """None: there is no compiled code."""

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W] of theta [W, P]."""
        return self._inside(theta, self._objective.energy(theta * self._length))

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]. Raises `SearchError` below the floor."""
        energy, gradient = self._objective.energy_and_gradient(theta * self._length)
        energy = self._inside(theta, energy)
        return energy, torch.where((energy == -torch.inf)[:, None], 0.0, gradient * self._length)

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, P, P] of theta [W, P]."""
        return self._objective.hessian(theta * self._length) * self._length**2

    def hessian_vector_product(self, theta: Tensor, vector: Tensor) -> Tensor:
        """Products [W, P] of the Hessians at theta [W, P] with vector [W, P]."""
        return self._objective.hessian_vector_product(theta * self._length, vector) * self._length**2

    def _inside(self, theta: Tensor, energy: Tensor) -> Tensor:
        """Energies [W], minus infinity outside the box. Raises `SearchError` below the floor."""
        if self.box is not None:
            return torch.where(self.box.contains(theta), energy, -torch.inf)
        if (energy <= self._floor).any():
            raise SearchError(UNBOUNDED.format(f"energies of {float(energy[energy <= self._floor].min()):.3g}"))
        return energy


UNBOUNDED = (
    "expected an energy with a lower bound, found {}: add a term that grows far away, as 1e-3 * sum(theta**2), or give "
    "bounds=(low, high), beyond which nothing is searched"
)


def framed(surface: object, frame: Frame) -> Objective:
    """A user's surface or an `Objective` in a frame; an `Objective` without a box is returned unchanged.

    Raises `SearchError` if the surface lacks what a search needs, see `as_objective`. A surface without a curvature
    threshold gets the threshold of its adapter, times the unit of energy.
    """
    if is_objective(surface):
        objective: Objective = surface
        if frame.box is None:
            return objective
    else:
        objective = AdaptedSurface(surface, frame.length_unit)
        objective.probe()
    if hasattr(surface, "curvature_threshold"):
        return Framed(objective, frame, objective.curvature_threshold * frame.length_unit**2)
    return Framed(objective, frame, objective.curvature_threshold * frame.energy_unit)


@dataclass(frozen=True)
class _Scaled:
    """A symmetry of parameters in units of length."""

    symmetry: Symmetry
    length: float

    def canonical(self, theta: np.ndarray) -> np.ndarray:
        """See `Symmetry`."""
        return self.symmetry.canonical(theta * self.length) / self.length

    def align(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """See `Symmetry`."""
        return self.symmetry.align(theta * self.length, reference * self.length) / self.length

    def distance(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """See `Symmetry`."""
        return self.symmetry.distance(theta * self.length, reference * self.length) / self.length

    def log_orbit_size(self, theta: np.ndarray) -> np.ndarray:
        """See `Symmetry`."""
        return self.symmetry.log_orbit_size(theta * self.length)
