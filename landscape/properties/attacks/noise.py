"""Gaussian noise in the inputs: change by chance, not by intent.

The response of the outputs to noise needs no labels, and correlates with generalisation (Forouzesh, Salehi and Thiran
2020, arXiv 2007.15378).

All minima are measured with the same draws, so two minima are compared under common random numbers. Noise leaves every
box: accuracy under noise may be lower than under attack.

Shapes: M minima, N samples, d inputs. The deviation is [d], one number a feature.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.declaration import FRACTION, Property
from landscape.properties.attacks.networks import Networks
from landscape.properties.requirements import CLASSES


def under_noise(networks: Networks, deviation: Float[Tensor, " d"]) -> dict[str, Float[Tensor, "M N"]]:
    """The effects of noise, the samples' draws times `deviation`: the share of draws that leave the answer correct, for
    a classification, and the mean square of the change of an output.
    """
    draws, clean = networks.samples.noise, networks.outputs(networks.inputs)
    correct = torch.zeros(len(networks.theta), len(networks.samples.inputs), dtype=torch.float64, device=draws.device)
    change = torch.zeros_like(correct)
    for draw in draws:
        outputs = networks.outputs(networks.bounded(networks.inputs + deviation[:, None] * draw.mT))
        correct += networks.correct(outputs)
        change += (outputs - clean).square().mean(1)
    found = {OUTPUT_CHANGE.name: change / len(draws)}
    return found | {NOISE.name: correct / len(draws)} if networks.problem.is_classification else found


NOISE = Property(
    name="noise_accuracy",
    description="mean accuracy under Gaussian noise whose standard deviation is epsilon",
    units=FRACTION,
    by_epsilon=True,
    requires=(CLASSES,),
    trait="robustness",
)
OUTPUT_CHANGE = Property(
    name="noise_output_variance",
    description="mean square of the change of an output under Gaussian noise whose standard deviation is epsilon",
    units="output units squared",
    by_epsilon=True,
)
