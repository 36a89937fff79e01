"""Sensitivity S = mean over samples of sum_k log(u_k - l_k): the log volume of the reachable outputs.

[l, u] is an outer box of the outputs for all inputs within a box (Wang et al. 2018, arXiv 1810.11726), by
interval bounds, or by the intersection of these with CROWN; robustness is -S. The width of a softmax output is taken as
sigma(b) - sigma(a) = sigma(b) sigma(-a) (1 - exp(a - b)) with [a, b] the box of its log-odds, so that a
saturated output loses no digits. IBP bounds the log-odds by the logits, CROWN by their differences too. Where the
outputs do not depend on the input at all (theta = 0), S is minus infinity or as low as the outward slack of the bounds.

Shapes: M minima, N samples, d inputs, K outputs, E perturbation sizes.
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from landscape.declaration import Property, Requirement, Section
from landscape.problems.problem import Problem
from landscape.properties.bounds.boxes import Box, log_odds_box
from landscape.properties.bounds.crown import doubles_per_sample, relax_network
from landscape.properties.bounds.ibp import logit_box
from landscape.properties.group import Group, Named
from landscape.properties.measurement import Measurement
from landscape.properties.requirements import require_layers
from landscape.properties.sample_means import map_blocks, sample_mean, samples_per_chunk, stack_sizes


def sensitivity(measurement: Measurement, theta: Float[Tensor, "M P"]) -> Named:
    """The properties of the group at theta, each [M, E]."""
    problem, half_widths = measurement.problem, measurement.half_widths
    return sample_mean(
        lambda part: sample_sensitivity(problem, theta, part.inputs, half_widths),
        measurement.samples,
        samples_per_chunk(problem),
    )


def sample_sensitivity(
    problem: Problem, theta: Float[Tensor, "M P"], inputs: Float[Tensor, "N d"], half_widths: Float[Tensor, "E d"]
) -> dict[str, Float[Tensor, "M N E"]]:
    """sum_k log(u_k - l_k) of theta on the inputs, by name.

    On the logits, and on the softmax outputs where the loss is cross-entropy. Raises PropertyError for a module
    of unknown layers.
    """
    network = require_layers(problem)
    on_softmax = problem.loss == "cross_entropy"
    rows = network.n_outputs**2 if on_softmax else 2 * network.n_outputs

    def of_block(block: Float[Tensor, "M P"], part: slice) -> dict[str, Float[Tensor, "M n E"]]:
        return stack_sizes([_at_one_size(problem, block, inputs[part], half_width) for half_width in half_widths])

    return map_blocks(of_block, doubles_per_sample(network, rows), theta, len(inputs))


def _at_one_size(
    problem: Problem, theta: Float[Tensor, "M P"], inputs: Float[Tensor, "N d"], half_width: Float[Tensor, " d"]
) -> dict[str, Float[Tensor, "M N"]]:
    network = require_layers(problem)
    relaxed = relax_network(network, theta, inputs, half_width)
    loose = logit_box(network, theta, inputs, half_width)
    tight = loose.intersect(relaxed.logits())
    found = {"sensitivity_logits": log_volume(loose), "sensitivity_logits_crown": log_volume(tight)}
    if problem.loss == "cross_entropy":
        odds = log_odds_box(tight).intersect(relaxed.log_odds())
        found["sensitivity_softmax"] = softmax_log_volume(log_odds_box(loose))
        found["sensitivity_softmax_crown"] = softmax_log_volume(odds)
    return found


def log_volume(box: Box) -> Float[Tensor, "..."]:
    """Log volume [...] of a box [..., K]."""
    return (box.upper - box.lower).log().sum(-1)


def softmax_log_volume(odds: Box) -> Float[Tensor, "..."]:
    """Log volume [...] of the box of the softmax outputs, from the box [..., K] of their log-odds."""
    shrink = (-(odds.lower - odds.upper).expm1()).log()
    return (functional.logsigmoid(odds.upper) + functional.logsigmoid(-odds.lower) + shrink).sum(-1)


CROSS_ENTROPY = Requirement(holds=lambda problem: problem.loss == "cross_entropy", words='the loss "cross_entropy"')
LOG_VOLUME = "log of output units, summed over outputs"
SUM = "mean over samples of sum_k log(u_k - l_k) with IBP bounds on the"

SENSITIVITY = Group(
    name="sensitivity",
    compute=sensitivity,
    require=require_layers,
    settings=("epsilon",),
    properties=(
        Property(
            name="sensitivity_logits",
            description=f"{SUM} logits",
            units=LOG_VOLUME,
            by_epsilon=True,
            section=Section.SENSITIVITY,
        ),
        Property(
            name="sensitivity_softmax",
            description=f"{SUM} softmax outputs",
            units=LOG_VOLUME,
            by_epsilon=True,
            requires=(CROSS_ENTROPY,),
        ),
        Property(
            name="sensitivity_logits_crown",
            description="sensitivity_logits by CROWN intersected with IBP",
            units=LOG_VOLUME,
            by_epsilon=True,
            trait="robustness",
            sign=-1,
            spellings=("CROWN",),
        ),
        Property(
            name="sensitivity_softmax_crown",
            description="sensitivity_softmax by CROWN, on differences of logits too, intersected with IBP",
            units=LOG_VOLUME,
            by_epsilon=True,
            requires=(CROSS_ENTROPY,),
            trait="robustness",
            sign=-1,
            spellings=("CROWN",),
        ),
    ),
)
