"""What each property of a minimum means and its units, as they are stored beside the values."""

ENERGY = "energy"
FRACTION = "fraction of samples"
INPUT = "input units"
LOG_VOLUME = "log of output units, summed over outputs"

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
    "task_hessian_trace": ("trace of the Hessian less the L2 part, 2 * l2 * P", ENERGY),
    "task_hessian_largest": ("largest eigenvalue of the Hessian less the L2 part, 2 * l2", ENERGY),
    "task_hessian_smallest": ("smallest eigenvalue of the Hessian less the L2 part, 2 * l2", ENERGY),
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
    "sensitivity_logits": (
        "mean over samples of sum_k log(u_k - l_k) with IBP bounds on the logits, one column an epsilon",
        LOG_VOLUME,
    ),
    "sensitivity_softmax": (
        "mean over samples of sum_k log(u_k - l_k) with IBP bounds on the softmax outputs, one column an epsilon",
        LOG_VOLUME,
    ),
}
