"""The energy of a run file as a family over one of its keys.

Shapes: W points, P parameters.
"""

from torch import Tensor

from landscape.config.ranges import KeyRange
from landscape.config.tables import ProblemConfig
from landscape.errors import ConfigError
from landscape.messages import listed
from landscape.problems.activations import SMOOTH
from landscape.problems.data.datasets import DataSet
from landscape.problems.problem import Problem
from landscape.search.continuation.family import Family, FamilyOfObjectives, L2Family


class CountedFamily:
    """A family that counts energies and gradients, Hessians, and derivatives by the key; each point counts as one."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self.n_parameters = family.n_parameters
        self.symmetry = family.symmetry
        self.energy_unit = family.energy_unit
        self.device = family.device
        self.evaluations = 0

    def energy_and_gradient(self, theta: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and their gradients [W, P] in theta."""
        self.evaluations += len(theta)
        return self._family.energy_and_gradient(theta, value)

    def hessian(self, theta: Tensor, value: Tensor) -> Tensor:
        """Hessians [W, P, P] in theta."""
        self.evaluations += len(theta)
        return self._family.hessian(theta, value)

    def slope(self, theta: Tensor, value: Tensor) -> Tensor:
        """Derivatives [W, P] of the gradients by the key."""
        self.evaluations += len(theta)
        return self._family.slope(theta, value)


def family_of(config: ProblemConfig, data: DataSet, over: KeyRange, device: str) -> CountedFamily:
    """The family of a [problem] table on its data; raises `LandscapeError` for a value that cannot be used."""

    def at(value: float) -> Problem:
        return Problem.from_data(config.model_copy(update={over.name: value}), data, device)

    least = min(over.start, over.end)
    if over.name == "l2":
        return CountedFamily(L2Family(at(least), least))
    return CountedFamily(FamilyOfObjectives(at, least))


def require_smooth(problem: Problem) -> None:
    """Raise ConfigError for an energy with kinks, whose stationary points are no smooth curves."""
    if not problem.smooth:
        raise ConfigError(
            f"continue: expected an energy with two derivatives everywhere, found {problem.kinks}: use "
            f"{listed(SMOOTH, 'or')} and no adversarial_weight"
        )
    if not problem.l2:
        raise ConfigError("continue: expected l2 above 0, found 0: stationary points would not be isolated")
