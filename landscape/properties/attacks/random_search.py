"""Random search in a box, without gradients: the Square attack for inputs that are not images.

After Andriushchenko et al. 2020 (arXiv 1912.00049, algorithm 1): from a random corner of the box, each query moves a
random part of the features to one of their two ends, and is kept if the margin of the best wrong class grew. The part
starts at 0.8 of the features and halves as in section 4.2, down to one feature. Sets of features replace the squares of
an image, since features have no neighbours here.

All samples of all minima are asked the same queries. Misleading gradients do not stop this attack; where it beats the
other attacks, their gradients are masked.

Shapes: M minima, N samples, d inputs, Q queries. Points are [M, d, N]; the half-width is [d], one number a feature.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.properties.attacks.attack import Attack
from landscape.properties.attacks.networks import Networks, Outcome


def random_search(networks: Networks, half_width: Float[Tensor, " d"]) -> Outcome:
    """The outcome of the queries, which are the corners drawn for the samples."""
    box, width, corners = networks.box(half_width), half_width[:, None], networks.samples.corners
    point = box.clip(networks.start + width * corners[0, :, None])
    outputs = networks.outputs(point)
    score, attack = _score(networks, outputs), networks.clean.worse(networks.judge(outputs))
    for corner in corners[1:, :, None]:
        moved = torch.where(corner == 0.0, point, box.clip(networks.inputs + width * corner))
        found = _score(networks, networks.outputs(moved))
        point = torch.where((found > score)[:, None], moved, point)
        score = torch.maximum(found, score)
    return attack.worse(networks.judge(networks.outputs(point)))


def _score(networks: Networks, outputs: Float[Tensor, "M K N"]) -> Float[Tensor, "M N"]:
    """The score that the search raises: the margin of the best wrong class; without classes, the loss."""
    if not networks.problem.is_classification:
        return networks.loss(outputs)[0]
    return networks.wrong(outputs).amax(1) - networks.true(outputs)


SQUARE = Attack(
    name="square_accuracy",
    description="samples correct after a random search without gradients",
    run=lambda networks, half_width, _: random_search(networks, half_width),
)
