"""Norms of the Jacobian of the outputs in the inputs, at each sample, and norms of the layers, which hold for all
inputs.

The product of the layers' spectral norms bounds the spectral norm of the Jacobian if the activation's slope is at most
1, as for tanh and ReLU (Szegedy et al. 2014, arXiv 1312.6199, section 4.3).

Shapes: M minima, P parameters, N samples, d inputs, K outputs, L layers.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.declaration import Property, Section
from landscape.numerics.batching import map_rows, rows_per_chunk
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.networks.layers import Layer, matrix
from landscape.problems.problem import Problem
from landscape.properties.requirements import LAYERS


def sample_jacobian_norms(
    problem: Problem, theta: Float[Tensor, "M P"], inputs: Float[Tensor, "N d"]
) -> dict[str, Float[Tensor, "M N"]]:
    """Frobenius and spectral norm of the Jacobian of the outputs in the inputs."""
    jacobian = input_jacobian(problem, theta, inputs)
    return {
        "input_jacobian_frobenius": jacobian.square().sum((2, 3)).sqrt(),
        "input_jacobian_spectral": spectral_norm(jacobian),
    }


def input_jacobian(
    problem: Problem, theta: Float[Tensor, "M P"], inputs: Float[Tensor, "N d"]
) -> Float[Tensor, "M N K d"]:
    """Jacobians of the outputs in the inputs."""
    points = inputs.expand(len(theta), -1, -1)
    units = torch.eye(problem.network.n_outputs).to(inputs)
    return torch.stack([problem.network.input_gradient(theta, points, unit.expand_as)[1] for unit in units], 2)


def layer_norms(network: LayeredNetwork, theta: Float[Tensor, "M P"]) -> dict[str, Float[Tensor, "M ..."]]:
    """Spectral norms of each layer [M, L], and their products [M], for theta.

    A layer's norm is that of its linear map, written out, from activations to pre-activations, pooling included; for a
    dense layer it is the norm of the weights.
    """
    layers = zip(network.layers, network.unpack(theta), strict=True)
    norms = torch.stack([_layer_norm(layer, weight) for layer, (weight, _) in layers], 1)
    return {"spectral_norm": norms, "spectral_norm_product": norms.prod(1)}


def _layer_norm(layer: Layer, weight: Float[Tensor, "M out in"]) -> Float[Tensor, " M"]:
    rows = rows_per_chunk(layer.n_units * layer.n_below, weight.device)
    return map_rows(lambda block: spectral_norm(matrix(layer, block)), rows, weight)


def spectral_norm(matrices: Float[Tensor, "*shape a b"]) -> Float[Tensor, "*shape"]:
    """Largest singular values of matrices, by their smaller Gram matrix, which is faster than a direct SVD."""
    wide = matrices.shape[-2] <= matrices.shape[-1]
    gram = matrices @ matrices.mT if wide else matrices.mT @ matrices
    largest: Tensor = torch.linalg.eigvalsh(gram)[..., -1].clamp(min=0.0)
    return largest.sqrt()


SLOPE = "output units per input unit"

PROPERTIES = (
    Property(
        name="input_jacobian_frobenius",
        description="mean over samples of the Frobenius norm of d logits / d inputs",
        units=SLOPE,
        section=Section.NORMS,
        spellings=("Jacobian",),
    ),
    Property(
        name="input_jacobian_spectral",
        description="mean over samples of the spectral norm of d logits / d inputs",
        units=SLOPE,
    ),
    Property(
        name="spectral_norm",
        description="largest singular value of the weights, one column a layer",
        units="parameter units",
        requires=(LAYERS,),
    ),
    Property(
        name="spectral_norm_product",
        description="product over layers of the largest singular value of the weights",
        units=SLOPE,
        requires=(LAYERS,),
        section=Section.NORMS,
    ),
)
