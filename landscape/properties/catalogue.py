"""What each property of a minimum means and its units, as they are stored beside the values."""

ENERGY = "energy"
FRACTION = "fraction of samples"
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
    "adversarial_loss": ("mean over samples of the largest loss that PGD or FGSM found, one column an epsilon", ENERGY),
    "fgsm_accuracy": ("accuracy at the sample and at its FGSM point, one column an epsilon", FRACTION),
    "pgd_accuracy": (
        "samples correct at every iterate of every PGD restart and at the FGSM point, one column an epsilon",
        FRACTION,
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

MEMBERS: dict[str, tuple[str, ...]] = {
    "loss": ("clean_loss", "l2_loss", "squared_norm", "accuracy", "test_loss", "test_accuracy"),
    "curvature": (
        "hessian_trace",
        "hessian_largest",
        "hessian_smallest",
        "hessian_log_determinant",
        "hessian_positive_eigenvalues",
        "task_hessian_trace",
        "task_hessian_largest",
        "task_hessian_smallest",
    ),
    "robustness": ("adversarial_loss", "fgsm_accuracy", "pgd_accuracy", "certified_accuracy_ibp"),
    "sensitivity": ("sensitivity_logits", "sensitivity_softmax"),
}
"""The properties of each group, which are measured together."""

SETTINGS: dict[str, tuple[str, ...]] = {"loss": (), "curvature": (), "sensitivity": ("epsilon",)}
"""The settings that the values of a group depend on, where those are not all."""
