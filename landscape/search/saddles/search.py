"""Stationary points of any index from guesses, verified.

guess -> eigenvector-following with several modes, or descent of the gradient norm -> Newton finish -> index test. A
search may end on a point of another index than the number of modes that it follows: every stationary point counts.

Shapes: S searches, F points found, P parameters.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from landscape.objective import Objective
from landscape.optimize.driver import run_all, take_rows
from landscape.optimize.newton import StationaryPoints, newton_finish
from landscape.optimize.status import Status
from landscape.search.saddles.gradient_norm import GradientNorm, NormState
from landscape.search.saddles.guesses import ANY_INDEX, Guesses
from landscape.search.saddles.several_modes import ModesState, SeveralModes


def stationary_points(objective: Objective, guesses: Guesses, batch: int) -> StationaryPoints:
    """The stationary points [F] to which guesses [S] lead, of any index, in order of search; copies are among them.

    At most `batch` walkers run at a time. Points are converged as by `newton_finish`.
    """
    ends, found = guesses.theta.clone(), torch.zeros(len(guesses.theta), dtype=torch.bool, device=objective.device)
    for modes in np.unique(guesses.modes).tolist():
        rows = torch.tensor(np.flatnonzero(guesses.modes == modes), device=objective.device)
        ends[rows], found[rows] = _followed(objective, guesses.theta[rows], modes, batch)
    points = newton_finish(objective, ends[found])
    return take_rows(points, (points.status == Status.CONVERGED).nonzero()[:, 0])


def _followed(
    objective: Objective, theta: Float[Tensor, "S P"], modes: int, batch: int
) -> tuple[Float[Tensor, "S P"], Bool[Tensor, " S"]]:
    """The ends [S, P] of searches from theta [S, P], and true [S] where they converged."""
    state: NormState | ModesState
    if modes == ANY_INDEX:
        state = run_all(GradientNorm(), objective, theta, batch)
    else:
        state = run_all(SeveralModes(modes=modes), objective, theta, batch)
    return state.theta, state.status == Status.CONVERGED


@dataclass(frozen=True, kw_only=True)
class WholeSpectrum:
    """Numbers that describe points [F] of any index, from all eigenvalues of their Hessians."""

    softest_eigenvalue: Float[Tensor, " F"]  # the eigenvalue of least magnitude
    log_determinant: Float[Tensor, " F"]  # sum of the logarithms of the magnitudes

    @classmethod
    def of(cls, points: StationaryPoints) -> Self:
        """The numbers of points from `classify`; without all eigenvalues there is no determinant, but nan."""
        size = points.values.abs()
        softest = points.values.gather(1, size.argmin(1, keepdim=True))[:, 0]
        known = points.values.shape[1] == points.theta.shape[1]
        log_determinant = size.log().sum(1) if known else torch.full_like(softest, torch.nan)
        return cls(softest_eigenvalue=softest, log_determinant=log_determinant)
