"""Eigenvector-following: uphill along one eigenvector, downhill along all others (Cerjan and Miller 1981).

In the eigenvector basis of the Hessian each component of the step is that of Wales (1994), with F the
gradient along the eigenvector and l its eigenvalue,

    h = 2 F / |l| / (1 + sqrt(1 + 4 F^2 / l^2)),    + along the followed mode, - along the others.

While the Hessian has no negative eigenvalue, the followed mode is the one with the largest overlap with the last
followed mode, so that a band's tangent or a random direction leads out of a basin; afterwards it is the lowest
mode. The longest component is kept below a trust radius, which grows or shrinks by a factor of 1.1, depending on
the agreement of the eigenvalue with its estimate from the change of F along the last step (Munro and Wales 1999).

No Hessian is needed: a step is taken in the Krylov space of the gradient and the last mode, with products from
differences of gradients (`krylov` in `numerics/spectra.py`). A small space is enough for most guesses; `follow`
continues in a larger space for guesses that take many steps, which have many soft modes. Up to EXACT_LIMIT parameters
the eigenpairs of the Hessian itself cost no more.

The eigenvectors of a multiple eigenvalue can be any basis of their eigenspace (a network with softmax and L2 has
H + 1 equal eigenvalues at every point), and rounding chooses the basis. So F is taken over the whole eigenspace,
which gives the same step in every basis.

Shapes: W walkers, P parameters, E known eigenvalues.
"""

from dataclasses import dataclass, fields, replace
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics.spectra import Spectrum, difference_products, krylov, spectrum
from landscape.objective import Objective
from landscape.optimize.driver import move_running, put_rows, run_all
from landscape.optimize.status import Status, fresh_status, status_after

EXACT_LIMIT = 110  # cost of a state over that by Krylov spaces: 0.6 with the 83 of iris, above 1 with the 173 of wine
DEVICE_EXACT_LIMIT = 400  # EXACT_LIMIT on other devices than a CPU: there each Krylov vector waits for the device
KRYLOV_VECTORS = 20  # at first: fewer vectors take more steps and lose saddles of iris, more take longer per step
MORE_VECTORS = 45  # after `FIRST_STEPS` steps, by which most guesses have converged
FIRST_STEPS = 30
DIFFERENCE = 1e-6  # displacement in theta for differences of gradients
TRUST_FACTOR = 1.1
TRUST_TOLERANCE = 0.5
# Eigenvalues and differences of eigenvalues below this fraction of the largest eigenvalue are rounding errors.
RESOLUTION = 1e-10


@dataclass(frozen=True, kw_only=True)
class FollowingState:
    """Walkers on their way to transition states."""

    # The point.
    theta: Float[Tensor, "W P"]
    energy: Float[Tensor, " W"]
    gradient: Float[Tensor, "W P"]
    # The mode.
    mode: Float[Tensor, "W P"]  # unit length
    trust: Float[Tensor, " W"]
    uphill: Float[Tensor, " W"]  # component of the last step along the mode
    force: Float[Tensor, " W"]  # gradient along the mode before that step
    # The cost and the status.
    calls: Int[Tensor, " W"]
    status: Int[Tensor, " W"]


@dataclass(frozen=True)
class EigenvectorFollowing:
    """Settings: `rms` to reach, number of `vectors` of a Krylov space, steps allowed in all and without any negative
    eigenvalue, and the first, smallest and largest trust radius.

    A walker that has climbed for long without negative curvature is climbing the regularisation, which has no top.
    """

    rms: float = 1e-6  # in units of the energy
    vectors: int = KRYLOV_VECTORS
    max_steps: int = 80
    max_climb: int = 40
    trust: float = 0.3
    min_trust: float = 0.01
    max_trust: float = 1.0
    recordable: ClassVar[bool] = False  # torch.linalg.eigh waits for the device to test convergence

    def doubles_per_walker(self, objective: Objective) -> int:
        """Number of float64 values of a Hessian or a Krylov space, its eigenvectors and table of equal eigenvalues."""
        parameters = objective.n_parameters
        return 6 * parameters * (parameters if _is_exact(objective) else self.vectors)

    def init(self, objective: Objective, points: Float[Tensor, "W 2 P"]) -> FollowingState:
        """Fresh walkers; points [W, 2, P] are places and the directions to follow from them."""
        theta, mode = points[:, 0], points[:, 1]
        energy, gradient = objective.energy_and_gradient(theta)
        status = fresh_status(energy, gradient)
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
        """One step of every running walker; on a GPU all walkers are computed, and the running ones kept."""
        if state.theta.device.type != "cpu":
            return _merged(state, self._moved(objective, state), state.status == Status.RUNNING)
        return move_running(state, lambda running: self._moved(objective, running))

    def _moved(self, objective: Objective, state: FollowingState) -> FollowingState:
        found = self._spectrum(objective, state)
        curved = found.values[:, 0] < -objective.curvature_threshold
        same = same_eigenvalue(found.values)
        followed = _followed(state.mode, found, same, curved)
        mode = torch.bmm(found.vectors, followed[:, :, None])[:, :, 0]
        components = torch.bmm(state.gradient[:, None], found.vectors)[:, 0]
        force, value = (components * followed).sum(1), (found.values * followed.square()).sum(1)
        trust = self._trust(state, mode, force, value)
        uphill, pieces = _step_components(components, found.values, same, followed, trust)
        theta = state.theta + torch.bmm(found.vectors, pieces[:, :, None])[:, :, 0]
        energy, gradient = objective.energy_and_gradient(theta)
        calls = state.calls + 1
        exhausted = (calls > self.max_steps) | ((calls > self.max_climb) & ~curved)
        return FollowingState(
            theta=theta,
            energy=energy,
            gradient=gradient,
            mode=mode,
            trust=trust,
            uphill=uphill,
            force=force,
            calls=calls,
            status=status_after(energy, gradient, self.rms * objective.energy_unit, exhausted),
        )

    def _spectrum(self, objective: Objective, state: FollowingState) -> Spectrum:
        """The eigenpairs from which a step is computed."""
        if _is_exact(objective):
            return spectrum(objective, state.theta)
        product = difference_products(objective, state.theta, state.gradient, DIFFERENCE)
        return krylov(product, self.vectors, state.gradient, state.mode)

    def _trust(
        self, state: FollowingState, mode: Float[Tensor, "W P"], force: Float[Tensor, " W"], value: Float[Tensor, " W"]
    ) -> Float[Tensor, " W"]:
        """Trust radii [W] from the agreement of the followed eigenvalue with its estimate from the last step."""
        sign = (state.mode * mode).sum(1).sign()
        estimate = (force * sign - state.force) / state.uphill
        agrees = ((estimate - value) / value).abs() < TRUST_TOLERANCE
        adapted = torch.where(agrees, state.trust * TRUST_FACTOR, state.trust / TRUST_FACTOR)
        return torch.where(state.uphill == 0.0, state.trust, adapted).clamp(self.min_trust, self.max_trust)


def follow(
    objective: Objective, guesses: Float[Tensor, "W 2 P"], method: EigenvectorFollowing, batch: int
) -> FollowingState:
    """Final states of walkers from guesses [W, 2, P], places and directions; at most `batch` walkers run at a time."""
    if _is_exact(objective):
        return run_all(method, objective, guesses, batch)
    first = run_all(replace(method, max_steps=min(FIRST_STEPS, method.max_steps)), objective, guesses, batch)
    rows = ((first.status == Status.OUT_OF_STEPS) & (first.calls > FIRST_STEPS)).nonzero()[:, 0]
    if not len(rows) or method.max_steps <= FIRST_STEPS:
        return first
    left = replace(
        method,
        vectors=MORE_VECTORS,
        max_steps=method.max_steps - FIRST_STEPS,
        max_climb=max(0, method.max_climb - FIRST_STEPS),
    )
    ended = run_all(left, objective, torch.stack([first.theta[rows], first.mode[rows]], 1), batch)
    return put_rows(first, rows, replace(ended, calls=first.calls[rows] + ended.calls))


def _is_exact(objective: Objective) -> bool:
    """True if steps are computed from the eigenpairs of Hessians."""
    return objective.n_parameters <= (EXACT_LIMIT if objective.device.type == "cpu" else DEVICE_EXACT_LIMIT)


def _merged(state: FollowingState, moved: FollowingState, kept: Bool[Tensor, " W"]) -> FollowingState:
    """`moved` where `kept`, else `state`."""
    columns = {}
    for field in fields(state):
        before, after = getattr(state, field.name), getattr(moved, field.name)
        columns[field.name] = torch.where(kept if before.ndim == 1 else kept[:, None], after, before)
    return FollowingState(**columns)


def _followed(
    mode: Float[Tensor, "W P"], found: Spectrum, same: Float[Tensor, "W E E"], curved: Bool[Tensor, " W"]
) -> Float[Tensor, "W E"]:
    """The followed modes [W, E] in the eigenbasis, of unit length: the lowest eigenvector where `curved`, bool[W].

    Elsewhere, the part of the last mode [W, P] in the eigenspace that contains most of this mode per dimension.
    """
    overlap = torch.bmm(mode[:, None], found.vectors)[:, 0]
    most = ((same * overlap.square()[:, None]).sum(2) / same.sum(2)).argmax(1)
    part = same[torch.arange(len(mode), device=mode.device), most] * overlap
    lowest = torch.zeros_like(part)
    lowest[:, 0] = 1.0
    return torch.where(curved[:, None], lowest, part / part.norm(dim=1, keepdim=True).clamp_min(1e-300))


def _step_components(
    components: Float[Tensor, "W E"],
    values: Float[Tensor, "W E"],
    same: Float[Tensor, "W E E"],
    followed: Float[Tensor, "W E"],
    trust: Float[Tensor, " W"],
) -> tuple[Float[Tensor, " W"], Float[Tensor, "W E"]]:
    """Step [W] up along the followed mode, and all components [W, E] of the step, which goes down along the others."""
    size = values.abs().clamp_min(RESOLUTION * values.abs().amax(1, keepdim=True)).clamp_min(1e-300)
    force = (components * followed).sum(1, keepdim=True)
    others = components - force * followed
    strength = (same * others.square()[:, None]).sum(2).sqrt()
    factor = 2.0 / size / (1.0 + (1.0 + 4.0 * (strength / size).square()).sqrt())
    followed_size = (size * followed.square()).sum(1, keepdim=True)
    uphill = 2.0 * force / followed_size / (1.0 + (1.0 + 4.0 * (force / followed_size).square()).sqrt())
    longest = torch.maximum((strength * factor).amax(1), uphill[:, 0].abs())
    shortening = (trust / longest.clamp_min(1e-300)).clamp_max(1.0)
    return uphill[:, 0] * shortening, (uphill * followed - others * factor) * shortening[:, None]


def same_eigenvalue(values: Float[Tensor, "W E"]) -> Float[Tensor, "W E E"]:
    """1 where two eigenvalues are equal to within rounding, else 0."""
    gap = (values[:, :, None] - values[:, None]).abs()
    return (gap <= RESOLUTION * values.abs().amax(1)[:, None, None]).to(values.dtype)
