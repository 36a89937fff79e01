"""Sensitivity: the size of the set of outputs that a network can reach from boxes of inputs.

Wang et al. 2018 (arXiv 1810.11726) take "the volume of an over-approximation of the reachable set" of a sample. Here
this set is an outer box [l, u] of the outputs, by interval bounds or by their intersection with CROWN. Their abstract
does not say how samples are combined, and correlations depend on it. So all ways are measured: S, the mean of the log
volume sum_k log(u_k - l_k); the log of the mean volume; the mean of the K-th root of the volume; the mean sum of the
widths; and the largest log volume. A smaller value means a more robust network.

The width of a softmax output is taken as sigma(b) - sigma(a) = sigma(b) sigma(-a) (1 - exp(a - b)) with [a, b] the box
of its log-odds, so a saturated output loses no digits. IBP bounds the log-odds by the logits, CROWN by their
differences too. If the outputs do not depend on the input at all (theta = 0), logarithms are minus infinity, or as low
as the outward slack of the bounds.

Shapes: M minima, N samples, d inputs, K outputs, E perturbation sizes.
"""

import math
from dataclasses import replace

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
from landscape.properties.sample_means import map_blocks, stack_sizes

MEAN_VOLUME, ROOT, WIDTH, LARGEST = "log_mean_volume", "root", "width", "largest"


def sensitivity(measurement: Measurement, theta: Float[Tensor, "M P"]) -> Named:
    """The properties of the group at theta, each [M, E]."""
    problem = measurement.problem
    found = sample_sensitivity(problem, theta, measurement.samples.inputs, measurement.half_widths)
    names = [name for name in found if not name.endswith(WIDTH)]
    aggregated: Named = {}
    for name in names:
        aggregated |= aggregates(name, found[name], found[f"{name}_{WIDTH}"], problem.network.n_outputs)
    return aggregated


def aggregates(
    name: str, log_volume: Float[Tensor, "M N E"], widths: Float[Tensor, "M N E"], n_outputs: int
) -> dict[str, Float[Tensor, "M E"]]:
    """The sensitivity `name` and its variants, from each sample's log volume and sum of widths."""
    return {
        name: log_volume.mean(1),
        f"{name}_{MEAN_VOLUME}": log_volume.logsumexp(1) - math.log(log_volume.shape[1]),
        f"{name}_{ROOT}": (log_volume / n_outputs).exp().mean(1),
        f"{name}_{WIDTH}": widths.mean(1),
        f"{name}_{LARGEST}": log_volume.amax(1),
    }


def sample_sensitivity(
    problem: Problem, theta: Float[Tensor, "M P"], inputs: Float[Tensor, "N d"], half_widths: Float[Tensor, "E d"]
) -> dict[str, Float[Tensor, "M N E"]]:
    """sum_k log(u_k - l_k) of theta on the inputs, by name, and sum_k (u_k - l_k) as NAME_width.

    Boxes are those of the logits, and for cross-entropy those of the softmax outputs too. Raises PropertyError for a
    module of unknown layers.
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
    log_widths = {"sensitivity_logits": log_widths_of(loose), "sensitivity_logits_crown": log_widths_of(tight)}
    if problem.loss == "cross_entropy":
        odds = log_odds_box(tight).intersect(relaxed.log_odds())
        log_widths["sensitivity_softmax"] = softmax_log_widths(log_odds_box(loose))
        log_widths["sensitivity_softmax_crown"] = softmax_log_widths(odds)
    found = {name: values.sum(-1) for name, values in log_widths.items()}
    return found | {f"{name}_{WIDTH}": values.exp().sum(-1) for name, values in log_widths.items()}


def log_widths_of(box: Box) -> Float[Tensor, "... K"]:
    """Log widths of a box [..., K]."""
    return (box.upper - box.lower).log()


def softmax_log_widths(odds: Box) -> Float[Tensor, "... K"]:
    """Log widths of the box of the softmax outputs, from the box [..., K] of their log-odds."""
    shrink = (-(odds.lower - odds.upper).expm1()).log()
    return functional.logsigmoid(odds.upper) + functional.logsigmoid(-odds.lower) + shrink


CROSS_ENTROPY = Requirement(holds=lambda problem: problem.loss == "cross_entropy", words='the loss "cross_entropy"')
LOG_VOLUME = "log of output units, summed over outputs"
SUM = "mean over samples of sum_k log(u_k - l_k) with IBP bounds on the"
SENSITIVITIES = (
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
)


def variants(one: Property) -> tuple[Property, ...]:
    """The sensitivity, a mean log volume, and its variants, which combine the same boxes in other ways."""
    of_boxes = f"by the boxes of {one.name}"

    def variant(ending: str, words: str, units: str) -> Property:
        return replace(one, name=f"{one.name}_{ending}", description=f"{words}, {of_boxes}", units=units, section=None)

    others = (
        variant(MEAN_VOLUME, "log of the mean over samples of the volume", LOG_VOLUME),
        variant(ROOT, "mean over samples of the K-th root of the volume of K outputs", "output units"),
        variant(WIDTH, "mean over samples of sum_k (u_k - l_k)", "output units"),
        variant(LARGEST, "largest log volume of a sample", LOG_VOLUME),
    )
    # Near-copies of one number are no further notions of robustness: only the mean log volume and the log of the mean
    # volume count.
    return (one, others[0], *(replace(other, trait=None) for other in others[1:]))


SENSITIVITY = Group(
    name="sensitivity",
    compute=sensitivity,
    require=require_layers,
    settings=("epsilon",),
    properties=tuple(one for declared in SENSITIVITIES for one in variants(declared)),
)
