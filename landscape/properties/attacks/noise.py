"""Accuracy under Gaussian noise: what happens to a sample by chance, not by intent.

Every minimum meets the same draws, so that two of them are compared under common random numbers. Noise leaves every
box: its accuracy may be smaller than that under attack.

Shapes: M minima, N samples, d inputs. The deviation is [d], one number a feature.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.declaration import FRACTION, Property
from landscape.properties.attacks.networks import Networks
from landscape.properties.requirements import CLASSES


def noise_accuracy(networks: Networks, deviation: Float[Tensor, " d"]) -> Float[Tensor, "M N"]:
    """Share of the draws of the samples, times `deviation`, that leave the answer correct."""
    draws = networks.samples.noise
    correct = torch.zeros(len(networks.theta), len(networks.samples.inputs), dtype=torch.float64, device=draws.device)
    for draw in draws:
        noisy = networks.bounded(networks.inputs + deviation[:, None] * draw.mT)
        correct += networks.correct(networks.outputs(noisy))
    return correct / len(draws)


NOISE = Property(
    name="noise_accuracy",
    description="mean accuracy under Gaussian noise whose standard deviation is epsilon",
    units=FRACTION,
    by_epsilon=True,
    requires=(CLASSES,),
    trait="robustness",
)
