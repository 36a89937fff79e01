"""Tasks that measure: properties of minima, and properties along the paths through transition states.

Shapes: M minima, T transition states, P parameters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from landscape.explore.context import Context
from landscape.problems.problem import Problem
from landscape.properties.measure import MeasuredProperty, measure
from landscape.properties.profiles import profiles
from landscape.properties.settings import MeasureSettings


@dataclass(frozen=True, kw_only=True)
class MeasureTask:
    """Measure groups of properties of some minima."""

    theta: np.ndarray  # [M, P]
    groups: tuple[str, ...]
    settings: MeasureSettings

    def run(self, context: Context) -> Mapping[str, MeasuredProperty]:
        """Values [M, ...] by name."""
        problem = context.problem
        return measured_where_finite(
            problem, self.theta, lambda theta: measure(problem, theta, self.groups, self.settings)
        )


@dataclass(frozen=True, kw_only=True)
class ProfileTask:
    """Measure properties along the paths through some transition states."""

    theta: np.ndarray  # [T, P]
    ends: np.ndarray  # [T, 2, P]: the minima on their two sides
    settings: MeasureSettings

    def run(self, context: Context) -> dict[str, MeasuredProperty]:
        """The properties by name."""
        tolerance = context.settings.identity.distance_tolerance
        return profiles(context.problem, self.theta, self.ends, tolerance, self.settings)


def measured_where_finite(
    problem: Problem, theta: np.ndarray, measured: Callable[[np.ndarray], Mapping[str, MeasuredProperty]]
) -> dict[str, MeasuredProperty]:
    """What is measured of theta [M, P], a value each, or one of them together; NaN where training has diverged, so that
    the energy is not finite. Zeros are measured there instead, since most measures do not admit such parameters.
    """
    finite = problem.energy(torch.tensor(theta, device=problem.device)).isfinite().cpu().numpy()
    found = measured(np.where(finite[:, None], theta, 0.0))
    return {name: one._replace(values=_known(one.values, finite)) for name, one in found.items()}


def _known(values: np.ndarray, finite: np.ndarray) -> np.ndarray:
    """Values [M, ...], or [1, ...] of all together, where points [M] are finite, else NaN."""
    known = finite if len(values) == len(finite) else finite.all(keepdims=True)
    return np.where(known.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan)
