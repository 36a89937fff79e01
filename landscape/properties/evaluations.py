"""Properties of networks as an evaluation uses them: clean accuracies, and accuracies under attack.

The test samples are attacked if there are any, else the training samples. Names begin with `evaluated_`, then with
`test_` for test samples: evaluated_test_robust_accuracy.

Shapes: M networks, P parameters, N samples, E perturbation sizes.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.config.training import Evaluation
from landscape.declaration import TEST
from landscape.problems.problem import Problem
from landscape.properties.attacks.networks import Networks
from landscape.properties.catalogue import PROPERTIES
from landscape.properties.defences import defended, require_defence, sample_accuracies_under_attack, sample_accuracy
from landscape.properties.draws import Samples
from landscape.properties.measure import MeasuredProperty, measured_in_blocks
from landscape.properties.measurement import Measurement, prepare
from landscape.properties.sample_means import minima_per_block, sample_mean, samples_per_chunk

EVALUATED = "evaluated_"


def measure_evaluation(
    problem: Problem,
    theta: Float[np.ndarray, "M P"],
    evaluation: Evaluation,
    settings: MeasureConfig,
    seed: int = 0,
) -> dict[str, MeasuredProperty]:
    """Measure theta: values [M] or [M, E]; [1] or [1, E] if the M networks form one ensemble.

    Raises PropertyError for an evaluation that does not suit the problem.
    """
    require_defence(problem, evaluation)
    measurement = prepare(problem, settings, seed)
    points = torch.tensor(theta, dtype=torch.float64, device=problem.device)
    rows = len(points) if evaluation.ensemble else minima_per_block(problem)
    found = measured_in_blocks(
        lambda block: _evaluated(measurement, block, evaluation), points, rows, PROPERTIES, problem
    )
    return {f"{EVALUATED}{name}": values for name, values in found.items()}


def _evaluated(
    measurement: Measurement, theta: Float[Tensor, "M P"], evaluation: Evaluation
) -> dict[str, Float[Tensor, "#M ..."]]:
    problem, chunk = measurement.problem, samples_per_chunk(measurement.problem)

    def as_used(part: Samples) -> Networks:
        return defended(Networks(problem, theta, part, measurement.settings.input_bounds), evaluation)

    def clean(part: Samples) -> dict[str, Float[Tensor, "#M N"]]:
        return sample_accuracy(as_used(part))

    def attacked(part: Samples) -> dict[str, Float[Tensor, "#M N E"]]:
        return sample_accuracies_under_attack(as_used(part), measurement.half_widths, measurement.settings)

    found = sample_mean(clean, measurement.samples, chunk)
    if problem.test_inputs is None:
        return found | sample_mean(attacked, measurement.attacked_samples, chunk)
    tested = sample_mean(clean, measurement.attacked_test_samples, chunk)
    tested |= sample_mean(attacked, measurement.attacked_test_samples, chunk)
    return found | {f"{TEST}{name}": values for name, values in tested.items()}
