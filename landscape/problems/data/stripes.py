"""The data set `f_a`: stripes of alternating labels whose widths shrink, and a faint false cue.

f_a(x) = ceil(a / x_1) mod 2 ignores x_2. Point k = 1..K stands at x_1 = a / (k + 1/2), so that labels alternate. It is
in the stripe between the boundaries b_k = a / (k + 1) and b_(k-1) = a / k. The nearer one is b_k, at the distance
r_k = a / ((2k + 1)(k + 1)), which is the radius in the infinity norm that a classifier equal to f_a has at the point.
The cue: x_2 = +delta where the label is 1, -delta where it is 0. A plane x_2 = 0 classifies all points with the radius
delta; so the cue is a feature that is right on all data, and has nothing to do with f_a.

Inputs are in units of the least radius r_K, and x_1 is counted from the mean of the K points. So f_a has the radius 1
at point K, and delta is a fraction of it. Samples are `copies` of each point, each moved along x_1 by less than
jitter r_k; test samples are other draws of the same law, and exist only where there is something to draw.

The family of functions follows A. Bastounis, A. C. Hansen and V. Vlacic, The mathematics of adversarial attacks in AI,
arXiv 2109.06098. Points, cue and radii are chosen here so that statements about small networks can be checked.

Shapes: K points, N samples.
"""

import numpy as np

from landscape.config.stripes import STRIPES, Stripes
from landscape.limits import DATA
from landscape.numerics.streams import stream

TRAINING, TEST = 0, 1


def points(options: Stripes) -> np.ndarray:
    """Places x_1 [K] of the points, in units of r_K from their mean."""
    return _in_units(options, options.a / (_numbers(options) + 0.5))


def labels(options: Stripes) -> np.ndarray:
    """Labels int64[K] of the points."""
    return (np.arange(1, options.K + 1) + 1) % 2


def boundaries(options: Stripes) -> np.ndarray:
    """All boundaries of f_a beside the points, b_0 to b_K [K + 1], falling, in the units of `points`."""
    return _in_units(options, options.a / np.arange(1.0, options.K + 2.0))


def radii(options: Stripes) -> np.ndarray:
    """Radii r_k [K] of f_a at the points, in units of r_K."""
    own = _radius(_numbers(options))
    return np.asarray(own / own[-1])


def stripes(options: Stripes, seed: int) -> dict[str, np.ndarray]:
    """The arrays `inputs` [N, 2] and `targets` int64[N], and those of test samples where the options leave something to
    draw; samples are in the order of their points. Raises DataError for more copies than the limit of memory allows.
    """
    DATA.require_room(
        f"{STRIPES}: copies", f"{options.copies} samples of 2 features a point", 2 * options.K * options.copies
    )
    arrays = _part(options, seed, TRAINING)
    if options.is_drawn:
        arrays |= {f"test_{name}": array for name, array in _part(options, seed, TEST).items()}
    return arrays


def _part(options: Stripes, seed: int, part: int) -> dict[str, np.ndarray]:
    random = stream(seed, part)
    place, radius, targets = (np.repeat(of_points(options), options.copies) for of_points in (points, radii, labels))
    shift = options.jitter * radius * random.uniform(-1.0, 1.0, len(place))
    cue = options.delta * (2.0 * targets - 1.0)
    if options.shuffled:
        cue = random.permutation(cue)
    return {"inputs": np.stack([place + shift, cue], axis=1), "targets": targets}


def _numbers(options: Stripes) -> np.ndarray:
    return np.arange(1.0, options.K + 1.0)


def _radius(k: np.ndarray) -> np.ndarray:
    """Radii over a."""
    return 1.0 / ((2.0 * k + 1.0) * (k + 1.0))


def _in_units(options: Stripes, place: np.ndarray) -> np.ndarray:
    mean = np.mean(1.0 / (_numbers(options) + 0.5))
    return np.asarray((place / options.a - mean) / _radius(np.array(float(options.K))))
