"""What each property of a minimum means and its units, as they are stored beside the values."""

from landscape.numerics.spectra import LANCZOS_VECTORS
from landscape.properties.curvature.sharpness import DIRECTIONS, KESKAR_EPSILON, SAM_RADIUS, STEPS
from landscape.properties.curvature.spectrum import (
    QUADRATURE_PROBES,
    QUADRATURE_VECTORS,
    SCALE_WITHOUT_L2,
    TRACE_PROBES,
)

ENERGY = "energy"
FRACTION = "fraction of samples"
INPUT = "input units"
LOG_VOLUME = "log of output units, summed over outputs"
SLOPE = "output units per input unit"

TASK = "of the loss L without the L2 term"
BLOCKS = "sum over outputs s, t of <w_s, w_t> tr H_st, H_st blocks of the Hessian in the last layer's weights w"
SCALE = f"z = 2 * l2, or {SCALE_WITHOUT_L2:g} where l2 = 0"
BOX = f"max over the box of half-widths {KESKAR_EPSILON:g} (|theta_i| + 1)"
LIMITS = "0 if misclassified, at most the widest range of the inputs"
BALL = f"max over the ball of radius {SAM_RADIUS:g}"
ASCENT = f"the highest seen by {DIRECTIONS} ascents of {STEPS} steps"

TEST = "test_"
"""What names begin with that are of test samples; they mean what they mean without it."""
BY_EPSILON = ", one column an epsilon"
"""How descriptions end of what has a value for each epsilon."""

DESCRIPTIONS: dict[str, tuple[str, str]] = {
    "clean_loss": ("mean loss over the training samples, without the L2 term", ENERGY),
    "l2_loss": ("L2 part of the energy, l2 * sum(theta^2)", ENERGY),
    "squared_norm": ("squared norm of the parameters, sum(theta^2)", "parameter units squared"),
    "accuracy": ("accuracy on the training samples", FRACTION),
    "test_loss": ("mean loss over the test samples, without the L2 term", ENERGY),
    "test_accuracy": ("accuracy on the test samples", FRACTION),
    "hessian_trace": ("trace of the Hessian", ENERGY),
    "hessian_largest": ("largest eigenvalue of the Hessian", ENERGY),
    "hessian_smallest": ("smallest eigenvalue of the Hessian", ENERGY),
    "hessian_log_determinant": (
        "sum of the logarithms of the Hessian's eigenvalues above the curvature threshold",
        "log energy, summed over eigenvalues",
    ),
    "hessian_positive_eigenvalues": ("number of eigenvalues above the curvature threshold", "count"),
    "hessian_effective_dimension": (f"sum of lambda / (lambda + z) over the Hessian's eigenvalues, {SCALE}", "count"),
    "task_hessian_trace": ("trace of the Hessian less the L2 part, 2 * l2 * P", ENERGY),
    "task_hessian_largest": ("largest eigenvalue of the Hessian less the L2 part, 2 * l2", ENERGY),
    "task_hessian_smallest": ("smallest eigenvalue of the Hessian less the L2 part, 2 * l2", ENERGY),
    "task_hessian_log_determinant": (
        "sum of the logarithms of the Hessian's eigenvalues less 2 * l2, where that is above the curvature threshold",
        "log energy, summed over eigenvalues",
    ),
    "task_hessian_positive_eigenvalues": ("number of eigenvalues less 2 * l2 above the curvature threshold", "count"),
    "task_hessian_effective_dimension": (
        f"sum of mu / (mu + z) over the Hessian's eigenvalues less 2 * l2, where positive, {SCALE}",
        "count",
    ),
    "keskar_sharpness": (f"100 (max E - E) / (1 + E), {BOX}; {ASCENT}", "percent"),
    "task_keskar_sharpness": (
        f"100 (max L - L) / (1 + L) of the loss L without the L2 term, {BOX}; {ASCENT}",
        "percent",
    ),
    "sam_sharpness": (f"max E - E, {BALL}; {ASCENT}", ENERGY),
    "task_sam_sharpness": (f"max L - L {TASK}, {BALL}; {ASCENT}", ENERGY),
    "task_sam_first_order": (
        f"rise of the loss without the L2 term by a step of {SAM_RADIUS:g} along its gradient (SAM's first-order step)",
        ENERGY,
    ),
    "fisher_rao_norm": ("theta^T (F + 2 * l2) theta, F the Fisher information with the network's own labels", ENERGY),
    "task_fisher_rao_norm": ("theta^T F theta, F the Fisher information with the network's own labels", ENERGY),
    "relative_flatness": (BLOCKS, ENERGY),
    "task_relative_flatness": (f"{BLOCKS}, without the L2 term", ENERGY),
    "input_jacobian_frobenius": ("mean over samples of the Frobenius norm of d logits / d inputs", SLOPE),
    "input_jacobian_spectral": ("mean over samples of the spectral norm of d logits / d inputs", SLOPE),
    "spectral_norm": ("largest singular value of the weights, one column a layer", "parameter units"),
    "spectral_norm_product": ("product over layers of the largest singular value of the weights", SLOPE),
    "adversarial_loss": ("mean over samples of the largest loss that any attack found, one column an epsilon", ENERGY),
    "fgsm_accuracy": ("accuracy at the sample and at its FGSM point, one column an epsilon", FRACTION),
    "pgd_accuracy": (
        "samples correct at every iterate of every PGD restart and at the FGSM point, one column an epsilon",
        FRACTION,
    ),
    "apgd_ce_accuracy": ("samples correct at every iterate of APGD on the loss, one column an epsilon", FRACTION),
    "apgd_dlr_accuracy": (
        "samples correct at every iterate of APGD on the difference of logits ratio, one column an epsilon",
        FRACTION,
    ),
    "square_accuracy": ("samples correct after a random search without gradients, one column an epsilon", FRACTION),
    "robust_accuracy": ("samples that survive all attacks, one column an epsilon", FRACTION),
    "noise_accuracy": (
        "mean accuracy under Gaussian noise whose standard deviation is epsilon, one column an epsilon",
        FRACTION,
    ),
    "adversarial_distance_linf": (
        "mean over samples of the distance of the nearest adversarial point found, infinity norm, at most the limit",
        INPUT,
    ),
    "adversarial_distance_l2": (
        "mean over samples of the distance of the nearest adversarial point found, Euclidean, at most the limit",
        INPUT,
    ),
    "certified_accuracy_ibp": (
        "samples whose whole box is proven correct by interval bounds (IBP), one column an epsilon",
        FRACTION,
    ),
    "certified_accuracy_crown": (
        "samples whose whole box is proven correct by CROWN intersected with IBP, one column an epsilon",
        FRACTION,
    ),
    "certified_epsilon": (
        f"mean over samples of the largest half-width proven correct by CROWN intersected with IBP, {LIMITS}",
        "units of the inputs; of the widest feature where the first epsilon has one number a feature",
    ),
    "sensitivity_logits": (
        "mean over samples of sum_k log(u_k - l_k) with IBP bounds on the logits, one column an epsilon",
        LOG_VOLUME,
    ),
    "sensitivity_softmax": (
        "mean over samples of sum_k log(u_k - l_k) with IBP bounds on the softmax outputs, one column an epsilon",
        LOG_VOLUME,
    ),
    "sensitivity_logits_crown": (
        "sensitivity_logits by CROWN intersected with IBP, one column an epsilon",
        LOG_VOLUME,
    ),
    "sensitivity_softmax_crown": (
        "sensitivity_softmax by CROWN, on differences of logits too, intersected with IBP, one column an epsilon",
        LOG_VOLUME,
    ),
}

DEPTHS: dict[str, tuple[str, str]] = {
    "depth": ("energy above the lowest minimum", ENERGY),
    "escape_barrier": ("climb to the lowest transition state to another minimum", ENERGY),
    "barrier_to_global": ("climb on the easiest path to the lowest minimum", ENERGY),
}
"""Those that depend on the whole landscape."""

_QUADRATURE = f"{QUADRATURE_PROBES} quadratures of {QUADRATURE_VECTORS} Lanczos vectors"
ESTIMATES = {
    "trace": f"Hutch++ with {3 * TRACE_PROBES} Hessian-vector products",
    "log_determinant": _QUADRATURE,
    "effective_dimension": _QUADRATURE,
    "largest": f"{LANCZOS_VECTORS} Lanczos vectors",
    "smallest": f"{LANCZOS_VECTORS} Lanczos vectors",
}
"""How curvatures are estimated where the Hessian is too large to be diagonalised, by the end of their names."""
ERRORS = {
    "_standard_error": "standard error of the",
    "_residual": "norm of H v - lambda v, within which an eigenvalue lies, of the",
}


def describe(name: str, *, estimated: bool) -> tuple[str, str]:
    """Description and units of a property, or of the error NAME_standard_error or NAME_residual of one; `estimated`
    where the problem is too large for an exact Hessian.
    """
    for ending, meaning in ERRORS.items():
        if name.endswith(ending):
            description, units = describe(name.removesuffix(ending), estimated=estimated)
            return f"{meaning} {description}", units
    if name not in DESCRIPTIONS and name.startswith(TEST):
        description, units = describe(name.removeprefix(TEST), estimated=estimated)
        whole, ending, _ = description.partition(BY_EPSILON)
        return f"{whole}; on the test samples{ending}", units
    description, units = DESCRIPTIONS[name]
    for ending, method in ESTIMATES.items():
        if estimated and "hessian_" in name and name.endswith(ending):
            return f"{description}, estimated: {method}", units
    return description, units


MEMBERS: dict[str, tuple[str, ...]] = {
    "loss": ("clean_loss", "l2_loss", "squared_norm", "accuracy", "test_loss", "test_accuracy"),
    "curvature": tuple(name for name in DESCRIPTIONS if "hessian_" in name),
    "sharpness": (
        "keskar_sharpness",
        "task_keskar_sharpness",
        "sam_sharpness",
        "task_sam_sharpness",
        "task_sam_first_order",
        "fisher_rao_norm",
        "task_fisher_rao_norm",
        "relative_flatness",
        "task_relative_flatness",
        "input_jacobian_frobenius",
        "input_jacobian_spectral",
        "spectral_norm",
        "spectral_norm_product",
    ),
    "robustness": (
        "adversarial_loss",
        "fgsm_accuracy",
        "pgd_accuracy",
        "apgd_ce_accuracy",
        "apgd_dlr_accuracy",
        "square_accuracy",
        "robust_accuracy",
        "noise_accuracy",
        "adversarial_distance_linf",
        "adversarial_distance_l2",
        "certified_accuracy_ibp",
        "certified_accuracy_crown",
        "certified_epsilon",
    ),
    "sensitivity": tuple(name for name in DESCRIPTIONS if name.startswith("sensitivity_")),
}
"""The properties of each group, which are measured together."""
MEMBERS["test_robustness"] = tuple(f"{TEST}{name}" for name in MEMBERS["robustness"])

SETTINGS: dict[str, tuple[str, ...]] = {
    "loss": (),
    "curvature": ("seed",),
    "sharpness": ("seed",),
    "sensitivity": ("epsilon",),
}
"""The settings that the values of a group depend on, where those are not all."""
