"""Requirements that several properties share, and the network of a problem whose layers are known."""

from landscape.declaration import Requirement
from landscape.errors import PropertyError
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.problem import Problem


def layered_network(problem: Problem) -> LayeredNetwork | None:
    """The network of the problem if its layers are known: dense layers and convolutions with one activation."""
    return problem.network if isinstance(problem.network, LayeredNetwork) else None


def require_layers(problem: Problem) -> LayeredNetwork:
    """The network of the problem. Raises PropertyError if it is a torch module of unknown layers."""
    network = layered_network(problem)
    if network is None:
        raise PropertyError(
            "bounds need a network of dense layers and convolutions with one activation, found another torch module: "
            "leave the group 'sensitivity' out, or build the module from Linear, Conv2d, AvgPool2d, Flatten and one "
            "activation"
        )
    return network


CLASSES = Requirement(holds=lambda problem: problem.is_classification, words="classes")
TEST_SAMPLES = Requirement(
    holds=lambda problem: problem.test_inputs is not None, words="held-out samples (test_fraction)"
)
LAYERS = Requirement(
    holds=lambda problem: layered_network(problem) is not None,
    words="a network of dense layers and convolutions, no torch module of another kind",
)
