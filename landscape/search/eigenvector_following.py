"""Eigenvector-following: uphill along one eigenvector, downhill along all others (Cerjan and Miller 1981).

In the eigenvector basis of the Hessian each component of the step is that of Wales (1994), with F the
gradient along the eigenvector and l its eigenvalue,

    h = 2 F / |l| / (1 + sqrt(1 + 4 F^2 / l^2)),    + along the followed mode, - along the others.

While the Hessian has no negative eigenvalue the followed mode is the one that overlaps most with the last
one, so a band's tangent or a random direction leads the way out of a basin; after that it is the lowest. The
longest component is held below a trust radius, which grows or shrinks by 1.1 with the agreement between
the eigenvalue and what the change of F along the last step says it is (Munro and Wales 1999). The Hessian is
exact up to DENSE_LIMIT parameters; beyond, the step is taken in the Krylov space of the gradient.

Shapes: W walkers, P parameters, E eigenvalues at hand.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from landscape.numerics.spectra import Spectrum, spectrum
from landscape.objective import Objective
from landscape.optimize.status import Status

TRUST_FACTOR = 1.1
TRUST_TOLERANCE = 0.5


@dataclass(frozen=True, kw_only=True)
class FollowingState:
    """Walkers on their way to transition states."""

    # The point.
    theta: Tensor  # [W, P]
    energy: Tensor  # [W]
    gradient: Tensor  # [W, P]
    # The mode.
    mode: Tensor  # [W, P], unit length
    trust: Tensor  # [W]
    uphill: Tensor  # [W]: component of the last step along the mode
    force: Tensor  # [W]: gradient along the mode before that step
    # The account.
    calls: Tensor  # int64[W]
    status: Tensor  # int64[W]


@dataclass(frozen=True)
class EigenvectorFollowing:
    """Settings: `rms` to reach, steps allowed, and the trust radius: first, smallest and largest."""

    rms: float = 1e-6
    max_steps: int = 150
    trust: float = 0.3
    min_trust: float = 0.01
    max_trust: float = 1.0

    def init(self, objective: Objective, points: Tensor) -> FollowingState:
        """Fresh walkers; points [W, 2, P] are places and the directions to follow from them."""
        theta, mode = points[:, 0], points[:, 1]
        energy, gradient = objective.energy_and_gradient(theta)
        finite = energy.isfinite() & gradient.isfinite().all(1)
        status = torch.where(finite, Status.RUNNING, Status.NOT_FINITE)
        return FollowingState(
            theta=theta,
            energy=energy,
            gradient=gradient,
            mode=mode / mode.norm(dim=1, keepdim=True).clamp_min(1e-300),
            trust=torch.full_like(energy, self.trust),
            uphill=torch.zeros_like(energy),
            force=torch.zeros_like(energy),
            calls=torch.ones_like(status),
            status=status,
        )

    def step(self, objective: Objective, state: FollowingState) -> FollowingState:
        """One step of every running walker."""
        running = (state.status == Status.RUNNING).nonzero()[:, 0]
        if not len(running):
            return state
        theta, gradient = state.theta[running], state.gradient[running]
        found = spectrum(objective, theta, gradient)
        components = torch.bmm(gradient[:, None], found.vectors)[:, 0]
        overlap = torch.bmm(state.mode[running, None], found.vectors)[:, 0].abs().argmax(1)
        followed = torch.where(found.values[:, 0] < -objective.curvature_threshold, 0, overlap)
        trust = self._trust(state, running, found, components, followed)
        pieces = _step_components(components, found.values, followed)
        pieces = pieces * (trust / pieces.abs().amax(1).clamp_min(1e-300)).clamp_max(1.0)[:, None]
        theta = theta + torch.bmm(found.vectors, pieces[:, :, None])[:, :, 0]
        energy, gradient = objective.energy_and_gradient(theta)
        walker = torch.arange(len(running), device=theta.device)
        calls = state.calls[running] + 1
        return replace(
            state,
            theta=state.theta.index_copy(0, running, theta),
            energy=state.energy.index_copy(0, running, energy),
            gradient=state.gradient.index_copy(0, running, gradient),
            mode=state.mode.index_copy(0, running, found.vectors[walker, :, followed]),
            trust=state.trust.index_copy(0, running, trust),
            uphill=state.uphill.index_copy(0, running, pieces[walker, followed]),
            force=state.force.index_copy(0, running, components[walker, followed]),
            calls=state.calls.index_copy(0, running, calls),
            status=state.status.index_copy(0, running, self._status(energy, gradient, calls)),
        )

    def _trust(
        self, state: FollowingState, running: Tensor, found: Spectrum, components: Tensor, followed: Tensor
    ) -> Tensor:
        """Trust radii [W] from the agreement of the followed eigenvalue with its estimate by the last step."""
        walker = torch.arange(len(running), device=followed.device)
        value = found.values[walker, followed]
        sign = (state.mode[running] * found.vectors[walker, :, followed]).sum(1).sign()
        uphill = state.uphill[running]
        estimate = (components[walker, followed] * sign - state.force[running]) / uphill
        agrees = ((estimate - value) / value).abs() < TRUST_TOLERANCE
        trust = state.trust[running]
        adapted = torch.where(agrees, trust * TRUST_FACTOR, trust / TRUST_FACTOR)
        return torch.where(uphill == 0.0, trust, adapted).clamp(self.min_trust, self.max_trust)

    def _status(self, energy: Tensor, gradient: Tensor, calls: Tensor) -> Tensor:
        rms = gradient.norm(dim=1) / gradient.shape[1] ** 0.5
        status = torch.where(calls > self.max_steps, Status.OUT_OF_STEPS, Status.RUNNING)
        status = torch.where(rms <= self.rms, Status.CONVERGED, status)
        return torch.where(energy.isfinite() & rms.isfinite(), status, Status.NOT_FINITE)


def _step_components(components: Tensor, values: Tensor, followed: Tensor) -> Tensor:
    """Steps [W, E] along each eigenvector: up along the followed one, down along the others."""
    size = values.abs().clamp_min(1e-300)
    steps = 2.0 * components / size / (1.0 + (1.0 + 4.0 * (components / size).square()).sqrt())
    uphill = torch.zeros_like(steps).scatter_(1, followed[:, None], 1.0)
    return torch.where(uphill > 0, steps, -steps)
