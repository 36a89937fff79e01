"""A group: properties that are measured together, since they share their work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jaxtyping import Float, Shaped
from torch import Tensor

from landscape.declaration import Property
from landscape.problems.problem import Problem
from landscape.properties.measurement import Measurement
from landscape.properties.sample_means import minima_per_block

Named = dict[str, Shaped[Tensor, "M ..."]]


def nothing_required(problem: Problem) -> None:
    """The check of a group that every problem admits."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """The properties of a group, the function that measures them, and its requirements on a problem.

    `compute` takes a block of minima theta and gives tensors [M, ...] by name; `block` gives the number of minima in a
    block. `require` raises PropertyError if the problem does not admit the group. `settings` are the keys of the stored
    settings on which the values depend; None stands for all keys.
    """

    name: str
    properties: tuple[Property, ...]
    compute: Callable[[Measurement, Float[Tensor, "M P"]], Named]
    block: Callable[[Problem], int] = minima_per_block
    require: Callable[[Problem], object] = nothing_required
    settings: tuple[str, ...] | None = None

    def dependences(self, stored: Mapping[str, object]) -> dict[str, object]:
        """The stored settings on which the values depend."""
        return {key: stored[key] for key in (stored if self.settings is None else self.settings)}
