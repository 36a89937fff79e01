"""Declarations of properties. Each property is declared once, beside the code that measures it.

Everything else is derived from the declarations: the descriptions in databases, the names that users can ask for and
their requirements, the signs with which hypotheses count a property, and the sections of tables.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal

ENERGY = "energy"
FRACTION = "fraction of samples"
TEST = "test_"
"""Prefix of the names of properties of the test samples."""
BY_EPSILON = ", one column an epsilon"
"""End of the descriptions of properties with one value for each epsilon."""

Trait = Literal["robustness", "flatness", "depth"]


class Section(StrEnum):
    """Headings of the table of regimes."""

    CLEAN = "clean accuracy and cost"
    ATTACKED = "accuracy under attack"
    CERTIFIED = "certified accuracy"
    ADVERSARIAL_LOSS = "adversarial loss"
    SPARSE = "features, and side of a patch, that have to change"
    SENSITIVITY = "sensitivity S (log volume of the reachable logits, IBP)"
    SHARPNESS = "sharpness, on the common energy"
    NORMS = "norms"
    QUENCH = "the quench on the common energy"


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """A condition on a `Problem`, with the words that complete "which needs ..." in messages."""

    holds: Callable[[Any], bool]
    words: str


@dataclass(frozen=True, kw_only=True)
class Property:
    """A named property of a point in parameter space.

    `trait` and `sign` say how hypotheses count the property: with sign +1 a larger value means more of the trait, with
    -1 less. `section` is its heading in the table of regimes. `spellings` are the words of its name that are not
    written in lower case.
    """

    name: str
    description: str
    units: str
    by_epsilon: bool = False
    requires: tuple[Requirement, ...] = ()
    trait: Trait | None = None
    sign: int = 1
    section: Section | None = None
    spellings: tuple[str, ...] = ()

    def meaning(self, problem: Any = None) -> str:  # noqa: ANN401 - a Problem, which belongs to a later layer
        """The description that is stored beside values measured on the problem."""
        del problem
        return f"{self.description}{BY_EPSILON}" if self.by_epsilon else self.description

    def missing(self, problem: Any) -> Requirement | None:  # noqa: ANN401 - a Problem, which belongs to a later layer
        """The first requirement that the problem does not fulfil, or None."""
        return next((one for one in self.requires if not one.holds(problem)), None)

    def on_test_samples(self, samples: Requirement) -> "Property":
        """This property measured on the test samples; it also requires `samples` and has no trait."""
        return replace(
            self,
            name=f"{TEST}{self.name}",
            description=f"{self.description}; on the test samples",
            requires=(samples, *self.requires),
            trait=None,
        )


def by_name(*properties: Property) -> dict[str, Property]:
    """The properties by their names, in order."""
    return {one.name: one for one in properties}
