"""The radius of a sample in few dimensions: the distance of the nearest wrong answer, enclosed from both sides.

Attacks follow gradients, which vanish where units are saturated; bounds on a whole box are loose. Here the box around
a sample is divided until each part is decided. A part that CROWN proves right is dropped. Of the parts whose centre
gets a wrong answer, the nearest one is followed back to the sample for the first wrong answer, which lowers the upper
bound. A part whose distance is almost the upper bound is dropped, too. All others are halved along each input. When
none is left, nothing nearer than (1 - `PRECISION`) times the upper bound is wrong. That takes few parts in two
dimensions and too many in ten.

Shapes: N samples, d inputs, B boxes, K outputs. The infinity norm is meant throughout; one network at a time.
"""

import itertools
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.problems.networks.layered import LayeredNetwork
from landscape.properties.bounds.crown import relax_network

PRECISION = 1e-3
CUTS, CUTTINGS = 32, 6  # of the way to a wrong point: to 1e-9 of its length
LEVELS = 40  # halvings, which end at rounding
MOST_BOXES = 20_000


class Enclosure(NamedTuple):
    """Bounds [N] on radii: no wrong answer is nearer than `lower`, and one is at `upper` unless that is the limit."""

    lower: Float[Tensor, " N"]
    upper: Float[Tensor, " N"]


class Boxes(NamedTuple):
    """Parts of the boxes around samples that may hold a wrong answer."""

    centre: Float[Tensor, "B d"]
    half_width: Float[Tensor, " B"]
    owner: Int[Tensor, " B"]  # the sample

    def where(self, kept: Bool[Tensor, " B"]) -> "Boxes":
        """The boxes that are kept."""
        return Boxes(self.centre[kept], self.half_width[kept], self.owner[kept])

    def halved(self) -> "Boxes":
        """The boxes of half the width."""
        d = self.centre.shape[1]
        corners = torch.tensor(list(itertools.product((-0.5, 0.5), repeat=d))).to(self.centre)
        centre = self.centre[:, None] + corners * self.half_width[:, None, None]
        parts = len(corners)
        return Boxes(
            centre.flatten(0, 1), 0.5 * self.half_width.repeat_interleave(parts), self.owner.repeat_interleave(parts)
        )


@dataclass(frozen=True, kw_only=True)
class Search:
    """One network on samples, and the distances of the nearest wrong points found so far."""

    network: LayeredNetwork
    theta: Float[Tensor, "1 P"]
    inputs: Float[Tensor, "N d"]
    targets: Int[Tensor, " N"]
    upper: Float[Tensor, " N"]

    def wrong(self, point: Float[Tensor, "B d"], owner: Int[Tensor, " B"]) -> Bool[Tensor, " B"]:
        """True where the answer at a point is not that of its sample."""
        return self.network.outputs(self.theta, point)[0].max(1).indices != self.targets[owner]

    def proven(self, boxes: Boxes) -> Bool[Tensor, " B"]:
        """True for boxes without a wrong answer."""
        half_width = boxes.half_width[None, :, None].expand(-1, -1, boxes.centre.shape[1])
        relaxed = relax_network(self.network, self.theta, boxes.centre, half_width)
        return (relaxed.margins(self.targets[boxes.owner])[0] > 0.0).all(1)

    def distance(self, boxes: Boxes) -> Float[Tensor, " B"]:
        """Distances of the nearest points of boxes from their samples."""
        gap = (boxes.centre - self.inputs[boxes.owner]).abs() - boxes.half_width[:, None]
        return gap.amax(1).clamp(min=0.0)

    def tried(self, point: Float[Tensor, "B d"], owner: Int[Tensor, " B"]) -> "Search":
        """The search after points were tried: of each sample the nearest wrong one, and those on the way to it."""
        wrong = self.wrong(point, owner)
        point, owner = point[wrong], owner[wrong]
        length = (point - self.inputs[owner]).abs().amax(1)
        least = torch.full_like(self.upper, torch.inf).scatter_reduce(0, owner, length, "amin")
        first = length == least[owner]
        owner, length, step = owner[first], length[first], (point - self.inputs[owner])[first]
        share = self._first_wrong(owner, step)
        return replace(self, upper=self.upper.scatter_reduce(0, owner, share * length, "amin"))

    def _first_wrong(self, owner: Int[Tensor, " n"], step: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """The share of each step from a sample at which the answer is wrong and, just before, right."""
        low, high = torch.zeros(len(owner)).to(step), torch.ones(len(owner)).to(step)
        parts = torch.arange(1, CUTS + 1).to(step) / CUTS
        for _ in range(CUTTINGS):
            share = low[:, None] + parts * (high - low)[:, None]
            share[:, -1] = high
            point = self.inputs[owner][:, None] + share[..., None] * step[:, None]
            wrong = self.wrong(point.flatten(0, 1), owner.repeat_interleave(CUTS)).view_as(share)
            wrong[:, -1] = True
            first = wrong.to(torch.uint8).argmax(1, keepdim=True)
            high = share.gather(1, first)[:, 0]
            before = share.gather(1, (first - 1).clamp(min=0))[:, 0]
            low = torch.where(first[:, 0] > 0, before, low)
        return high


def radii(
    network: LayeredNetwork,
    theta: Float[Tensor, "1 P"],
    inputs: Float[Tensor, "N d"],
    targets: Int[Tensor, " N"],
    limit: float,
    hints: Float[Tensor, "N d"] | None = None,
) -> Enclosure:
    """The radii of samples, at most `limit`; 0 for a misclassified sample. The `hints` are points to try first.

    Where `MOST_BOXES` are too few the lower bound is the distance of the nearest box left.
    """
    everyone = torch.arange(len(inputs), device=inputs.device)
    search = Search(
        network=network,
        theta=theta,
        inputs=inputs,
        targets=targets,
        upper=torch.full_like(inputs[:, 0], limit).masked_fill(
            network.outputs(theta, inputs)[0].max(1).indices != targets, 0.0
        ),
    )
    if hints is not None:
        search = search.tried(hints, everyone)
    boxes = Boxes(inputs, search.upper, everyone)
    for _ in range(LEVELS):
        boxes = boxes.where(search.distance(boxes) < (1.0 - PRECISION) * search.upper[boxes.owner])
        if not len(boxes.owner) or len(boxes.owner) > MOST_BOXES:
            break
        boxes = boxes.where(~search.proven(boxes))
        search = search.tried(boxes.centre, boxes.owner)
        boxes = boxes.halved()
    nearest_left = search.distance(boxes)
    lower = ((1.0 - PRECISION) * search.upper).scatter_reduce(0, boxes.owner, nearest_left, "amin")
    return Enclosure(lower, search.upper)
