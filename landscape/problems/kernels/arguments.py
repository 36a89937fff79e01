"""Named tuples of the arguments of a network's compiled functions.

Python passes them as plain tuples, whose types numba looks up several times as fast as those of named tuples. Compiled
code turns them into named tuples again, at no cost.

Shapes: P parameters, N samples, d inputs, K outputs, B samples of a block. The last block is padded with zeros.
"""

from typing import Any, NamedTuple

import numpy as np

from landscape.numerics.compilation import inlined

Array = np.ndarray
Plain = tuple[Any, ...]


class Layers(NamedTuple):
    """A network as a sequence of steps that turn rows into rows, and the loss of its outputs.

    A step is a layer or a gathering of the columns that enter a layer, see `kernels.windows`. An activation follows
    every layer but the last. A convolution has a row for each channel and position, the rows of a channel together.
    """

    sizes: Array  # int64[steps + 1]: rows of the inputs and of each step; units of each layer if all are dense
    weights: Array  # int64[steps, 2]: rows and columns of a layer's weight; for a gathering, 0 and rows in each mean
    sources: Array  # int64: sources of all gatherings, one after the other
    activation: int  # kind, see `kernels.activations`
    loss: int  # kind, see `kernels.losses`


class Blocks(NamedTuple):
    """Samples in blocks."""

    inputs: Array  # [N / B, d, B]
    encoded: Array  # targets [N / B, K, B]
    real: Array  # [N / B, B]: 1 for samples, 0 for padding
    n_samples: int  # N

    def in_numbers_of(self, kind: type) -> "Blocks":
        """The samples in numbers of this type; arrays that have this type are not copied."""
        return Blocks(
            self.inputs.astype(kind, copy=False),
            self.encoded.astype(kind, copy=False),
            self.real.astype(kind, copy=False),
            self.n_samples,
        )


class Room(NamedTuple):
    """Workspace. `units` is the number of rows of all steps, for lanes including the inputs."""

    value: Array  # [units, B or LANES]
    slope: Array  # [units, B or LANES]
    delta: Array  # for blocks [2, rows of the widest step, B]; for lanes [3, units or P, LANES]
    zeros: Array
    top: Array
    total: Array
    point: Array
    gradient: Array


class EnergyData(NamedTuple):
    """The data of the energy: mean loss + l2 * sum(theta^2)."""

    network: Layers
    samples: Blocks
    l2: float
    room: Room

    def plain(self) -> Plain:
        """The data as plain tuples."""
        return tuple(self.network), tuple(self.samples), self.l2, tuple(self.room)


@inlined
def energy_data(plain: Plain) -> EnergyData:
    """The data as named tuples again, in compiled code."""
    network, samples, l2, room = plain
    return EnergyData(Layers(*network), Blocks(*samples), l2, Room(*room))
