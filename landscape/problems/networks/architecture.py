"""The network that the [problem] table of a run file describes: convolutions and pooling, then dense layers."""

from math import prod

from landscape.config.tables import ProblemConfig
from landscape.errors import ConfigError
from landscape.limits import SEARCH
from landscape.problems.activations import ACTIVATIONS
from landscape.problems.data.datasets import DataSet
from landscape.problems.networks.layered import DenseNetwork, LayeredNetwork
from landscape.problems.networks.layers import Convolution, Dense, Image, Layer, Window


def configured_network(config: ProblemConfig, data: DataSet) -> LayeredNetwork:
    """The network of a run file on its data.

    Raises `ConfigError` if network and data do not fit each other, or if the network is above the limit of memory.
    """
    network = _network(config, data)
    SEARCH.require_room("[problem]", f"the {network.n_parameters} parameters of the network", network.n_parameters)
    return network


def _network(config: ProblemConfig, data: DataSet) -> LayeredNetwork:
    activation = ACTIVATIONS[config.activation]
    if not config.convolution:
        return DenseNetwork.from_sizes([data.inputs.shape[1], *config.hidden, data.n_outputs], activation)
    layers: list[Layer] = []
    image, pool = _image(config, data), None
    for entry in config.convolution:
        sides = ((size, size) for size in (entry.kernel, entry.stride, entry.padding))
        layer = Convolution(Window(image, *sides), entry.channels, pool)
        layers.append(layer)
        channels, *inner = image
        padded = channels * prod(side + 2 * entry.padding for side in inner)
        SEARCH.require_room("[problem] convolution", "the padded image of a sample", padded)
        SEARCH.require_room("[problem] convolution", "the channels of a sample", prod(layer.image))
        window = Window(layer.image, (entry.pool, entry.pool), (entry.pool, entry.pool))
        image, pool = window.pooled, window if entry.pool > 1 else None
    for n_in, n_out in zip([prod(image), *config.hidden], [*config.hidden, data.n_outputs], strict=True):
        layers.append(Dense(n_in, n_out, pool))
        pool = None
    return LayeredNetwork(tuple(layers), activation)


def _image(config: ProblemConfig, data: DataSet) -> Image:
    features, shape = data.inputs.shape[1], config.image or data.image
    if not shape:
        raise ConfigError(
            f"[problem] image: expected [channels, height, width] beside a convolution, found none, "
            f"and {config.dataset} has none of its own: give three numbers whose product is {features}, "
            "its number of features"
        )
    if prod(shape) != features:
        raise ConfigError(
            f"[problem] image: expected channels, height and width whose product is {features}, the number of features "
            f"of {config.dataset}, found {list(shape)}, which makes {prod(shape)}"
        )
    channels, height, width = shape
    return channels, height, width
