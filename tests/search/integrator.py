"""Steepest descent by LSODA of scipy, the reference for the sides of transition states.

The end of a flow is polished by Newton's method and is ambiguous if it is a saddle. Shapes: P parameters.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy.integrate import LSODA
from torch import Tensor

from landscape.objective import Objective
from landscape.optimize.newton import newton_finish

DISPLACEMENT, RTOL, ATOL = 1e-3, 1e-9, 1e-10
RMS = 1e-9
MAX_STEPS = 50_000


class End(NamedTuple):
    """The end of a flow."""

    theta: np.ndarray  # [P]
    energy: float
    negative: int  # number of negative Hessian eigenvalues


def descended(objective: Objective, theta: Tensor, direction: Tensor) -> End:
    """The stationary point that the flow from theta [P] along the unit vector direction [P] reaches.

    Raises AssertionError if the integrator fails or the end is not near a stationary point.
    """

    def flow(_: float, point: np.ndarray) -> np.ndarray:
        return -objective.energy_and_gradient(torch.tensor(point[None]))[1][0].numpy()

    def jacobian(_: float, point: np.ndarray) -> np.ndarray:
        return -objective.hessian(torch.tensor(point[None]))[0].numpy()

    start = (theta + DISPLACEMENT * direction).numpy()
    solver = LSODA(flow, 0.0, start, 1e18, rtol=RTOL, atol=ATOL, jac=jacobian)
    for _ in range(MAX_STEPS):
        failure = solver.step()
        assert solver.status != "failed", failure
        if solver.status == "running" and np.sqrt(np.mean(flow(0.0, solver.y) ** 2)) > RMS * objective.energy_unit:
            continue
        point = newton_finish(objective, torch.tensor(solver.y[None]))
        converged = bool(point.rms_gradient <= 1e-10 * objective.energy_unit)
        if converged and (point.theta[0] - theta).norm() > DISPLACEMENT:
            break  # not at the start, where gradients are small too
        assert solver.status == "running", "the flow ends at no stationary point"
    else:
        raise AssertionError(f"no end of the flow after {MAX_STEPS} steps of LSODA")
    return End(point.theta[0].numpy(), float(point.energy), int(point.index))


def lowest_direction(objective: Objective, theta: Tensor) -> Tensor:
    """Unit eigenvectors [T, P] of the lowest Hessian eigenvalues at theta [T, P]."""
    vectors: Tensor = torch.linalg.eigh(objective.hessian(theta))[1]
    return vectors[:, :, 0]
