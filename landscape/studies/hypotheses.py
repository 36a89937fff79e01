"""What counts as deeper, flatter and more robust: the sign of each property that is declared to tell of it.

A hypothesis says that minima with more of something are more robust. Each measure has a sign: +1 where a larger value
is more of it, -1 where it is less ("deeper": -1 for the energy above the global minimum, +1 for the barrier to escape).
Each robustness has one too: +1 for an accuracy under attack, -1 for an adversarial loss. A correlation times both signs
is oriented: positive is in favour.

A notion that stands in the table with and without its L2 part counts as two measures: they rank the minima differently,
or `landscape.studies.minima_table` would have left one out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from landscape.declaration import Property, Trait
from landscape.graph.depth import DEPTHS
from landscape.properties.catalogue import PROPERTIES


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """A sentence and the measures that speak for it, with the sign of each."""

    sentence: str
    measures: Mapping[str, int]


def signs(properties: Iterable[Property], trait: Trait) -> dict[str, int]:
    """The signs, by name, of the properties that are declared to tell of a trait."""
    return {one.name: one.sign for one in properties if one.trait == trait}


ROBUSTNESS_SIGNS = signs(PROPERTIES.values(), "robustness")
"""+1 for the properties of which a larger value is more robust, -1 where it is less."""
DEEPER = Hypothesis(sentence="deeper minima are more robust", measures=signs(DEPTHS.values(), "depth"))
FLATTER = Hypothesis(sentence="flatter minima are more robust", measures=signs(PROPERTIES.values(), "flatness"))
