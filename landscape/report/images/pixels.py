"""Pixels of samples that are images. A network sees them as inputs, which are standardised unless the run file says no.

A database keeps the inputs alone. Where they are standardised, the data set is read again for the mean and the
deviation of each pixel, and must have the same samples.

Shapes: C channels, height H, width W, d = C H W inputs.
"""

from dataclasses import dataclass

import numpy as np

from landscape.config.tables import ProblemConfig
from landscape.errors import DataError, PropertyError
from landscape.problems.data.images import Shape, image_set
from landscape.problems.data.samples import Spread, standardised
from landscape.problems.problem import Problem, data_of

CHANNELS = (1, 3)  # grey, or red, green and blue
TOLERANCE = 1e-9  # of inputs that are standardised again


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """The pixels of inputs: value = offset + scale * input."""

    shape: Shape
    offset: np.ndarray  # [d]
    scale: np.ndarray  # [d]
    black: float  # the values shown as black and as white
    white: float
    is_standardised: bool

    def values(self, inputs: np.ndarray) -> np.ndarray:
        """The values [..., d] of inputs [..., d]."""
        found: np.ndarray = self.offset + self.scale * inputs
        return found

    def picture(self, inputs: np.ndarray) -> np.ndarray:
        """Pictures uint8[..., H, W, C] of inputs [..., d]; values beyond black and white are shown as these."""
        share = np.clip((self.values(inputs) - self.black) / (self.white - self.black), 0.0, 1.0)
        return self.framed(np.round(255.0 * share).astype(np.uint8))

    def framed(self, values: np.ndarray) -> np.ndarray:
        """Values [..., H, W, C] of an image from those [..., d] of its inputs."""
        return np.moveaxis(values.reshape(*values.shape[:-1], *self.shape), -3, -1)


def image_shape(problem: Problem | None) -> Shape | None:
    """Channels, height and width of the samples of a problem that are images, else None."""
    if problem is None or problem.config is None:
        return None
    if not problem.config.image:
        return problem.data.image
    channels, height, width = problem.config.image
    return channels, height, width


def pixels_of(problem: Problem, config: ProblemConfig, shape: Shape, seed: int) -> Pixels:
    """The pixels of the samples of a problem, of which `seed` drew a part if its table has no seed of its own.

    Raises PropertyError if they cannot be shown: other channels, or a data set that is gone or another one.
    """
    if shape[0] not in CHANNELS:
        raise PropertyError(f"expected images of 1 or 3 channels, found {shape[0]}")
    inputs = problem.data.inputs
    values = _read_again(config, inputs, seed) if config.standardise else inputs
    spread = Spread.of(values)
    known = image_set(config.dataset) is not None
    low, high = (0.0, 1.0) if known else (float(values.min()), float(values.max()))
    return Pixels(
        shape=shape,
        offset=spread.mean + spread.size * spread.shift if config.standardise else np.zeros(values.shape[1]),
        scale=spread.size * spread.deviation if config.standardise else np.ones(values.shape[1]),
        black=low,
        white=high if high > low else low + 1.0,
        is_standardised=config.standardise,
    )


def _read_again(config: ProblemConfig, inputs: np.ndarray, seed: int) -> np.ndarray:
    """The values [N, d] from which the inputs [N, d] were standardised. Raises PropertyError."""
    try:
        values = data_of(config.model_copy(update={"standardise": False}), seed).inputs
    except DataError as error:
        raise PropertyError(f"their pixels are not in the database, and {error}") from error
    again = standardised({"inputs": values})["inputs"]
    if again.shape != inputs.shape or not np.allclose(again, inputs, rtol=TOLERANCE, atol=TOLERANCE):
        raise PropertyError(
            f"expected the samples of the database in {config.dataset} for their pixels, found other ones there"
        )
    return values
