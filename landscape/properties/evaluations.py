"""Properties of networks as an evaluation uses them: clean accuracies, and what attacks leave of them.

Attacked are the test samples where there are any, else the training samples. Names begin with `evaluated_`, then with
`test_` where they are of test samples: evaluated_test_robust_accuracy.

Shapes: M networks, P parameters, N samples, E perturbation sizes.
"""

import numpy as np
import torch
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.config.training import Evaluation
from landscape.problems.problem import Problem
from landscape.properties.attacks.networks import Networks
from landscape.properties.catalogue import TEST, describe
from landscape.properties.defences import defended, require_defence, sample_accuracy, sample_attacked
from landscape.properties.draws import Samples
from landscape.properties.measure import MeasuredProperty
from landscape.properties.measurement import Measurement, prepare
from landscape.properties.sample_means import minima_per_block, sample_mean, samples_per_chunk

EVALUATED = "evaluated_"


def measure_evaluation(
    problem: Problem, theta: np.ndarray, evaluation: Evaluation, settings: MeasureConfig, seed: int = 0
) -> dict[str, MeasuredProperty]:
    """Measure theta [M, P]: values [M] or [M, E], [1] or [1, E] where the M are one ensemble.

    Raises PropertyError for an evaluation that does not suit the problem.
    """
    require_defence(problem, evaluation)
    work = prepare(problem, settings, seed)
    points = torch.tensor(theta, dtype=torch.float64, device=problem.device)
    rows = len(points) if evaluation.ensemble else minima_per_block(problem)
    blocks = [_measured(work, block, evaluation) for block in torch.split(points, rows)]
    return {
        f"{EVALUATED}{name}": MeasuredProperty(
            torch.cat([block[name] for block in blocks]).cpu().numpy(), *describe(name, estimated=False)
        )
        for name in blocks[0]
    }


def _measured(work: Measurement, theta: Tensor, evaluation: Evaluation) -> dict[str, Tensor]:
    problem, chunk = work.problem, samples_per_chunk(work.problem)

    def as_used(part: Samples) -> Networks:
        return defended(Networks(problem, theta, part, work.settings.input_bounds), evaluation)

    def clean(part: Samples) -> dict[str, Tensor]:
        return sample_accuracy(as_used(part))

    def attacked(part: Samples) -> dict[str, Tensor]:
        return sample_attacked(as_used(part), work.half_widths, work.settings)

    found = sample_mean(clean, work.samples, chunk)
    if problem.test_inputs is None:
        return found | sample_mean(attacked, work.attacked_samples, chunk)
    tested = sample_mean(clean, work.attacked_test_samples, chunk)
    tested |= sample_mean(attacked, work.attacked_test_samples, chunk)
    return found | {f"{TEST}{name}": values for name, values in tested.items()}
