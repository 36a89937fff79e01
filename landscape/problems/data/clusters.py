"""The data set `ljat3`: in which minimum of the energy will a cluster of three atoms end, told from its distances?

The energy is that of Lennard-Jones, 4 (r^-12 - r^-6) for each pair, and of Axilrod and Teller, with the angles a, b, c
of the triangle, Z (1 + 3 cos a cos b cos c) / (r12 r13 r23)^3, in reduced units. For the values of Z that
`landscape.config.clusters` admits it has four minima: the equilateral triangle and the three linear chains, one with
each atom in the middle.

A sample is a geometry of three atoms at random in a cube. Its inputs are distances, its class is the minimum in which
the descent along the gradient of the energy ends: 0 for the triangle, k for the chain with atom k in the middle. The
descent has short steps and never climbs, so the classes are the basins of the gradient flow, but for a few samples
near their borders. Sums, products and square roots alone make equal samples on every machine.

The question is that of A. J. Ballard, J. D. Stevenson, R. Das and D. J. Wales, J. Chem. Phys. 144, 124119 (2016), and
of R. Das and D. J. Wales, Chem. Phys. Lett. 667, 158 (2017). Starting geometries and descent are chosen here.

Shapes: N samples; pairs are in the order 12, 13, 23.
"""

from functools import cache

import numpy as np

from landscape.config.clusters import Clusters
from landscape.numerics.streams import stream

SIDE = 2.0  # of the cube
LONGEST = 0.02  # distance that an atom moves in a step
GROWTH, SHRINKAGE = 1.2, 0.5  # of the step after a descent, and after an ascent, which is undone
FORCE = 1e-5  # on every atom at most, where a descent ends
PAIRS = ((0, 1), (0, 2), (1, 2))
CHAIN = -0.9  # the cosine of the largest angle is below this in a chain, and 1 / 2 in the triangle


@cache  # every command of a landscape draws the samples again
def clusters(options: Clusters, seed: int) -> dict[str, np.ndarray]:
    """The arrays `inputs` [N, 2 or 3] and `targets` int64[N]."""
    start = stream(seed, 0).uniform(0.0, SIDE, (options.samples, 3, 3))
    return {
        "inputs": np.sqrt(squared_distances(start))[:, : options.distances],
        "targets": outcome(quenched(start, options.Z)),
    }


def squared_distances(place: np.ndarray) -> np.ndarray:
    """Squared distances [N, 3] of the pairs for places [N, 3, 3] of the atoms."""
    away = [place[:, i] - place[:, j] for i, j in PAIRS]
    return np.stack([d[:, 0] * d[:, 0] + d[:, 1] * d[:, 1] + d[:, 2] * d[:, 2] for d in away], axis=1)


def energy_and_gradient(place: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Energies [N] and gradients [N, 3, 3] at places [N, 3, 3], with the strength Z of the three-body term."""
    s = squared_distances(place)
    inverse = 1.0 / s
    sixth = inverse * inverse * inverse
    a, b, c = (s[:, 0] + s[:, 1] - s[:, 2], s[:, 0] + s[:, 2] - s[:, 1], s[:, 1] + s[:, 2] - s[:, 0])
    product = s[:, 0] * s[:, 1] * s[:, 2]
    scale = strength / (product * np.sqrt(product))
    cosines = a * b * c / product  # 8 times the product of the cosines
    pair = 4.0 * sixth * (sixth - 1.0)
    energy = pair[:, 0] + pair[:, 1] + pair[:, 2] + scale * (1.0 + 0.375 * cosines)
    turning = np.stack([b * c + a * c - a * b, b * c - a * c + a * b, a * c + a * b - b * c], axis=1) / product[:, None]
    slope = 12.0 * sixth * (1.0 - 2.0 * sixth) * inverse
    slope += scale[:, None] * (0.375 * turning - (1.5 + 0.9375 * cosines)[:, None] * inverse)
    gradient = np.zeros_like(place)
    for pair_slope, (i, j) in zip(slope.T, PAIRS, strict=True):
        pull = 2.0 * pair_slope[:, None] * (place[:, i] - place[:, j])
        gradient[:, i] += pull
        gradient[:, j] -= pull
    return energy, gradient


def quenched(start: np.ndarray, strength: float) -> np.ndarray:
    """Places [N, 3, 3] in which the descents from the starts [N, 3, 3] end."""
    end = np.empty_like(start)
    rows, place, step = np.arange(len(start)), start, np.full(len(start), np.inf)
    energy, gradient = energy_and_gradient(place, strength)
    while len(rows):
        g = gradient * gradient
        force = np.sqrt((g[:, :, 0] + g[:, :, 1] + g[:, :, 2]).max(axis=1))
        end[rows] = place
        moving = force > FORCE
        rows, place, energy, gradient = rows[moving], place[moving], energy[moving], gradient[moving]
        step = np.minimum(step[moving], LONGEST / force[moving])
        trial = place - step[:, None, None] * gradient
        below, slope = energy_and_gradient(trial, strength)
        falls = below < energy
        place = np.where(falls[:, None, None], trial, place)
        gradient = np.where(falls[:, None, None], slope, gradient)
        energy = np.where(falls, below, energy)
        step *= np.where(falls, GROWTH, SHRINKAGE)
    return end


def outcome(place: np.ndarray) -> np.ndarray:
    """Classes int64[N] of minima: 0 for the triangle, k for the chain with atom k in the middle."""
    s = squared_distances(place)
    facing = s[:, ::-1]  # the distance between the other two atoms
    cosine = (s.sum(axis=1, keepdims=True) - 2.0 * facing) * np.sqrt(facing / s.prod(axis=1, keepdims=True)) / 2.0
    return np.where(cosine.min(axis=1) < CHAIN, 1 + cosine.argmin(axis=1), 0)
