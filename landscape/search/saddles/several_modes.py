"""Eigenvector-following with several modes: uphill along the k lowest eigenvectors, downhill along all others.

It leads to saddles of index k, where the search for transition states has k = 1 (Doye and Wales 2002). A component of a
step is that of `landscape.search.eigenvector_following`, with F the gradient along an eigenvector and l its eigenvalue,

    h = 2 F / |l| / (1 + sqrt(1 + 4 F^2 / l^2)),    + along the k lowest modes, - along the others,

and all components are shortened together until the longest is the trust radius. The eigenvectors of a multiple
eigenvalue are any basis of their eigenspace. So F is taken over the whole eigenspace, and an eigenspace that has modes
on both sides of k is followed downhill: the step is the same in every basis.

A walker that has climbed for long with fewer than k negative eigenvalues climbs the regularisation, which has no top.

Shapes: W walkers, P parameters, E known eigenvalues.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape.numerics.spectra import Spectrum, spectrum
from landscape.objective import Objective
from landscape.optimize.driver import move_running
from landscape.optimize.status import fresh_status, status_after
from landscape.search.eigenvector_following import RESOLUTION, same_eigenvalue


@dataclass(frozen=True, kw_only=True)
class ModesState:
    """Walkers on their way to saddles."""

    theta: Float[Tensor, "W P"]
    gradient: Float[Tensor, "W P"]
    calls: Int[Tensor, " W"]
    status: Int[Tensor, " W"]


@dataclass(frozen=True)
class SeveralModes:
    """Settings: number of `modes` to follow uphill, `rms` gradient to reach in units of the energy, steps allowed in
    all and with too few negative eigenvalues, and the trust radius.
    """

    modes: int
    rms: float = 1e-6
    max_steps: int = 100
    max_climb: int = 50
    trust: float = 0.3
    recordable: ClassVar[bool] = False  # torch.linalg.eigh waits for the device to test convergence

    def doubles_per_walker(self, objective: Objective) -> int:
        """Number of float64 values of a Hessian, its eigenvectors and the table of equal eigenvalues."""
        return 6 * objective.n_parameters**2

    def init(self, objective: Objective, points: Float[Tensor, "W P"]) -> ModesState:
        """Fresh walkers at points [W, P]."""
        energy, gradient = objective.energy_and_gradient(points)
        status = fresh_status(energy, gradient)
        return ModesState(theta=points, gradient=gradient, calls=torch.ones_like(status), status=status)

    def step(self, objective: Objective, state: ModesState) -> ModesState:
        """One step of every running walker."""
        return move_running(state, lambda running: self._moved(objective, running))

    def _moved(self, objective: Objective, state: ModesState) -> ModesState:
        found = spectrum(objective, state.theta)
        components = self._components(state.gradient, found)
        theta = state.theta + torch.bmm(found.vectors, components[:, :, None])[:, :, 0]
        energy, gradient = objective.energy_and_gradient(theta)
        calls = state.calls + 1
        enough = found.index(objective.curvature_threshold) >= self.modes
        exhausted = (calls > self.max_steps) | ((calls > self.max_climb) & ~enough)
        status = status_after(energy, gradient, self.rms * objective.energy_unit, exhausted)
        return ModesState(theta=theta, gradient=gradient, calls=calls, status=status)

    def _components(self, gradient: Float[Tensor, "W P"], found: Spectrum) -> Float[Tensor, "W E"]:
        """The components [W, E] of a step along the eigenvectors."""
        size = found.values.abs()
        size = size.clamp_min(RESOLUTION * size.amax(1, keepdim=True)).clamp_min(1e-300)
        force, same = torch.bmm(gradient[:, None], found.vectors)[:, 0], same_eigenvalue(found.values)
        strength = (same * force.square()[:, None]).sum(2).sqrt()
        factor = 2.0 / size / (1.0 + (1.0 + 4.0 * (strength / size).square()).sqrt())
        shortening = (self.trust / (strength * factor).amax(1).clamp_min(1e-300)).clamp_max(1.0)
        place = torch.arange(size.shape[1], device=size.device)
        last = (same * place).amax(2)  # the place of the last eigenvalue of the same eigenspace
        return torch.where(last < self.modes, 1.0, -1.0) * force * factor * shortening[:, None]
