"""Bounds by linear relaxation, backwards (CROWN, Zhang et al. 2018, arXiv 1811.00866), never wider than intervals.

Each activation is enclosed by two lines on its interval (`relaxations.py`). A linear form of the last hidden
activations is pulled back layer by layer: each coefficient takes the line that keeps the form a lower bound, then the
form goes through the weights; its least value over the box of inputs is exact. The intervals of each hidden layer come
from the same pass, started at that layer, and are intersected with interval propagation from the layer before. All
bounds here are intersections of CROWN and IBP, since neither is always the tighter one. Upper bounds are lower bounds
of the negative.

In floating point each step subtracts a bound on its rounding (`linear_maps.py`). For an activation it is n + 4 machine
epsilons times |c| times the largest of |intercept| and |activation|; this covers the rounding of the given coefficients
too.

Shapes: M minima, N samples, d inputs, K outputs, n units of a layer, R rows (quantities bounded at once). The
half-width is [d], one number a feature, or [M, N, d].
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape.problems.activations import Activation
from landscape.problems.networks.layered import LayeredNetwork
from landscape.properties.bounds.boxes import Box, activation_image, log_odds_of_differences, sum_rounding
from landscape.properties.bounds.ibp import input_box, without_own
from landscape.properties.bounds.linear_maps import DenseMap, LinearForms, LinearMap, linear_maps
from landscape.properties.bounds.relaxations import Lines, relax


class Stage(NamedTuple):
    """A hidden layer on a box: its map, magnitude of pre-activations, lines and image of activations."""

    layer: LinearMap
    magnitude: Float[Tensor, "M n N"]
    lines: Lines  # [M, n, N]
    image: Box  # [M, n, N]

    def pull_back(self, forms: LinearForms) -> LinearForms:
        """Forms of the layer's inputs from forms of its activations."""
        positive, lines, coefficient = forms.coefficient > 0.0, self.lines, forms.coefficient
        slope = torch.where(positive, lines.lower_slope[:, None], lines.upper_slope[:, None])
        intercept = torch.where(positive, lines.lower_intercept[:, None], lines.upper_intercept[:, None])
        largest = torch.maximum(lines.lower_intercept.abs(), lines.upper_intercept.abs())
        weighted = forms.weighted(torch.maximum(largest, self.image.magnitude))
        slack = sum_rounding(coefficient.shape[2]) * (weighted + forms.constant.abs())
        constant = forms.constant + (coefficient * intercept).sum(2) - slack
        return self.layer.pull_back(LinearForms(coefficient * slope, constant), self.magnitude)


class RelaxedNetwork(NamedTuple):
    """A network on a box [M or 1, d, N] of inputs: its hidden layers relaxed, and its last layer."""

    inputs: Box
    stages: list[Stage]
    last: DenseMap

    def lower_bounds(self, forms: LinearForms) -> Float[Tensor, "M R N"]:
        """Lower bounds on forms of the last hidden activations."""
        return _lower_bounds(self.inputs, self.stages, forms)

    def logits(self) -> Box:
        """Bounds [M, N, K] on the outputs."""
        return _ends(self.lower_bounds(self.last.both_ends())).transposed

    def log_odds(self) -> Box:
        """Bounds [M, N, K] on log(p_k / (1 - p_k)) of the softmax outputs, from all differences of outputs."""
        differences = self.lower_bounds(self.last.all_differences())
        n_outputs = self.last.bias.shape[1]
        return log_odds_of_differences(torch.unflatten(differences.mT, 2, (n_outputs, n_outputs)))

    def margins(self, targets: Int[Tensor, " N"]) -> Float[Tensor, "M N K"]:
        """Lower bounds on z_y - z_j for the true classes y; plus infinity at j = y."""
        entering = self.stages[-1].image if self.stages else self.inputs
        return without_own(self.lower_bounds(self.last.differences(targets, entering)).mT, targets)


def relax_network(
    network: LayeredNetwork,
    theta: Float[Tensor, "M P"],
    inputs: Float[Tensor, "N d"],
    half_width: Float[Tensor, "... d"],
) -> RelaxedNetwork:
    """The network at theta on boxes around inputs."""
    box = input_box(inputs, half_width)
    hidden, last = linear_maps(network, theta)
    stages: list[Stage] = []
    for layer in hidden:
        entering = stages[-1].image if stages else box
        inside = layer.image(entering)
        if stages:
            inside = inside.intersect(_ends(_lower_bounds(box, stages, layer.both_ends())))
        stages.append(_stage(layer, entering, inside, network.activation))
    return RelaxedNetwork(box, stages, last)


def doubles_per_sample(network: LayeredNetwork, rows: int) -> int:
    """Float64 numbers per minimum and sample that bounds on `rows` forms of the outputs use."""
    hidden = [layer.n_units for layer in network.layers[:-1]]
    most_rows = max([rows, *(2 * units for units in hidden[1:])])
    return most_rows * (16 * max(hidden, default=0) + 4 * network.n_inputs) + 64 * sum(hidden)


def _stage(layer: LinearMap, entering: Box, inside: Box, activation: Activation) -> Stage:
    return Stage(layer, layer.magnitude(entering), relax(activation, inside), activation_image(inside, activation))


def _lower_bounds(inputs: Box, stages: list[Stage], forms: LinearForms) -> Float[Tensor, "M R N"]:
    """The larger of the interval bound, from the last stage, and the CROWN bound, from the inputs."""
    by_intervals = forms.least(stages[-1].image if stages else inputs)
    for stage in reversed(stages):
        forms = stage.pull_back(forms)
    return torch.maximum(by_intervals, forms.least(inputs))


def _ends(lower_bounds: Float[Tensor, "M R N"]) -> Box:
    """Box from lower bounds on quantities and on their negatives."""
    lower, negative_upper = lower_bounds.chunk(2, 1)
    return Box(lower, -negative_upper)
