"""Adversarial points that differ from the sample in few features, by any amount: a search in the L0 pseudo-norm.

A feature may take any value within its range among the training samples, or within the bounds of the inputs. Changes
are greedy: each moves that feature to an end of its range which raises the margin of the best wrong class most. Only
the `CANDIDATES` features that the gradient ranks highest are evaluated; the corner search of Croce and Hein 2019 (arXiv
1909.05040), from which this is derived, evaluates all and draws random sets of them. The number of changed features
when the answer becomes wrong is an upper bound of the fewest.

Shapes: M minima, N samples, d inputs. Points are [M, d, N]; ends of ranges are [d].
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.declaration import Property, Section
from landscape.properties.attacks.networks import Networks
from landscape.properties.requirements import CLASSES

CANDIDATES = 16

FEATURES_TO_FOOL = Property(
    name="features_to_fool",
    description="mean over samples of the fewest features found whose change within their ranges gives a wrong answer, "
    "one more than there are where none does; 0 for a sample that is wrong itself",
    units="features",
    requires=(CLASSES,),
    trait="robustness",
    section=Section.SPARSE,
)


def fewest_features(networks: Networks, lower: Float[Tensor, " d"], upper: Float[Tensor, " d"]) -> Float[Tensor, "M N"]:
    """The fewest features found whose change gives a wrong answer; d + 1 if none was found."""
    n_features = len(lower)
    point, wrong = networks.start, ~networks.clean.survived
    free = torch.ones_like(point, dtype=torch.bool)
    found = torch.full_like(networks.clean.loss, n_features + 1.0).masked_fill(wrong, 0.0)
    for changed in range(1, n_features + 1):
        if wrong.all():
            break
        point, free = _with_best_change(networks, point, free, (lower, upper))
        wrong = wrong | ~networks.correct(networks.outputs(point))
        found = torch.where(wrong, found.clamp(max=float(changed)), found)
    return found


def _with_best_change(
    networks: Networks,
    point: Float[Tensor, "M d N"],
    free: Bool[Tensor, "M d N"],
    ends: tuple[Float[Tensor, " d"], Float[Tensor, " d"]],
) -> tuple[Float[Tensor, "M d N"], Bool[Tensor, "M d N"]]:
    """Points with one more feature at an end of its range, and a mask of the features still free."""
    outputs, pull_back = networks.vjp(point)
    gradient = pull_back(_margin_slope(networks, outputs))
    target = torch.where(gradient > 0.0, ends[1][:, None], ends[0][:, None])
    gain = (gradient * (target - point)).masked_fill(~free, -torch.inf)
    candidates = gain.topk(min(CANDIDATES, gain.shape[1]), dim=1).indices
    best = _changed(point, candidates[:, :1], target)
    place, margin = candidates[:, 0], _margin(networks, best)
    for number in range(1, candidates.shape[1]):
        moved = _changed(point, candidates[:, number : number + 1], target)
        reached = _margin(networks, moved)
        allowed = gain.gather(1, candidates[:, number : number + 1])[:, 0] > -torch.inf
        better = (reached > margin) & allowed
        best, margin = torch.where(better[:, None], moved, best), torch.where(better, reached, margin)
        place = torch.where(better, candidates[:, number], place)
    return best, free.scatter(1, place[:, None], value=False)


def _changed(
    point: Float[Tensor, "M d N"], place: Int[Tensor, "M 1 N"], target: Float[Tensor, "M d N"]
) -> Float[Tensor, "M d N"]:
    return point.scatter(1, place, target.gather(1, place))


def _margin(networks: Networks, point: Float[Tensor, "M d N"]) -> Float[Tensor, "M N"]:
    """The margin by which the best wrong class exceeds the true class."""
    outputs = networks.outputs(point)
    return networks.wrong(outputs).amax(1) - networks.true(outputs)


def _margin_slope(networks: Networks, outputs: Float[Tensor, "M K N"]) -> Float[Tensor, "M K N"]:
    """The gradient of the margin with respect to the outputs."""
    rival = networks.wrong(outputs).max(1).indices[:, None]
    return torch.zeros_like(outputs).scatter_(1, rival, 1.0) - networks.encoded
