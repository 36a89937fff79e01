"""The groups of properties that share their work: functions from a block of minima to named tensors.

    loss         clean_loss, l2_loss, squared_norm, accuracy; test_loss, test_accuracy where there is a test part
    curvature    the Hessian's spectrum, or estimates with their errors beyond DENSE_LIMIT parameters; refused for a
                 non-smooth activation
    sharpness    keskar_sharpness, sam_sharpness, fisher_rao_norm, relative_flatness, input_jacobian_*, spectral_norm*
    robustness   adversarial_loss, fgsm_accuracy, pgd_accuracy, apgd_ce_accuracy, apgd_dlr_accuracy, square_accuracy,
                 robust_accuracy, noise_accuracy, certified_accuracy_ibp, certified_accuracy_crown, one column an
                 epsilon; adversarial_distance_linf, adversarial_distance_l2, certified_epsilon
    sensitivity  sensitivity_logits, sensitivity_softmax, sensitivity_logits_crown, sensitivity_softmax_crown, one
                 column an epsilon; refused for a foreign module
    test_robustness   all of robustness once more on the test samples, as test_NAME; refused without a test part

What has an L2 part stands there once more without it, as task_NAME. Regression has no classes: every accuracy and
distance and the certified epsilon are left out, and the largest loss that PGD, APGD and the random search found
remains. With two classes there is no difference of logits ratio, and no apgd_dlr_accuracy. Softmax sensitivity is left
out unless the loss is cross-entropy; all that is certified, the relative flatness and the spectral norms for a torch
module of unknown layers, which has no bounds and no layers here.

Shapes: M minima.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

from landscape.errors import PropertyError
from landscape.messages import did_you_mean, nearest
from landscape.numerics.batching import rows_per_chunk
from landscape.numerics.spectra import DENSE_LIMIT
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.problem import Problem
from landscape.properties.attacks.apgd import DLR_CLASSES
from landscape.properties.bounds.ibp import require_layers
from landscape.properties.bounds.sensitivity import sample_sensitivity
from landscape.properties.catalogue import MEMBERS, TEST
from landscape.properties.curvature.flatness import sample_flatness, with_l2_part
from landscape.properties.curvature.jacobians import layer_norms, sample_jacobian_norms
from landscape.properties.curvature.sharpness import sharpness
from landscape.properties.curvature.spectrum import curvature, doubles_per_minimum, estimated_curvature, require_smooth
from landscape.properties.draws import Samples, without_draws
from landscape.properties.losses import norms, sample_losses
from landscape.properties.measurement import Measurement, require_test
from landscape.properties.robustness import sample_robustness
from landscape.properties.sample_means import minima_per_block, sample_mean, samples_per_chunk

Named = dict[str, Tensor]


class Group(NamedTuple):
    """Properties measured together: a function of a block of minima, the minima of a block, and a check that raises
    PropertyError where the problem does not admit the group.
    """

    compute: Callable[[Measurement, Tensor], Named]
    block: Callable[[Problem], int]
    require: Callable[[Problem], object]


def available_groups(problem: Problem) -> tuple[str, ...]:
    """Names of the groups that the problem admits."""
    return tuple(name for name, group in GROUPS.items() if _admits(problem, group))


def admitted_group(problem: Problem, name: str) -> Group:
    """The group of that name. Raises PropertyError if there is none or the problem does not admit it."""
    if name not in GROUPS:
        raise PropertyError(f"expected a group of properties, found '{name}'; {did_you_mean(name, GROUPS)}")
    GROUPS[name].require(problem)
    return GROUPS[name]


def is_large(problem: Problem) -> bool:
    """Whether the Hessian is too large to be diagonalised."""
    return problem.n_parameters > DENSE_LIMIT


def _losses(work: Measurement, theta: Tensor) -> Named:
    problem, chunk = work.problem, samples_per_chunk(work.problem)
    found = norms(problem, theta) | sample_mean(
        lambda part: sample_losses(problem, theta, part, ("clean_loss", "accuracy")), work.samples, chunk
    )
    if problem.test_inputs is None or problem.test_targets is None:
        return found
    test = without_draws(problem.test_inputs, problem.test_targets)
    return found | sample_mean(
        lambda part: sample_losses(problem, theta, part, ("test_loss", "test_accuracy")), test, chunk
    )


def _curvature(work: Measurement, theta: Tensor) -> Named:
    if is_large(work.problem):
        return estimated_curvature(work.problem, theta, work.seed)
    return curvature(work.problem, theta)


def _sharpness(work: Measurement, theta: Tensor) -> Named:
    problem = work.problem
    found = sample_mean(
        lambda part: sample_flatness(problem, theta, part.inputs) | sample_jacobian_norms(problem, theta, part.inputs),
        work.samples,
        samples_per_chunk(problem),
    )
    layers = layer_norms(problem.network, theta) if isinstance(problem.network, LayeredNetwork) else {}
    return found | with_l2_part(problem, theta, found) | layers | sharpness(problem, theta, work.seed)


def _robustness(work: Measurement, theta: Tensor) -> Named:
    return _robustness_on(work, theta, work.attacked_samples)


def _test_robustness(work: Measurement, theta: Tensor) -> Named:
    found = _robustness_on(work, theta, work.attacked_test_samples)
    return {f"test_{name}": values for name, values in found.items()}


def _robustness_on(work: Measurement, theta: Tensor, samples: Samples) -> Named:
    return sample_mean(
        lambda part: sample_robustness(work.problem, theta, part, work.half_widths, work.settings),
        samples,
        samples_per_chunk(work.problem),
    )


def _sensitivity(work: Measurement, theta: Tensor) -> Named:
    return sample_mean(
        lambda part: sample_sensitivity(work.problem, theta, part.inputs, work.half_widths),
        work.samples,
        samples_per_chunk(work.problem),
    )


def _minima_per_curvature_block(problem: Problem) -> int:
    doubles = doubles_per_minimum(problem) if is_large(problem) else problem.n_parameters**2
    return rows_per_chunk(doubles, problem.device)


def _nothing_required(problem: Problem) -> None:
    """Every problem admits the group."""


GROUPS: dict[str, Group] = {
    "loss": Group(_losses, minima_per_block, _nothing_required),
    "curvature": Group(_curvature, _minima_per_curvature_block, require_smooth),
    "sharpness": Group(_sharpness, minima_per_block, _nothing_required),
    "robustness": Group(_robustness, minima_per_block, _nothing_required),
    "sensitivity": Group(_sensitivity, minima_per_block, require_layers),
    "test_robustness": Group(_test_robustness, minima_per_block, require_test),
}


def _admits(problem: Problem, group: Group) -> bool:
    try:
        group.require(problem)
    except PropertyError:
        return False
    return True


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
