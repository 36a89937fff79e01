"""Certificates of each sample: proofs that a box around it holds no wrong answer, and the largest box with a proof.

A box is certified if the lower bounds on z_y - z_j, by intervals or by their intersection with CROWN, are positive for
all other classes j. The largest certified size is found by bisection, for all samples and minima at once. A bound may
fail at one size and succeed at a larger one; the size returned was itself certified, and any box inside is then robust
too.

Shapes: M minima, P parameters, N samples, d inputs.
"""

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from landscape.declaration import FRACTION, Property, Section
from landscape.problems.networks.layered import LayeredNetwork
from landscape.properties.bounds.crown import doubles_per_sample, relax_network
from landscape.properties.bounds.ibp import margin_lower_bound
from landscape.properties.requirements import CLASSES, LAYERS
from landscape.properties.sample_means import OfBlock, map_blocks

HALVINGS = 24
CERTIFIED_IBP = Property(
    name="certified_accuracy_ibp",
    description="samples whose whole box is proven correct by interval bounds (IBP)",
    units=FRACTION,
    by_epsilon=True,
    requires=(CLASSES, LAYERS),
    spellings=("IBP",),
)
CERTIFIED_CROWN = Property(
    name="certified_accuracy_crown",
    description="samples whose whole box is proven correct by CROWN intersected with IBP",
    units=FRACTION,
    by_epsilon=True,
    requires=(CLASSES, LAYERS),
    trait="robustness",
    section=Section.CERTIFIED,
    spellings=("CROWN",),
)
CERTIFIED_EPSILON = Property(
    name="certified_epsilon",
    description="mean over samples of the largest half-width proven correct by CROWN intersected with IBP, "
    "0 if misclassified, at most the widest range of the inputs",
    units="units of the inputs; of the widest feature where the first epsilon has one number a feature",
    requires=(CLASSES, LAYERS),
    trait="robustness",
)


def certified(
    network: LayeredNetwork,
    theta: Float[Tensor, "M P"],
    inputs: Float[Tensor, "N d"],
    targets: Int[Tensor, " N"],
    half_width: Float[Tensor, " d"],
) -> dict[str, Bool[Tensor, "M N"]]:
    """Masks by method: true where all inputs of the box provably get the true class; the second includes the first."""

    def of_block(block: Float[Tensor, "M P"], part: slice) -> dict[str, Bool[Tensor, "M n"]]:
        arguments = block, inputs[part]
        by_intervals = margin_lower_bound(network, *arguments, targets[part], half_width)
        by_relaxation = relax_network(network, *arguments, half_width).margins(targets[part])
        both = torch.maximum(by_intervals, by_relaxation)
        return {CERTIFIED_IBP.name: _positive(by_intervals), CERTIFIED_CROWN.name: _positive(both)}

    return _map_blocks(of_block, network, theta, len(inputs))


def certified_epsilon(
    network: LayeredNetwork,
    theta: Float[Tensor, "M P"],
    inputs: Float[Tensor, "N d"],
    targets: Int[Tensor, " N"],
    direction: Float[Tensor, " d"],
    largest: float,
) -> Float[Tensor, "M N"]:
    """Largest certified size of boxes with half-width size * direction, by CROWN and intervals, at most `largest` and
    to a precision of 2^-24 of `largest`; 0 for a misclassified sample.
    """

    def of_block(block: Float[Tensor, "M P"], part: slice) -> dict[str, Float[Tensor, "M n"]]:
        size = block.new_zeros(len(block), len(inputs[part]))
        for halving in range(HALVINGS + 1):
            trial = (size + largest / 2**halving).clamp(max=largest)
            relaxed = relax_network(network, block, inputs[part], trial[..., None] * direction)
            size = torch.where(_positive(relaxed.margins(targets[part])), trial, size)
        return {"size": size}

    return _map_blocks(of_block, network, theta, len(inputs))["size"]


def _positive(margins: Float[Tensor, "M N K"]) -> Bool[Tensor, "M N"]:
    return (margins > 0.0).all(2)


def _map_blocks(
    function: OfBlock, network: LayeredNetwork, theta: Float[Tensor, "M P"], n_samples: int
) -> dict[str, Shaped[Tensor, "M N"]]:
    return map_blocks(function, doubles_per_sample(network, network.n_outputs), theta, n_samples)
