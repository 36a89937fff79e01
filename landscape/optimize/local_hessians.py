"""Hessians for the Newton steps of walkers, kept from step to step, and the curvature at the final points.

Shapes: W walkers, P parameters, R of the walkers.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics.factors import Factors, factorise, solve
from landscape.numerics.spectra import DENSE_LIMIT, Curvature, curvature, curvature_of, spectrum, without_nan
from landscape.objective import Objective


class LocalHessians:
    """The last Hessian of each walker [W], its factors (on a CPU), and the point that it belongs to.

    Above `DENSE_LIMIT` no Hessian is kept: a step is taken in the Krylov space of the gradient at the walker's point.
    """

    def __init__(self, objective: Objective, theta: Float[Tensor, "W P"]) -> None:
        self._objective = objective
        self._dense = objective.n_parameters <= DENSE_LIMIT
        walkers, parameters = theta.shape
        size = parameters if self._dense else 0
        self._place = torch.full_like(theta, torch.nan)
        self._hessian = theta.new_empty(walkers, size, size)
        factored = size if theta.device.type == "cpu" else 0
        self._factors = Factors(
            theta.new_empty(walkers, factored, factored),
            torch.empty(walkers, factored, dtype=torch.int32, device=theta.device),
        )

    def are_at(self, theta: Float[Tensor, "W P"], rows: Int[Tensor, " R"]) -> Bool[Tensor, " R"]:
        """True for the rows whose kept Hessian was computed at theta."""
        return (self._place[rows] == theta[rows]).all(1) if self._dense else torch.ones_like(rows, dtype=torch.bool)

    def renew(self, theta: Float[Tensor, "W P"], rows: Int[Tensor, " R"]) -> None:
        """Replaces the Hessians of the rows by those at theta."""
        rows = rows[~self.are_at(theta, rows)]
        if not len(rows):
            return
        hessian = self._objective.hessian(theta[rows]).detach()
        self._place[rows], self._hessian[rows] = theta[rows], hessian
        if self._factors.pivots.shape[1]:
            made = factorise(without_nan(hessian)[1])
            self._factors.columns[rows], self._factors.pivots[rows] = made

    def newton_step(
        self, theta: Float[Tensor, "W P"], gradient: Float[Tensor, "W P"], rows: Int[Tensor, " R"]
    ) -> Float[Tensor, "R P"]:
        """Solutions [R, P] of H x = gradient; zero where there is no finite solution."""
        slope = gradient[rows]
        if not self._dense:
            found = spectrum(self._objective, theta[rows], slope)
            components = torch.bmm(slope[:, None], found.vectors)[:, 0] / found.values
            return torch.bmm(found.vectors, components[:, :, None])[:, :, 0]
        if self._factors.pivots.shape[1]:
            solution = solve(Factors(*(part[rows] for part in self._factors)), slope)
        else:
            solution, _ = torch.linalg.solve_ex(self._hessian[rows], slope)
        return torch.where(solution.isfinite().all(1, keepdim=True), solution, 0.0)

    def curvature(self, theta: Float[Tensor, "W P"], rows: Int[Tensor, " R"]) -> Curvature:
        """The curvature of the rows at theta; nan where a Hessian is not finite."""
        threshold = self._objective.curvature_threshold
        if not self._dense:
            return curvature_of(spectrum(self._objective, theta[rows]), threshold)
        self.renew(theta, rows)
        factors = Factors(*(part[rows] for part in self._factors)) if self._factors.pivots.shape[1] else None
        return curvature(self._hessian[rows], threshold, factors)
