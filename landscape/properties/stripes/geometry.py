"""The data set `f_a` as a problem has it: radii of f_a, the line without cue, and the size of the cue.

Where the inputs are standardised, both of them were shifted and scaled; the K different places x_1 tell by how much.
With jitter they do not, so that such a problem is refused.

Shapes: N samples.
"""

from dataclasses import dataclass
from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.config.stripes import STRIPES, Stripes
from landscape.errors import PropertyError
from landscape.problems.data.stripes import boundaries, points
from landscape.problems.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Places in the units of the inputs."""

    options: Stripes
    boundaries: Float[Tensor, " K_and_1"]
    middle: float  # x_2 on the line without cue
    cue: float  # |x_2| of the samples, from that line

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """The geometry of a problem. Raises PropertyError if its data are not `f_a`, or were drawn and standardised."""
        config = problem.config
        options = None if config is None else Stripes.named(config.dataset)
        if config is None or options is None:
            found = "arrays" if config is None else config.dataset
            raise PropertyError(
                f"stripes need the data set {STRIPES}, found {found}: leave the group 'stripes' out, other data have "
                "no known radii"
            )
        if config.subset or config.test_fraction:
            raise PropertyError(
                f"stripes need all samples of {STRIPES}, found problem.subset = {config.subset} and "
                f"problem.test_fraction = {config.test_fraction:g}: leave both at 0, other samples come from jitter"
            )
        if config.standardise and options.is_drawn:
            raise PropertyError(
                "stripes need inputs in units of r_K, found samples that were drawn and then standardised: set "
                "standardise = false, or leave the group 'stripes' out"
            )
        edges = torch.tensor(boundaries(options)).to(problem.inputs)
        if config.standardise:
            own, place = problem.inputs[:, 0].aminmax(), points(options)
            edges = own.min + (own.max - own.min) / (place[0] - place[-1]) * (edges - place[-1])
        low, high = problem.inputs[:, 1].min().item(), problem.inputs[:, 1].max().item()
        return cls(options=options, boundaries=edges, middle=0.5 * (low + high), cue=0.5 * (high - low))

    def radii(self, inputs: Float[Tensor, "N 2"]) -> Float[Tensor, " N"]:
        """The radii of f_a at samples: distances of the nearest boundary."""
        return (inputs[:, :1] - self.boundaries).abs().amin(1)

    def without_cue(self, inputs: Float[Tensor, "N 2"]) -> Float[Tensor, "N 2"]:
        """The samples moved to the line without cue."""
        return torch.stack([inputs[:, 0], torch.full_like(inputs[:, 0], self.middle)], 1)
