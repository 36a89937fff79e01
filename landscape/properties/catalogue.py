"""All groups and properties that can be measured, gathered from their declarations, and their choice by name."""

from collections.abc import Sequence

from landscape.declaration import Property, by_name
from landscape.errors import PropertyError
from landscape.messages import did_you_mean, nearest
from landscape.problems.problem import Problem
from landscape.properties.attacks.sparse import SPARSE
from landscape.properties.bounds.sensitivity import SENSITIVITY
from landscape.properties.curvature.spectrum import CURVATURE
from landscape.properties.group import Group
from landscape.properties.losses import LOSS
from landscape.properties.robustness import ROBUSTNESS, TEST_ROBUSTNESS
from landscape.properties.sharpness import SHARPNESS
from landscape.properties.stripes.columns import STRIPES

GROUPS: dict[str, Group] = {
    group.name: group
    for group in (LOSS, CURVATURE, SHARPNESS, ROBUSTNESS, SPARSE, SENSITIVITY, TEST_ROBUSTNESS, STRIPES)
}
"""The groups by name, in the order in which they are measured."""
PROPERTIES: dict[str, Property] = by_name(*(one for group in GROUPS.values() for one in group.properties))
GROUP_OF = {one.name: name for name, group in GROUPS.items() for one in group.properties}
"""The group that measures each property."""


def available_groups(problem: Problem) -> tuple[str, ...]:
    """Names of the groups that the problem admits."""
    return tuple(name for name, group in GROUPS.items() if _admits(problem, group))


def admitted_group(problem: Problem, name: str) -> Group:
    """The group `name`. Raises PropertyError if there is none or the problem does not admit it."""
    if name not in GROUPS:
        raise PropertyError(f"expected a group of properties, found '{name}'; {did_you_mean(name, GROUPS)}")
    GROUPS[name].require(problem)
    return GROUPS[name]


def groups_of(problem: Problem, names: Sequence[str]) -> tuple[str, ...]:
    """The groups that are named or measure a named property, in their fixed order.

    Raises PropertyError for a name that is unknown or that the problem does not admit.
    """
    found = {_group_of(name) for name in names}
    for group in found:
        GROUPS[group].require(problem)
    for name in names:
        need = PROPERTIES[name].missing(problem) if name in PROPERTIES else None
        if need is not None:
            raise PropertyError(
                f"expected properties that this problem has, found '{name}', which needs {need.words}: leave it out"
            )
    return tuple(name for name in GROUPS if name in found)


def _admits(problem: Problem, group: Group) -> bool:
    try:
        group.require(problem)
    except PropertyError:
        return False
    return True


def _group_of(name: str) -> str:
    group = GROUP_OF.get(name, name)
    if group not in GROUPS:
        near = nearest(name, [*GROUPS, *PROPERTIES])
        meant = f"did you mean '{near}'? " if near else ""
        raise PropertyError(
            f"expected a property or a group of them, found '{name}'; {meant}the groups are {', '.join(GROUPS)}"
        )
    return group
