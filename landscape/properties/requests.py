"""What can be asked for by name: properties and groups of them, as far as a problem has them.

`groups_of` turns names into groups to measure. A property that the problem cannot have is refused, with what it needs:
its group would be measured, and nothing of that name would be stored.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from landscape.errors import PropertyError
from landscape.messages import nearest
from landscape.numerics.spectra import DENSE_LIMIT
from landscape.problems.network import LayeredNetwork
from landscape.problems.problem import Problem
from landscape.properties.apgd import DLR_CLASSES
from landscape.properties.catalogue import MEMBERS, TEST
from landscape.properties.groups import GROUPS, is_large


class Need(NamedTuple):
    """What properties, by a regular expression for their names, need of a problem, in a test and in words."""

    names: str
    fulfilled: Callable[[Problem], bool]
    words: str


NEEDS = (
    Need("test_.*", lambda problem: problem.test_inputs is not None, "held-out samples (test_fraction)"),
    Need(
        ".*accuracy.*|adversarial_distance_.*|certified_epsilon", lambda problem: problem.is_classification, "classes"
    ),
    Need(
        "apgd_dlr_accuracy",
        lambda problem: problem.network.n_outputs >= DLR_CLASSES,
        f"at least {DLR_CLASSES} classes",
    ),
    Need(
        "certified_.*|(task_)?relative_flatness|spectral_norm.*",
        lambda problem: isinstance(problem.network, LayeredNetwork),
        "a network of dense layers and convolutions, no torch module of another kind",
    ),
    Need("sensitivity_softmax.*", lambda problem: problem.loss == "cross_entropy", 'the loss "cross_entropy"'),
    Need(
        ".*_positive_eigenvalues|task_hessian_(log_determinant|effective_dimension)",
        lambda problem: not is_large(problem),
        f"an exact Hessian, of at most {DENSE_LIMIT} parameters",
    ),
    Need(
        "hessian_log_determinant.*",
        lambda problem: not is_large(problem) or problem.l2 > 0.0,
        f"l2 > 0 or at most {DENSE_LIMIT} parameters",
    ),
    Need(".*_(standard_error|residual)", is_large, f"more than {DENSE_LIMIT} parameters"),
)
ESTIMATE_ERRORS = (
    *(f"{name}_standard_error" for name in ("hessian_trace", "task_hessian_trace")),
    *(f"hessian_{name}_standard_error" for name in ("log_determinant", "effective_dimension")),
    *(f"{kind}_{end}_residual" for kind in ("hessian", "task_hessian") for end in ("largest", "smallest")),
)
"""Errors of estimated curvatures, which are stored beside them."""
PROPERTIES = {name: group for group, names in MEMBERS.items() for name in names}
PROPERTIES |= dict.fromkeys(ESTIMATE_ERRORS, "curvature")
"""The groups of all properties."""


def groups_of(problem: Problem, names: Sequence[str]) -> tuple[str, ...]:
    """The groups that measure the properties `names`, groups among them, in their fixed order.

    Raises PropertyError for a name that is unknown and for what the problem does not admit.
    """
    found = {_group_of(name) for name in names}
    for group in found:
        GROUPS[group].require(problem)
    for name in names:
        _require(problem, name)
    return tuple(name for name in GROUPS if name in found)


def _group_of(name: str) -> str:
    group = PROPERTIES.get(name, name)
    if group not in GROUPS:
        near = nearest(name, [*GROUPS, *PROPERTIES])
        meant = f"did you mean '{near}'? " if near else ""
        raise PropertyError(
            f"expected a property or a group of them, found '{name}'; {meant}the groups are {', '.join(GROUPS)}"
        )
    return group


def _require(problem: Problem, name: str) -> None:
    names = (name, name.removeprefix(TEST))
    for need in NEEDS:
        concerned = any(re.fullmatch(need.names, known) for known in names)
        if name in PROPERTIES and concerned and not need.fulfilled(problem):
            raise PropertyError(
                f"expected properties that this problem has, found '{name}', which needs {need.words}: leave it out"
            )
