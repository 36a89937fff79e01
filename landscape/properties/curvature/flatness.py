"""Measures of flatness that do not change when a network is rewritten with other parameters, in closed form.

With C_n the Hessian of sample n's loss in the outputs, J_n the Jacobian of the outputs in the parameters:

- Square of the Fisher-Rao norm (Liang et al. 2019, arXiv 1711.01530): theta' F theta = mean_n (J_n theta)' C_n
  (J_n theta). F is the Fisher information with labels drawn from the network itself: for cross-entropy from its
  softmax, for the mean squared error from the Gaussian whose negative log likelihood is the loss. In both cases F is
  mean_n J_n' C_n J_n. With the true labels, by the gradients g_n of the loss in the outputs, the empirical F gives
  mean_n (g_n' J_n theta)^2.
- Relative flatness (Petzka et al. 2021, arXiv 2001.00939) of the last layer, whose features f_n are the activations of
  the last hidden layer: sum over outputs s, t of <w_s, w_t> tr H_st, with w_s the weights into output s and H_st the
  block of the Hessian in w_s and w_t. The last layer is linear, so H_st = mean_n C_n[s, t] f_n f_n', and kinks of the
  activation do not enter.

All measures are of the loss alone. The L2 part adds 2 l2 to the diagonals of F and H, hence 2 l2 |theta|^2 and 2 l2
|w|^2 times the number of features to the measures: that part does depend on the choice of parameters.

Shapes: M minima, P parameters, N samples, K outputs.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.declaration import ENERGY, Property, Section
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.problem import Problem
from landscape.properties.draws import Samples
from landscape.properties.requirements import LAYERS, layered_network


def sample_flatness(problem: Problem, theta: Float[Tensor, "M P"], samples: Samples) -> dict[str, Float[Tensor, "M N"]]:
    """Each sample's part of the measures of the task loss at theta; relative flatness only if the layers are known."""
    outputs, tangent = problem.network.parameter_tangent(theta, theta, samples.inputs)
    found = {
        "task_squared_fisher_rao_norm": (tangent * problem.loss_curvature(outputs, tangent)).sum(2),
        "empirical_squared_fisher_rao_norm": (tangent * problem.loss_gradient(outputs, samples.targets))
        .sum(2)
        .square(),
    }
    network = layered_network(problem)
    if network is not None:
        found["task_relative_flatness"] = _relative_flatness(problem, network, theta, samples.inputs)
    return found


def with_l2_part(
    problem: Problem, theta: Float[Tensor, "M P"], task: dict[str, Float[Tensor, " M"]]
) -> dict[str, Float[Tensor, " M"]]:
    """The measures of the whole energy at theta, from those of the task loss."""
    found = {"squared_fisher_rao_norm": task["task_squared_fisher_rao_norm"] + 2.0 * problem.l2 * theta.square().sum(1)}
    network = layered_network(problem)
    if network is not None:
        weight = network.unpack(theta)[-1][0]
        l2_part = 2.0 * problem.l2 * weight.shape[2] * weight.square().sum((1, 2))
        found["relative_flatness"] = task["task_relative_flatness"] + l2_part
    return found


def _relative_flatness(
    problem: Problem, network: LayeredNetwork, theta: Float[Tensor, "M P"], inputs: Float[Tensor, "N d"]
) -> Float[Tensor, "M N"]:
    weight, bias = network.unpack(theta)[-1]
    features = network.features(theta, inputs)
    outputs = features @ weight.mT + bias[:, None]
    products = weight @ weight.mT
    total = torch.zeros_like(outputs)
    for unit, column in zip(torch.eye(network.n_outputs).to(outputs), products.unbind(2), strict=True):
        total += problem.loss_curvature(outputs, unit.expand_as(outputs)) * column[:, None]
    return total.sum(2) * features.square().sum(2)


BLOCKS = "sum over outputs s, t of <w_s, w_t> tr H_st, H_st blocks of the Hessian in the last layer's weights w"
FISHER = "F the Fisher information with the network's own labels"

PROPERTIES = (
    Property(name="relative_flatness", description=BLOCKS, units=ENERGY, requires=(LAYERS,), trait="flatness", sign=-1),
    Property(
        name="task_relative_flatness",
        description=f"{BLOCKS}, without the L2 term",
        units=ENERGY,
        requires=(LAYERS,),
        trait="flatness",
        sign=-1,
        section=Section.SHARPNESS,
    ),
    Property(
        name="squared_fisher_rao_norm",
        description=f"theta^T (F + 2 * l2) theta, {FISHER}",
        units=ENERGY,
        trait="flatness",
        sign=-1,
        spellings=("Fisher-Rao",),
    ),
    Property(
        name="task_squared_fisher_rao_norm",
        description=f"theta^T F theta, {FISHER}",
        units=ENERGY,
        trait="flatness",
        sign=-1,
    ),
    Property(
        name="empirical_squared_fisher_rao_norm",
        description="theta^T F theta, F the empirical Fisher information, with the true labels, without the L2 term",
        units="energy squared",
        trait="flatness",
        sign=-1,
    ),
)
