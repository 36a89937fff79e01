"""The parts of the energy: loss on the samples and L2 term; and accuracy without attack, also with rounded parameters.

Energy = clean_loss + l2_loss.

The area under the ROC curve of a class is the share of pairs, a sample of the class and one of another class, in which
the first has the larger probability of the class; a tie counts one half (Hanley and McNeil, Radiology 143, 29, 1982).
Samples are compared by the logarithm of the odds, in which a probability that rounds to 1 still has its place.

Shapes: M minima, P parameters, N samples, K outputs, B numbers of bits.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.declaration import ENERGY, FRACTION, Property, Section
from landscape.problems.problem import Problem
from landscape.properties.attacks.networks import Networks
from landscape.properties.draws import Samples, without_draws
from landscape.properties.group import Group, Named
from landscape.properties.measurement import Measurement
from landscape.properties.requirements import CLASSES, TEST_SAMPLES
from landscape.properties.rounding import BITS, ROUNDED_ACCURACY, ROUNDED_LOSS, rounded
from landscape.properties.sample_means import sample_mean, samples_per_chunk, stack_sizes

TIE = 1e-9  # difference of log-odds up to which two samples tie, as samples do that a symmetry of a minimum exchanges
AUC = Property(
    name="auc",
    description="area under the ROC curve, mean over the classes, each against the others",
    units="fraction of pairs",
    requires=(CLASSES,),
    spellings=("AUC",),
)
TEST_AUC = AUC.on_test_samples(TEST_SAMPLES)


def losses(measurement: Measurement, theta: Float[Tensor, "M P"]) -> Named:
    """The properties of the group at theta, each [M]; with rounded parameters [M, B]."""
    problem, chunk = measurement.problem, samples_per_chunk(measurement.problem)
    found = norms(problem, theta) | sample_mean(
        lambda part: sample_losses(problem, theta, part, ("clean_loss", "accuracy")), measurement.samples, chunk
    )
    few_bits = [rounded(problem, theta, bits) for bits in BITS]
    found |= sample_mean(lambda part: _rounded_losses(problem, few_bits, part), measurement.samples, chunk)
    found |= _areas(problem, theta, measurement.samples, AUC)
    if problem.test_inputs is None or problem.test_targets is None:
        return found
    test = without_draws(problem.test_inputs, problem.test_targets)
    found |= _areas(problem, theta, test, TEST_AUC)
    return found | sample_mean(
        lambda part: sample_losses(problem, theta, part, ("test_loss", "test_accuracy")), test, chunk
    )


def norms(problem: Problem, theta: Float[Tensor, "M P"]) -> Named:
    """Squared norm and L2 part of the energy, [M], of theta."""
    squared_norm = theta.square().sum(1)
    return {"squared_norm": squared_norm, "l2_loss": problem.l2 * squared_norm}


def sample_losses(problem: Problem, theta: Float[Tensor, "M P"], samples: Samples, names: tuple[str, str]) -> Named:
    """Loss and, for classification, accuracy [M, N] of theta on the samples, under these two names."""
    clean = Networks(problem, theta, samples).clean
    found = {names[0]: clean.loss}
    if problem.is_classification:
        found[names[1]] = clean.survived.to(torch.float64)
    return found


def _rounded_losses(problem: Problem, few_bits: Sequence[Float[Tensor, "M P"]], samples: Samples) -> Named:
    names = ROUNDED_LOSS.name, ROUNDED_ACCURACY.name
    return stack_sizes([sample_losses(problem, theta, samples, names) for theta in few_bits])


def roc_area(log_odds: Float[Tensor, "M N"], positive: Bool[Tensor, " N"]) -> Float[Tensor, " M"]:
    """Areas under the ROC curve of the log-odds; NaN if all samples are positive, or none."""
    above, below = log_odds[:, positive].contiguous(), log_odds[:, ~positive].sort(1).values
    less = torch.searchsorted(below, above - TIE, right=False)
    less_or_equal = torch.searchsorted(below, above + TIE, right=True)
    return (less + less_or_equal).sum(1).to(log_odds.dtype) / (2 * positive.sum() * (~positive).sum())


def mean_roc_area(outputs: Float[Tensor, "M N K"], labels: Int[Tensor, " N"]) -> Float[Tensor, " M"]:
    """Means of the areas over the classes of the samples, each against the others; NaN for a single class."""
    areas = []
    for k in torch.unique(labels).tolist():
        others = torch.arange(outputs.shape[2], device=outputs.device) != k
        areas.append(roc_area(outputs[:, :, k] - outputs[:, :, others].logsumexp(2), labels == k))
    return torch.stack(areas).mean(0)


def _areas(problem: Problem, theta: Float[Tensor, "M P"], samples: Samples, declared: Property) -> Named:
    if not problem.is_classification:
        return {}
    parts = torch.split(samples.inputs, samples_per_chunk(problem))
    outputs = torch.cat([problem.network.outputs(theta, part) for part in parts], 1)
    return {declared.name: mean_roc_area(outputs, samples.targets)}


LOSS = Group(
    name="loss",
    compute=losses,
    settings=(),
    properties=(
        Property(
            name="clean_loss", description="mean loss over the training samples, without the L2 term", units=ENERGY
        ),
        Property(name="l2_loss", description="L2 part of the energy, l2 * sum(theta^2)", units=ENERGY),
        Property(
            name="squared_norm",
            description="squared norm of the parameters, sum(theta^2)",
            units="parameter units squared",
            section=Section.NORMS,
        ),
        Property(
            name="accuracy",
            description="accuracy on the training samples",
            units=FRACTION,
            requires=(CLASSES,),
            section=Section.CLEAN,
        ),
        ROUNDED_LOSS,
        ROUNDED_ACCURACY,
        Property(
            name="test_loss",
            description="mean loss over the test samples, without the L2 term",
            units=ENERGY,
            requires=(TEST_SAMPLES,),
        ),
        Property(
            name="test_accuracy",
            description="accuracy on the test samples",
            units=FRACTION,
            requires=(TEST_SAMPLES, CLASSES),
            section=Section.CLEAN,
        ),
        AUC,
        TEST_AUC,
    ),
)
