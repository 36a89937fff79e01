"""Adversarial patches: a square of an image, at any place, with any content (Brown et al. 2017, arXiv 1712.09665).

Brown's patch is one for all images; here each sample has its own: the side of the smallest square whose content, found
by sign steps up the loss, makes the answer wrong. A pixel may take any value within its range among the training
samples, or within the bounds of the inputs. Squares stand at places half a side apart, so the side found is an upper
bound of the smallest.

Shapes: M minima, N samples, d = C H W inputs. Points are [M, d, N]; ends of ranges are [d].
"""

from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from landscape.declaration import Property, Requirement, Section
from landscape.numerics.sign_ascent import sign_step
from landscape.problems.data.images import Shape
from landscape.properties.attacks.networks import Networks
from landscape.properties.requirements import CLASSES

STEPS = 4  # steps up the loss, of half the range each: a pixel may reach an end of its range, and return

IMAGES = Requirement(holds=lambda problem: problem.data.image is not None, words="images")
PATCH_TO_FOOL = Property(
    name="patch_to_fool",
    description="mean over samples of the side, in pixels, of the smallest square found whose change within the ranges "
    "of its pixels gives a wrong answer, one more than the image has where none does; 0 for a sample that is wrong "
    "itself",
    units="pixels",
    requires=(CLASSES, IMAGES),
    trait="robustness",
    section=Section.SPARSE,
)


def smallest_patch(
    networks: Networks, image: Shape, lower: Float[Tensor, " d"], upper: Float[Tensor, " d"]
) -> Float[Tensor, "M N"]:
    """The side of the smallest square found that gives a wrong answer; one more than the image's if there is none."""
    largest = min(image[1:])
    found = torch.full_like(networks.clean.loss, largest + 1.0).masked_fill(~networks.clean.survived, 0.0)
    for side in range(1, largest + 1):
        for square in squares(image, side):
            open_ = (found > side).any(0).nonzero()[:, 0]
            if not len(open_):
                break
            fooled = _fooled(networks.of(open_), square.to(lower.device), lower, upper)
            smaller = torch.where(fooled, found[:, open_].clamp(max=float(side)), found[:, open_])
            found = found.index_copy(1, open_, smaller)
    return found


def squares(image: Shape, side: int) -> Iterator[Bool[Tensor, " d"]]:
    """The features of each square, at places half a side apart and at the far edges."""
    _, rows, columns = image
    for row in _places(rows - side, side):
        for column in _places(columns - side, side):
            inside = torch.zeros(image, dtype=torch.bool)
            inside[:, row : row + side, column : column + side] = True
            yield inside.flatten()


def _places(last: int, side: int) -> list[int]:
    return sorted({*range(0, last, -(-side // 2)), last})


def _fooled(
    networks: Networks, square: Bool[Tensor, " d"], lower: Float[Tensor, " d"], upper: Float[Tensor, " d"]
) -> Bool[Tensor, "M N"]:
    """True if an iterate of the ascent within the square is misclassified."""
    point, inside = networks.start, square[:, None]
    low, high = (torch.where(inside, end[:, None], networks.inputs) for end in (lower, upper))
    step, right = 0.5 * (upper - lower)[:, None], networks.clean.survived
    for _ in range(STEPS):
        outcome, gradient = networks.slope(point)
        right = right & outcome.survived
        point = sign_step(point, gradient, step, low, high)
    return ~(right & networks.correct(networks.outputs(point)))
