"""Verification of theta = 0, with the best output biases, against its closed form.

The point is no row of a database and need not be a minimum: its gradient and index test the energy and its Hessian. See
`landscape.problems.networks.origin`. Up to `DENSE_LIMIT` parameters the index is compared; beyond, the lowest
eigenvalue alone, since Lanczos vectors do not count equal eigenvalues.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from landscape.campaign.context import Context
from landscape.campaign.pools.pool import Pool
from landscape.numerics.spectra import DENSE_LIMIT
from landscape.optimize.newton import classify

POINT = "theta = 0"
RMS_TOLERANCE, EIGENVALUE_TOLERANCE = 1e-9, 1e-6  # in units of the energy


@dataclass(frozen=True)
class OriginTask:
    """Compute the RMS gradient, the index and the lowest eigenvalue of theta = 0."""

    def run(self, context: Context) -> tuple[float, int, float]:
        """These three numbers."""
        problem = context.require_problem()
        assert problem.origin is not None  # noqa: S101 - without it there is no task
        theta = torch.tensor(problem.origin.parameters(problem.l2), dtype=torch.float64, device=problem.device)
        point = classify(problem, theta[None])
        return point.rms_gradient.item(), int(point.index.item()), point.values[0, 0].item()


def origin_faults(context: Context, pool: Pool, interrupted: Callable[[], bool] = lambda: False) -> list[str]:
    """A line for every difference from the closed form; none where it does not hold. Raises `Abandoned`."""
    problem = context.problem
    if problem is None or problem.origin is None:
        return []
    ((rms, index, eigenvalue),) = pool.run([OriginTask()], lambda: None, interrupted)
    origin, unit, faults = problem.origin, problem.energy_unit, []
    expected, lowest = origin.index(problem.l2, problem.curvature_threshold), origin.lowest_eigenvalue(problem.l2)
    if not rms <= RMS_TOLERANCE * unit:
        faults.append(f"{POINT}: RMS gradient {rms:.3g}, expected at most {RMS_TOLERANCE * unit:g}")
    if index != expected and problem.n_parameters <= DENSE_LIMIT:
        faults.append(f"{POINT}: {index} negative Hessian eigenvalues, expected {expected} by the closed form")
    if not abs(eigenvalue - lowest) <= EIGENVALUE_TOLERANCE * max(unit, abs(lowest)):
        faults.append(f"{POINT}: lowest eigenvalue {eigenvalue:.12g}, expected {lowest:.12g} by the closed form")
    return faults


def origin_line(context: Context, faults: Sequence[str]) -> list[str]:
    """One line on theta = 0 if it is as the closed form has it; none where that does not hold, or among the faults."""
    problem = context.problem
    if problem is None or problem.origin is None or any(fault.startswith(POINT) for fault in faults):
        return []
    index, lowest = problem.origin.index(problem.l2), problem.origin.lowest_eigenvalue(problem.l2)
    counted = f"index {index}" if problem.n_parameters <= DENSE_LIMIT else "lowest eigenvalue alone compared"
    return [f"{POINT}, best output biases: stationary, {counted}, lowest eigenvalue {lowest:.6g}, as its closed form"]
