"""Signs of the properties that are declared to measure depth, flatness or robustness.

A hypothesis says that minima with more of a trait are more robust. The sign of a measure is +1 if a larger value means
more of the trait, -1 if it means less ("deeper": -1 for the energy above the global minimum, +1 for the barrier to
escape). The sign of a robustness is +1 for an accuracy under attack, -1 for an adversarial loss. A correlation times
both signs is oriented: positive is in favour of the hypothesis.

A measure that is in the table with and without its L2 part counts as two measures: the two rank the minima differently,
otherwise `landscape.studies.minima_table` would have left one out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from landscape.declaration import Property, Trait
from landscape.graph.depth import DEPTHS
from landscape.properties.catalogue import PROPERTIES


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """A sentence and the measures that test it, with the sign of each."""

    sentence: str
    measures: Mapping[str, int]


def signs(properties: Iterable[Property], trait: Trait) -> dict[str, int]:
    """The signs, by name, of the properties that are declared to measure a trait."""
    return {one.name: one.sign for one in properties if one.trait == trait}


ROBUSTNESS_SIGNS = signs(PROPERTIES.values(), "robustness")
"""+1 for properties whose larger values are more robust, -1 for properties whose larger values are less robust."""
DEEPER = Hypothesis(sentence="deeper minima are more robust", measures=signs(DEPTHS.values(), "depth"))
FLATTER = Hypothesis(sentence="flatter minima are more robust", measures=signs(PROPERTIES.values(), "flatness"))
