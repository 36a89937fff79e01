"""Pictures of attacked samples at some minima, as the script of the page reads them.

The pictures of all samples at one minimum and epsilon stand side by side in one file, from which the page cuts tiles.
A change is shown by the opacity of one of two colours, so that no change has the colour of the page.

Shapes: I samples, m minima with pictures, E epsilons, d inputs; height H, width W, C channels.
"""

from typing import Any

import numpy as np

from landscape.report.images.attacked import Attacked
from landscape.report.images.pixels import Pixels
from landscape.report.images.png import data_uri

DARKER, BRIGHTER = (217, 98, 43), (59, 125, 216)  # orange and blue, seen on light and on dark paper
SIDE = 96  # of a tile on the page, at most, in pixels of the page
LOSS_DIGITS = 3


def tiles(found: Attacked, pixels: Pixels, places: list[int]) -> dict[str, Any]:
    """The pictures with answers and losses; those of each minimum under its place in the page."""
    shares = (found.after - found.before) / np.array(found.epsilon)[:, None, None]
    changes, attacked = changed(pixels.framed(shares).mean(axis=-1)), pixels.picture(found.after)
    return {
        "epsilons": list(found.epsilon),
        "rows": found.rows.tolist(),
        "labels": found.labels.tolist(),
        "size": tile_size(*pixels.shape[1:]),
        "colours": [DARKER, BRIGHTER],
        "samples": side_by_side(pixels.picture(found.before)),
        "minima": {
            str(place): {
                "changes": [side_by_side(one) for one in changes[minimum]],
                "attacked": [side_by_side(one) for one in attacked[minimum]],
                "answers": found.answers[minimum].tolist(),
                "losses": [[float(f"{one:.{LOSS_DIGITS}g}") for one in row] for row in found.losses[minimum].tolist()],
            }
            for minimum, place in enumerate(places)
        },
    }


def changed(shares: np.ndarray) -> np.ndarray:
    """Pictures uint8[..., H, W, 4] of changes [..., H, W] as parts of the largest one, from -1 to 1."""
    opacity = np.round(255.0 * np.abs(shares)).astype(np.uint8)[..., None]
    return np.concatenate([np.where(shares[..., None] < 0.0, DARKER, BRIGHTER).astype(np.uint8), opacity], axis=-1)


def side_by_side(pictures: np.ndarray) -> str:
    """The address of one picture of all pictures uint8[I, H, W, C], from left to right."""
    return data_uri(np.concatenate(list(pictures), axis=1))


def tile_size(height: int, width: int) -> list[float]:
    """Width and height of a tile on the page: a whole number of times those of the image if it is smaller."""
    side = max(height, width)
    factor = SIDE // side if side <= SIDE else SIDE / side
    return [factor * width, factor * height]
