"""An attack: its name, its function within a box, and the accuracy that it measures."""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.declaration import FRACTION, Property, Requirement
from landscape.problems.problem import Problem
from landscape.properties.attacks.networks import Networks, Outcome
from landscape.properties.requirements import CLASSES


@dataclass(frozen=True, kw_only=True)
class Attack:
    """An attack, declared beside its code. `landscape.properties.attacks.table` lists all attacks.

    `run` attacks networks within the box of a half-width. `name` and `description` are those of the accuracy, which
    needs classes. `requires` are further requirements of the attack.
    """

    name: str
    description: str
    run: Callable[[Networks, Float[Tensor, " d"], MeasureConfig], Outcome]
    requires: tuple[Requirement, ...] = ()
    spellings: tuple[str, ...] = ()

    @property
    def accuracy(self) -> Property:
        """The accuracy under the attack."""
        return Property(
            name=self.name,
            description=self.description,
            units=FRACTION,
            by_epsilon=True,
            requires=tuple(dict.fromkeys((CLASSES, *self.requires))),
            spellings=self.spellings,
        )

    def suits(self, problem: Problem) -> bool:
        """True if the networks of the problem can be attacked."""
        return all(one.holds(problem) for one in self.requires)
