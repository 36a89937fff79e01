"""Analytic surfaces with known stationary points, for testing searches.

A surface is an `Objective` with exact derivatives in closed form. Its stationary points are in `known`, converged to
1e-8 or better, so that tests and users can compare without a table of their own. Mueller-Brown and the six-hump camel
are functions on the plane without symmetry; a Lennard-Jones cluster has the symmetry `ClusterSymmetry`.

Shapes: W walkers, P parameters, N atoms, K known points; float64.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from landscape.objective import Recorder, Symmetry
from landscape.problems.networks.symmetry import NoSymmetry
from landscape.problems.surfaces.clusters import ClusterSymmetry, rigid_modes


@dataclass(frozen=True, kw_only=True)
class KnownPoint:
    """A stationary point from the literature; `theta` [P] is None if only the energy is known."""

    energy: float
    index: int
    theta: tuple[float, ...] | None = None


class Surface:
    """The common part of all surfaces; a subclass adds `energy_and_gradient` and `hessian`."""

    n_parameters: int
    known: tuple[KnownPoint, ...]
    symmetry: Symmetry = NoSymmetry()
    energy_unit = 1.0
    curvature_threshold = 1e-6
    smooth = True
    cheap_hessian = False
    recorder: Recorder | None = None

    def __init__(self, device: str = "cpu") -> None:
        self.device = torch.device(device)

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]."""
        raise NotImplementedError

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, P, P] of theta [W, P]."""
        raise NotImplementedError

    def kernel(self) -> None:
        """None: there is no compiled code."""

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W] of theta [W, P]."""
        return self.energy_and_gradient(theta)[0]

    def hessian_vector_product(self, theta: Tensor, vector: Tensor) -> Tensor:
        """Hessians at theta [W, P] times vector [W, P]."""
        return (self.hessian(theta) @ vector[:, :, None])[:, :, 0]

    def known_energies(self, index: int) -> np.ndarray:
        """Energies of the known points with `index` negative eigenvalues, ascending, copies included."""
        return np.sort([point.energy for point in self.known if point.index == index])


class MuellerBrown(Surface):
    """The Mueller-Brown surface (Theoretica Chimica Acta 53, 75, 1979): three minima, two transition states.

    E = sum over four terms of A exp(a (x - x0)^2 + b (x - x0)(y - y0) + c (y - y0)^2).
    """

    n_parameters = 2
    known = (
        KnownPoint(energy=-146.69951721, index=0, theta=(-0.55822363, 1.44172584)),
        KnownPoint(energy=-108.16672412, index=0, theta=(0.62349940, 0.02803776)),
        KnownPoint(energy=-80.76781813, index=0, theta=(-0.05001082, 0.46669410)),
        KnownPoint(energy=-40.66484351, index=1, theta=(-0.82200156, 0.62431280)),
        KnownPoint(energy=-72.24894011, index=1, theta=(0.21248658, 0.29298833)),
    )

    def __init__(self, device: str = "cpu") -> None:
        super().__init__(device)
        a, b, c = (-1.0, -1.0, -6.5, 0.7), (0.0, 0.0, 11.0, 0.6), (-10.0, -10.0, -6.5, 0.7)
        self._amplitude = self._tensor((-200.0, -100.0, -170.0, 15.0))
        self._centre = self._tensor(((1.0, 0.0), (0.0, 0.5), (-0.5, 1.5), (-1.0, 1.0)))
        self._form = self._tensor([[[2 * a, b], [b, 2 * c]] for a, b, c in zip(a, b, c, strict=True)])

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, 2] of theta [W, 2]."""
        terms, slopes = self._terms(theta)
        return terms.sum(1), (terms[:, :, None] * slopes).sum(1)

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, 2, 2] of theta [W, 2]."""
        terms, slopes = self._terms(theta)
        return (terms[:, :, None, None] * (slopes[:, :, :, None] * slopes[:, :, None, :] + self._form)).sum(1)

    def _terms(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """The four terms [W, 4] and the gradients [W, 4, 2] of their exponents."""
        offset = theta[:, None] - self._centre
        slopes = (self._form * offset[:, :, None]).sum(3)
        return self._amplitude * (0.5 * (offset * slopes).sum(2)).exp(), slopes

    def _tensor(self, values: object) -> Tensor:
        return torch.tensor(values, dtype=torch.float64, device=self.device)


class SixHumpCamel(Surface):
    """E = (4 - 2.1 x^2 + x^4 / 3) x^2 + x y + (4 y^2 - 4) y^2: six minima, seven transition states, two maxima.

    E(-theta) = E(theta), so all points but the origin come in pairs of equal energy, which count as different points.
    """

    n_parameters = 2
    known = tuple(
        KnownPoint(energy=energy, index=index, theta=theta)
        for energy, index, first in (
            (-1.03162845, 0, (0.08984201, -0.71265640)),
            (-0.21546382, 0, (1.70360671, -0.79608357)),
            (2.10425031, 0, (1.60710475, 0.56865145)),
            (0.0, 1, (0.0, 0.0)),
            (0.54371860, 1, (1.10920534, -0.76826809)),
            (2.22935720, 1, (1.63806798, 0.22867407)),
            (2.22947082, 1, (1.29607027, 0.60508439)),
            (2.49629535, 2, (1.23022988, 0.16233458)),
        )
        for theta in sorted({first, (-first[0] + 0.0, -first[1] + 0.0)})
    )

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, 2] of theta [W, 2]."""
        x, y = theta[:, 0], theta[:, 1]
        energy = (4.0 - 2.1 * x**2 + x**4 / 3.0) * x**2 + x * y + (4.0 * y**2 - 4.0) * y**2
        return energy, torch.stack([8.0 * x - 8.4 * x**3 + 2.0 * x**5 + y, x - 8.0 * y + 16.0 * y**3], 1)

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, 2, 2] of theta [W, 2]."""
        x, y = theta[:, 0], theta[:, 1]
        one = torch.ones_like(x)
        rows = [8.0 - 25.2 * x**2 + 10.0 * x**4, one, one, -8.0 + 48.0 * y**2]
        return torch.stack(rows, 1).view(-1, 2, 2)


class LennardJones(Surface):
    """A cluster in reduced units: E = 4 sum over pairs of r^-12 - r^-6; parameters are x, y, z of each atom in turn.

    Translations and rotations cost no energy. They are projected out of the Hessian and given the eigenvalue 1,
    so that they do not affect Newton steps, the index and the log-determinant.
    """

    def __init__(self, n_atoms: int, device: str = "cpu") -> None:
        super().__init__(device)
        self.n_atoms = n_atoms
        self.n_parameters = 3 * n_atoms
        self.symmetry = ClusterSymmetry(n_atoms)
        tables = (_CLUSTER_MINIMA, _CLUSTER_TRANSITION_STATES)
        self.known = tuple(
            KnownPoint(energy=energy, index=index)
            for index, table in enumerate(tables)
            for energy in table.get(n_atoms, ())
        )
        self._pairs = torch.triu_indices(n_atoms, n_atoms, 1, device=self.device)

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, 3 N] of theta [W, 3 N]."""
        offset, inverse = self._offsets(theta)
        energy = 4.0 * (inverse**6 - inverse**3).sum(1)
        force = (-24.0 * (2.0 * inverse**7 - inverse**4))[:, :, None] * offset
        gradient = theta.new_zeros(len(theta), self.n_atoms, 3)
        gradient.index_add_(1, self._pairs[0], force).index_add_(1, self._pairs[1], force, alpha=-1.0)
        return energy, gradient.flatten(1)

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, 3 N, 3 N] of theta [W, 3 N], with eigenvalue 1 along translations and rotations."""
        hessian = self._plain_hessian(theta)
        modes = rigid_modes(theta.reshape(-1, self.n_atoms, 3))
        rigid = modes @ modes.mT
        inner = torch.eye(self.n_parameters, dtype=theta.dtype, device=theta.device) - rigid
        projected = inner @ hessian @ inner
        return 0.5 * (projected + projected.mT) + rigid

    def _plain_hessian(self, theta: Tensor) -> Tensor:
        offset, inverse = self._offsets(theta)
        along = 96.0 * (7.0 * inverse**8 - 2.0 * inverse**5)
        across = -24.0 * (2.0 * inverse**7 - inverse**4)
        identity = torch.eye(3, dtype=theta.dtype, device=theta.device)
        block = along[:, :, None, None] * offset[..., :, None] * offset[..., None, :]
        block = block + across[:, :, None, None] * identity
        first, second = self._pairs
        blocks = theta.new_zeros(len(theta), self.n_atoms, self.n_atoms, 3, 3)
        blocks[:, first, second] = -block
        blocks[:, second, first] = -block
        atom = torch.arange(self.n_atoms, device=theta.device)
        blocks[:, atom, atom] = -blocks.sum(2)
        return blocks.transpose(2, 3).reshape(len(theta), self.n_parameters, self.n_parameters)

    def _offsets(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Offset [W, pairs, 3] between the atoms of each pair and 1 / r^2 [W, pairs]."""
        atoms = theta.reshape(-1, self.n_atoms, 3)
        offset = atoms[:, self._pairs[0]] - atoms[:, self._pairs[1]]
        return offset, 1.0 / offset.square().sum(2)


# Wales, Doye: The Journal of Physical Chemistry A 101, 5111 (1997), and its Cambridge Cluster Database.
_CLUSTER_MINIMA = {
    2: (-1.0,),
    3: (-3.0,),
    4: (-6.0,),
    5: (-9.103852,),
    6: (-12.712062, -12.302928),
    7: (-16.505384, -15.935043, -15.593211, -15.533060),
    8: (-19.821489, -19.765298, -19.189311, -19.169280, -18.976056, -18.856826, -18.828672, -18.778208),
}
# The literature counts 42 for 8 atoms: Doye, Miller and Wales, The Journal of Chemical Physics 111, 8417 (1999). The
# energies come from several thousand single-ended searches of this package.
_CLUSTER_TRANSITION_STATES: dict[int, tuple[float, ...]] = {
    8: (
        -19.281244,
        -19.159274,
        -18.926304,
        -18.806438,
        -18.788849,
        -18.767140,
        -18.710548,
        -18.707532,
        -18.694706,
        -18.684613,
        -18.645830,
        -18.638273,
        -18.597348,
        -18.596638,
        -18.578459,
        -18.563848,
        -18.555402,
        -18.526372,
        -18.526323,
        -18.515093,
        -18.498494,
        -18.493301,
        -18.444490,
        -18.435627,
        -18.420172,
        -18.372695,
        -18.332463,
        -18.299580,
        -18.294371,
        -18.270610,
        -18.259447,
        -18.226882,
        -18.069799,
        -18.021498,
        -18.006797,
        -17.963093,
        -17.900834,
        -17.883493,
        -17.861892,
        -17.834937,
        -17.787103,
        -16.765799,
    ),
}
