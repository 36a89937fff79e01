"""Tasks that measure: properties of minima, and properties along the paths through transition states.

Shapes: M minima, T transition states, P parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

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
        if not isinstance(context.objective, Problem):
            raise TypeError("only a Problem has properties to measure")
        return measure(context.objective, self.theta, self.groups, self.settings)


@dataclass(frozen=True, kw_only=True)
class ProfileTask:
    """Measure properties along the paths through some transition states."""

    theta: np.ndarray  # [T, P]
    ends: np.ndarray  # [T, 2, P]: the minima on their two sides
    settings: MeasureSettings

    def run(self, context: Context) -> dict[str, MeasuredProperty]:
        """The properties by name."""
        if not isinstance(context.objective, Problem):
            raise TypeError("only a Problem has properties to measure")
        return profiles(
            context.objective, self.theta, self.ends, context.settings.identity.distance_tolerance, self.settings
        )
