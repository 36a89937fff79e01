"""Curves of stationary points, grad E(theta; s) = 0, in the space of z = (theta, s), and Newton's method on them.

A point of a curve is fixed by one further equation, the constraint: a plane across the curve (pseudo-arclength, Keller
1977) or a sphere around a point. Newton's method solves both together; the bordered matrix [[H, dg/ds], [row]] is
regular at turning points too, where the Hessian H is singular. The tangent spans the null space of [H, dg/ds].

Shapes: W points, R some of them, P parameters of the energy, Q = P + 1 coordinates of z; float64.
"""

import math
from dataclasses import dataclass, fields
from typing import Protocol, Self

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.search.continuation.family import Family, Interval

# Tolerances of gradients are in units of the energy.
TARGET_RMS = 1e-12
ACCEPTED_RMS = 1e-10
ACCEPTED_CONSTRAINT = 1e-9
MOST_STEPS = 10
STALLED = 0.5  # least ratio of RMS gradients, after to before a step, that ends the steps of an accepted point


class Constraint(Protocol):
    """A real function of z for each point, to be zero."""

    def at(self, z: Float[Tensor, "R Q"], rows: Int[Tensor, " R"]) -> tuple[Float[Tensor, " R"], Float[Tensor, "R Q"]]:
        """Values [R] and gradients [R, Q] at z [R, Q] for the points in `rows`."""


@dataclass(frozen=True)
class Plane:
    """The planes through `base` across the unit vectors `normal`."""

    base: Float[Tensor, "W Q"]
    normal: Float[Tensor, "W Q"]

    def at(self, z: Float[Tensor, "R Q"], rows: Int[Tensor, " R"]) -> tuple[Float[Tensor, " R"], Float[Tensor, "R Q"]]:
        """Values [R] and gradients [R, Q] at z [R, Q] for the points in `rows`."""
        normal = self.normal[rows]
        return ((z - self.base[rows]) * normal).sum(1), normal


@dataclass(frozen=True)
class Sphere:
    """The sphere around a point in the coordinates along the orthonormal columns of `basis` [Q, B]."""

    centre: Float[Tensor, " Q"]
    basis: Float[Tensor, "Q B"]
    radius: float

    def at(self, z: Float[Tensor, "R Q"], rows: Int[Tensor, " R"]) -> tuple[Float[Tensor, " R"], Float[Tensor, "R Q"]]:
        """Values [R] and gradients [R, Q] at z [R, Q]."""
        del rows
        within = (z - self.centre) @ self.basis
        value = (within.square().sum(1) - self.radius**2) / (2.0 * self.radius)
        return value, within @ self.basis.T / self.radius


@dataclass(frozen=True, kw_only=True)
class Points:
    """Points of curves with their unit tangents and the eigenvalues of their Hessians, ascending."""

    z: Float[Tensor, "W Q"]
    energy: Float[Tensor, " W"]
    tangent: Float[Tensor, "W Q"]
    eigenvalues: Float[Tensor, "W P"]

    def __len__(self) -> int:
        return len(self.z)

    @property
    def index(self) -> Int[Tensor, " W"]:
        """Numbers of negative eigenvalues."""
        return (self.eigenvalues < 0.0).sum(1)

    @property
    def rises(self) -> Bool[Tensor, " W"]:
        """True where s grows along the tangent."""
        return self.tangent[:, -1] > 0.0

    def take(self, rows: Int[Tensor, " R"]) -> Self:
        """Some of the points."""
        return type(self)(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


class Curve:
    """The curves of stationary points of a family over an interval of its parameter."""

    def __init__(self, family: Family, interval: Interval) -> None:
        self.family = family
        self.interval = interval

    def energy_and_gradient(self, z: Float[Tensor, "W Q"]) -> tuple[Float[Tensor, " W"], Float[Tensor, "W P"]]:
        """Energies and gradients in theta at z."""
        return self.family.energy_and_gradient(z[:, :-1], self.interval.value(z[:, -1]))

    def jacobian(self, z: Float[Tensor, "W Q"]) -> Float[Tensor, "W P Q"]:
        """Derivatives [H, dg/ds] of the gradients by theta and s."""
        theta, value = z[:, :-1], self.interval.value(z[:, -1])
        slope = self.family.slope(theta, value) * self.interval.scale(z[:, -1])[:, None]
        return torch.cat([self.family.hessian(theta, value), slope[:, :, None]], 2)

    def holds(self, z: Float[Tensor, "W Q"]) -> Bool[Tensor, " W"]:
        """True where z is stationary, within the accepted RMS gradient."""
        gradient = self.energy_and_gradient(z)[1]
        return gradient.square().mean(1).sqrt() <= ACCEPTED_RMS * self.family.energy_unit

    def points(self, z: Float[Tensor, "W Q"], along: Float[Tensor, "W Q"]) -> Points:
        """Points of curves at z, with tangents in the directions `along`."""
        jacobian = self.jacobian(z)
        return Points(
            z=z,
            energy=self.energy_and_gradient(z)[0],
            tangent=_tangents(jacobian, along),
            eigenvalues=_eigenvalues(jacobian[:, :, :-1]),
        )

    def along_s(self, walkers: int, sign: float) -> Float[Tensor, "W Q"]:
        """Unit vectors along s, in the direction of the sign."""
        vectors = torch.zeros(walkers, self.family.n_parameters + 1, dtype=torch.float64, device=self.family.device)
        vectors[:, -1] = sign
        return vectors

    def corrected(
        self, start: Float[Tensor, "W Q"], constraint: Constraint, most: int = MOST_STEPS
    ) -> tuple[Float[Tensor, "W Q"], Bool[Tensor, " W"]]:
        """Points that solve gradient and constraint, by at most so many Newton steps from `start`; true if converged.

        Steps end at an RMS gradient of 1e-12 units of the energy, or at rounding below 1e-10.
        """
        unit, z = self.family.energy_unit, start.clone()
        good = torch.zeros(len(z), dtype=torch.bool, device=z.device)
        rows, before = torch.arange(len(z), device=z.device), torch.full((len(z),), math.inf, dtype=z.dtype)
        before = before.to(z.device)
        for step in range(most + 1):
            gradient = self.energy_and_gradient(z[rows])[1]
            value, row = constraint.at(z[rows], rows)
            rms = gradient.square().mean(1).sqrt() / unit
            good[rows] = (rms <= ACCEPTED_RMS) & (value.abs() <= ACCEPTED_CONSTRAINT)
            settled = good[rows] & ((rms <= TARGET_RMS) | (rms > STALLED * before[rows]))
            left = ~settled & rms.isfinite()
            if step == most or not left.any():
                break
            before[rows] = rms
            rows, wanted = rows[left], torch.cat([gradient, value[:, None]], 1)[left]
            bordered = torch.cat([self.jacobian(z[rows]), row[left][:, None]], 1)
            z[rows] -= torch.linalg.solve_ex(bordered, wanted)[0]
        return z, good


def unit(vectors: Float[Tensor, "W Q"]) -> Float[Tensor, "W Q"]:
    """Vectors of unit length in the same directions."""
    shortened: Tensor = vectors / vectors.norm(dim=1, keepdim=True).clamp_min(1e-300)
    return shortened


def _tangents(jacobian: Float[Tensor, "W P Q"], along: Float[Tensor, "W Q"]) -> Float[Tensor, "W Q"]:
    """Unit null vectors of Jacobians in the directions `along`; `along` itself where it is orthogonal to them all."""
    wanted = torch.zeros_like(along)
    wanted[:, -1] = 1.0
    found = torch.linalg.solve_ex(torch.cat([jacobian, along[:, None]], 1), wanted)[0]
    found = torch.where(found.isfinite().all(1, keepdim=True), found, along)
    return unit(found)


def _eigenvalues(hessian: Float[Tensor, "W P P"]) -> Float[Tensor, "W P"]:
    """Eigenvalues of Hessians, ascending; nan where a Hessian is not finite."""
    finite = hessian.isfinite().all(2).all(1)[:, None]
    return torch.where(finite, torch.linalg.eigvalsh(torch.where(finite[:, :, None], hessian, 0.0)), math.nan)
