"""Evaluations of trained networks: defences that cost no training, seen by an attack that knows them.

    quantise    each input is rounded to multiples of a step (bit depth reduction, Xu, Evans and Qi 2018, arXiv
                1704.01155). Rounding has no gradient: attacks use that of the identity instead (straight-through;
                BPDA of Athalye, Carlini and Wagner 2018, arXiv 1802.00420), at the rounded point
    smooth      images are blurred by a Gaussian, cut off at four standard deviations and at the borders; attacks
                use the exact gradient of the blur
    ensemble    the mean of the softmax outputs of several networks; attacks raise the loss of that mean, exactly

Inputs are blurred, then rounded, in the form that the network sees: standardised if the problem says so. All attacks of
`robust_accuracy` except the search for distances are run, each through the defence. A straight-through gradient may
mislead and so hide existing adversarial points; the random search, which needs no gradient, reveals this.

Shapes: M networks, P parameters, N samples, d inputs, K outputs, E perturbation sizes. Points are [M, d, N].
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.config.training import Evaluation
from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.properties.attacks.networks import Networks, Outcome, Pullback
from landscape.properties.robustness import ADVERSARIAL_LOSS, attack_all, survivors, together
from landscape.properties.sample_means import stack_sizes

LEAST_SIDE = 4
CUT_OFF = 4.0  # half-width of a blur, in standard deviations

Filter = Callable[[Float[Tensor, "*M d N"]], Float[Tensor, "*M d N"]]


@dataclass(frozen=True, kw_only=True)
class Filtered(Networks):
    """Networks whose inputs pass a filter; `back` turns gradients after the filter into gradients before it."""

    forward: Filter
    back: Filter

    def outputs(self, point: Float[Tensor, "*M d N"]) -> Float[Tensor, "M K N"]:
        """Outputs at the points of each network, or at points [d, N] of all networks."""
        return super().outputs(self.forward(point))

    def vjp(self, point: Float[Tensor, "M d N"]) -> tuple[Float[Tensor, "M K N"], Pullback]:
        """See `Networks`; the points pass the filter first."""
        outputs, pull_back = super().vjp(self.forward(point))
        return outputs, lambda output_gradient: self.back(pull_back(output_gradient))

    def slope(self, point: Float[Tensor, "M d N"]) -> tuple[Outcome, Float[Tensor, "M d N"]]:
        """See `Networks`; the points pass the filter first."""
        attack, gradient = super().slope(self.forward(point))
        return attack, self.back(gradient)


@dataclass(frozen=True, kw_only=True)
class Ensemble(Networks):
    """An ensemble of members with parameters theta as one network; its outputs are the logarithms of the mean of the
    members' probabilities.
    """

    members: Networks

    @property
    def start(self) -> Float[Tensor, "1 d N"]:
        """A copy of the samples."""
        return self.inputs[None].clone()

    def outputs(self, point: Float[Tensor, "*M d N"]) -> Float[Tensor, "1 K N"]:
        """Outputs at points [1, d, N] or [d, N]."""
        return _mixture(self.members.outputs(self._shared(point)).log_softmax(1))

    def vjp(self, point: Float[Tensor, "1 d N"]) -> tuple[Float[Tensor, "1 K N"], Pullback]:
        """Outputs at points, and the function that turns a gradient in the outputs into one in the points."""
        outputs, pull_back = self.members.vjp(self._shared(point))
        of_member = outputs.log_softmax(1)
        mixture = _mixture(of_member)
        share = (of_member - mixture).exp() / len(self.theta)

        def pull(output_gradient: Float[Tensor, "1 K N"]) -> Float[Tensor, "1 d N"]:
            gradient = share * output_gradient
            gradient = gradient - of_member.exp() * gradient.sum(1, keepdim=True)
            return pull_back(gradient).sum(0, keepdim=True)

        return mixture, pull

    def slope(self, point: Float[Tensor, "1 d N"]) -> tuple[Outcome, Float[Tensor, "1 d N"]]:
        """The outcome of the points, and the gradients of their losses."""
        outputs, pull_back = self.vjp(point)
        loss, gradient = self.loss(outputs)
        return Outcome(self.correct(outputs), loss), pull_back(gradient)

    def _shared(self, point: Float[Tensor, "*M d N"]) -> Float[Tensor, "M d N"]:
        return point.expand(len(self.theta), -1, -1)


def defended(networks: Networks, evaluation: Evaluation) -> Networks:
    """The networks as the evaluation uses them. Raises PropertyError for a blur without images."""
    forward, back = _filter(networks, evaluation)
    parts = networks.problem, networks.theta, networks.samples, networks.bounds
    if evaluation.quantise or evaluation.smooth:
        networks = Filtered(*parts, forward=forward, back=back)
    return Ensemble(*parts, members=networks) if evaluation.ensemble else networks


def blur_matrix(shape: tuple[int, int, int], deviation: float) -> Float[Tensor, "d d"]:
    """The Gaussian blur of images (channels, height, width) as a matrix, its rows summing to 1."""
    channels, height, width = shape
    rows, columns = (_blurred_line(side, deviation) for side in (height, width))
    return torch.kron(torch.eye(channels, dtype=torch.float64), torch.kron(rows, columns))


def _blurred_line(length: int, deviation: float) -> Float[Tensor, "length length"]:
    """The blur of a line of pixels as a matrix."""
    distance = torch.arange(length, dtype=torch.float64)[:, None] - torch.arange(length)
    line = (-0.5 * (distance / deviation) ** 2).exp() * (distance.abs() <= int(CUT_OFF * deviation + 0.5))
    return line / line.sum(1, keepdim=True)


def require_defence(problem: Problem, evaluation: Evaluation) -> None:
    """Raise PropertyError unless the evaluation suits the networks of the problem."""
    if not problem.is_classification or problem.loss != "cross_entropy":
        raise PropertyError(
            f'evaluations need classes and the loss "cross_entropy", found the loss "{problem.loss}": '
            "leave [train.evaluations] out"
        )
    if evaluation.smooth:
        image_shape(problem)


def image_shape(problem: Problem) -> tuple[int, int, int]:
    """Channels, height and width of the samples as images; taken as square and grey if the data do not say.

    Raises PropertyError if the samples are not images.
    """
    if problem.data.image is not None:
        return problem.data.image
    inputs = problem.network.n_inputs
    side = math.isqrt(inputs)
    if side < LEAST_SIDE or side**2 != inputs:
        raise PropertyError(
            f"a blur needs images, or square ones of at least {LEAST_SIDE} x {LEAST_SIDE} pixels, found {inputs} "
            "inputs: leave 'smooth' out of [train.evaluations]"
        )
    return 1, side, side


def sample_accuracy(networks: Networks) -> dict[str, Float[Tensor, "M N"]]:
    """Accuracy of each sample: 1 if it is classified correctly, else 0."""
    return {"accuracy": networks.clean.survived.to(torch.float64)}


def sample_accuracies_under_attack(
    networks: Networks, half_widths: Float[Tensor, "E d"], settings: MeasureConfig
) -> dict[str, Float[Tensor, "M N E"]]:
    """Accuracies under each attack and under all attacks, and the largest loss, for each half-width."""
    columns = []
    for half_width in half_widths:
        outcomes = attack_all(networks, half_width, settings)
        worst = together(networks, outcomes.values())
        masks = survivors(outcomes, worst)
        columns.append({ADVERSARIAL_LOSS.name: worst.loss} | {name: mask.double() for name, mask in masks.items()})
    return stack_sizes(columns)


def _filter(networks: Networks, evaluation: Evaluation) -> tuple[Filter, Filter]:
    """The filter of points, and the function that turns gradients after the filter into gradients before it."""
    step = evaluation.quantise
    matrix = (
        blur_matrix(image_shape(networks.problem), evaluation.smooth).to(networks.inputs) if evaluation.smooth else None
    )

    def forward(point: Float[Tensor, "*M d N"]) -> Float[Tensor, "*M d N"]:
        blurred = point if matrix is None else matrix @ point
        return (blurred / step).round() * step if step else blurred

    return forward, lambda gradient: gradient if matrix is None else matrix.mT @ gradient


def _mixture(of_member: Float[Tensor, "M K N"]) -> Float[Tensor, "1 K N"]:
    """Logarithms of the mean of probabilities, from their logarithms."""
    return of_member.logsumexp(0, keepdim=True) - math.log(len(of_member))
