"""Networks on samples, as an attack sees them, and the outcome of an attack.

Shapes: M minima, P parameters, N samples, d inputs, K outputs. Points are [M, d, N] and outputs [M, K, N], the samples
contiguous, because every elementwise pass runs along them. A half-width is [d], one number a feature.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.problems.networks.losses import LOSSES
from landscape.problems.problem import Problem
from landscape.properties.draws import Samples

Pullback = Callable[[Float[Tensor, "M K N"]], Float[Tensor, "M d N"]]


class Outcome(NamedTuple):
    """The outcome of an attack on each sample. All samples of a regression survive, since they have no classes."""

    survived: Bool[Tensor, "M N"]  # true if every point was classified correctly
    loss: Float[Tensor, "M N"]  # largest loss of a point

    def worse(self, other: "Outcome") -> "Outcome":
        """The outcome of both attacks together."""
        return Outcome(self.survived & other.survived, torch.maximum(self.loss, other.loss))


class AllowedInputs(NamedTuple):
    """Bounds of the inputs that an attack may use in place of each sample."""

    lower: Float[Tensor, "d N"]
    upper: Float[Tensor, "d N"]

    def clip(self, point: Float[Tensor, "*M d N"]) -> Float[Tensor, "*M d N"]:
        """Moves points to the nearest points of the box, in place."""
        return torch.clamp(point, self.lower, self.upper, out=point)

    def contains(self, point: Float[Tensor, "M d N"]) -> Bool[Tensor, "M N"]:
        """True for points in the box."""
        return ((point >= self.lower) & (point <= self.upper)).all(1)


@dataclass(frozen=True)
class Networks:
    """The networks theta on some samples; `bounds` are the bounds of every input, if there are any."""

    problem: Problem
    theta: Float[Tensor, "M P"]
    samples: Samples
    bounds: tuple[float, ...] = ()

    def of(self, rows: Int[Tensor, " n"]) -> "Networks":
        """The same networks on some of the samples."""
        return replace(self, samples=self.samples.part(rows))

    @cached_property
    def inputs(self) -> Float[Tensor, "d N"]:
        """The samples."""
        return self.samples.inputs.mT.contiguous()

    @cached_property
    def clean(self) -> Outcome:
        """The outcome of the samples themselves."""
        return self.judge(self.outputs(self.inputs))

    @cached_property
    def encoded(self) -> Float[Tensor, "K N"]:
        """The targets: one-hot for classes."""
        return LOSSES[self.problem.loss].encode(self.samples.targets, self.problem.network.n_outputs)

    @property
    def start(self) -> Float[Tensor, "M d N"]:
        """A copy of the samples for each network."""
        return self.inputs.repeat(len(self.theta), 1, 1)

    def starts(self, half_width: Float[Tensor, " d"]) -> Iterator[Float[Tensor, "M d N"]]:
        """The samples, then the random points of the box at the offsets of the samples."""
        yield self.start
        for offset in self.samples.offsets:
            yield self.box(half_width).clip(self.start + half_width[:, None] * offset.mT)

    def box(self, half_width: Float[Tensor, " d"]) -> AllowedInputs:
        """The inputs that are allowed around each sample."""
        return AllowedInputs(*(self.bounded(self.inputs + side * half_width[:, None]) for side in (-1.0, 1.0)))

    def bounded(self, point: Float[Tensor, "*M d N"]) -> Float[Tensor, "*M d N"]:
        """The nearest points within the bounds of the inputs."""
        return point.clamp(*self.bounds) if self.bounds else point

    def outputs(self, point: Float[Tensor, "*M d N"]) -> Float[Tensor, "M K N"]:
        """Outputs at the points of each network, or at points [d, N] of all networks."""
        return self.problem.network.outputs(self.theta, point.mT).mT

    def vjp(self, point: Float[Tensor, "M d N"]) -> tuple[Float[Tensor, "M K N"], Pullback]:
        """Outputs at points, and the function that turns the gradient of a scalar with respect to the outputs into its
        gradient with respect to the points.
        """
        outputs, pull_back = self.problem.network.vjp(self.theta, point.mT)
        return outputs.mT, lambda output_gradient: pull_back(output_gradient.mT).mT

    def slope(self, point: Float[Tensor, "M d N"]) -> tuple[Outcome, Float[Tensor, "M d N"]]:
        """The outcome of the points, and the gradients of their losses."""
        loss, right, gradient = self.problem.loss_of_inputs(self.theta, point, self.encoded)
        return Outcome(right if self.problem.is_classification else torch.ones_like(right), loss), gradient

    def loss(self, outputs: Float[Tensor, "M K N"]) -> tuple[Float[Tensor, "M N"], Float[Tensor, "M K N"]]:
        """Losses of outputs, and their gradients."""
        return LOSSES[self.problem.loss].value_and_gradient(outputs, self.encoded)

    def judge(self, outputs: Float[Tensor, "M K N"]) -> Outcome:
        """The outcome of points with these outputs."""
        return Outcome(self.correct(outputs), self.loss(outputs)[0])

    def correct(self, outputs: Float[Tensor, "M K N"]) -> Bool[Tensor, "M N"]:
        """True where the outputs give the true class; everywhere if there are no classes."""
        if not self.problem.is_classification:
            return torch.ones(len(outputs), outputs.shape[2], dtype=torch.bool, device=outputs.device)
        predicted = outputs.max(1).indices  # first of equals; argmax would be ten times slower
        return predicted == self.samples.targets

    def wrong(self, outputs: Float[Tensor, "M K N"]) -> Float[Tensor, "M K N"]:
        """Outputs, with minus infinity at the true classes."""
        return outputs + self._barred

    def true(self, outputs: Float[Tensor, "M K N"]) -> Float[Tensor, "M N"]:
        """Outputs of the true classes."""
        return outputs.gather(1, self.samples.targets.expand(len(outputs), 1, -1))[:, 0]

    @cached_property
    def _barred(self) -> Float[Tensor, "K N"]:
        return torch.zeros_like(self.encoded).masked_fill(self.encoded > 0.0, -torch.inf)
