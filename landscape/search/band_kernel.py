"""The energy of a band and its gradient perpendicular to the band, for compiled code; `bands.py` has it for tensors.

Shapes: B bands, I images, P parameters.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from landscape.numerics.compilation import reordered
from landscape.numerics.pointers import evaluate, function_of
from landscape.objective import Function, Kernel

Array = np.ndarray


class BandData(NamedTuple):
    """The energy of points, and room for the energies of the images of a band."""

    of_images: Function
    value: Float[np.ndarray, " I"]


def band_kernel(kernel: Kernel, images: int) -> Kernel:
    """The kernel of the energy of bands [B, I*P], from the kernel of the energy of points."""
    data = BandData(kernel.function, np.zeros(images))
    return Kernel(function_of(_bands, data), lambda bands: kernel.called(bands * images))


def _bands(points: Array, energy: Array, gradient: Array, data: BandData) -> None:
    value = data.value
    shape = len(value), points.shape[1] // len(value)
    for b in range(len(points)):
        band, slope = points[b].reshape(shape), gradient[b].reshape(shape)
        evaluate(data.of_images, band, value, slope)
        energy[b] = value.mean()
        _project(band, value, slope)


@reordered
def _project(band: Array, value: Array, gradient: Array) -> None:
    """Removes the part along the band [I, P] from the gradient [I, P], and the whole gradient at the ends."""
    last = len(band) - 1
    gradient[0] = 0.0
    gradient[last] = 0.0
    for i in range(1, last):
        ahead, behind = _weights(value[i + 1] - value[i], value[i] - value[i - 1])
        along, squared = 0.0, 0.0
        for p in range(band.shape[1]):
            tangent = ahead * (band[i + 1, p] - band[i, p]) + behind * (band[i, p] - band[i - 1, p])
            along += tangent * gradient[i, p]
            squared += tangent * tangent
        share = along / max(squared, 1e-300)
        for p in range(band.shape[1]):
            tangent = ahead * (band[i + 1, p] - band[i, p]) + behind * (band[i, p] - band[i - 1, p])
            gradient[i, p] -= share * tangent


@reordered
def _weights(up: float, down: float) -> tuple[float, float]:
    """Weights of the segments ahead and behind in the tangent, from the rise of the energy along each (Henkelman and
    Jonsson 2000, eqs. 8 to 11).
    """
    if up > 0.0 and down > 0.0:
        return 1.0, 0.0
    if up < 0.0 and down < 0.0:
        return 0.0, 1.0
    larger, smaller = max(abs(up), abs(down)), min(abs(up), abs(down))
    return (larger, smaller) if up + down > 0.0 else (smaller, larger)
