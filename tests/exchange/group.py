"""The symmetry of the XOR network, written out: signed permutations of two tanh units, by brute force."""

import itertools
from collections.abc import Iterator

import numpy as np


def copies(theta: np.ndarray) -> Iterator[np.ndarray]:
    """The eight images of theta [12] of a 2-2-2 network."""
    weight, bias, out, last = theta[:4].reshape(2, 2), theta[4:6], theta[6:10].reshape(2, 2), theta[10:]
    for order in itertools.permutations(range(2)):
        for signs in itertools.product((1.0, -1.0), repeat=2):
            sign, place = np.array(signs), list(order)
            moved = sign[:, None] * weight[place], sign * bias[place], out[:, place] * sign
            yield np.concatenate([*(part.ravel() for part in moved), last])


def stabiliser(theta: np.ndarray) -> int:
    """The number of images that are theta [12] itself."""
    return sum(np.abs(one - theta).max() < 1e-6 for one in copies(theta))


def place_of(theta: np.ndarray, among: np.ndarray) -> int:
    """The place among [M, 12] of the point that has an image at theta [12]; -1 if there is none."""
    distance = [min(float(np.linalg.norm(image - one)) for image in copies(theta)) for one in among]
    return int(np.argmin(distance)) if distance and min(distance) < 1e-4 else -1
