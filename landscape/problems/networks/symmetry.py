"""Symmetries: the signed permutations of the hidden units of a network, and the trivial group.

A unit is a row of its own layer (its incoming weights and bias) together with the columns of the next layer that
multiply its value (its outgoing weights): one column, or several adjacent ones for a channel of a convolution, one for
each entry of the next window or each remaining pixel. Permuting units leaves the energy unchanged. With an odd
activation so does flipping the sign of a unit, since convolution and average pooling are linear. The group of a network
is the product of these groups over its hidden layers.

Shapes: W points, H units or channels of a layer, F components that describe a unit. Everything is numpy, float64.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from landscape.problems.networks.layers import Layer


def hidden_units(layers: tuple[Layer, ...]) -> tuple[np.ndarray, ...]:
    """Places int64[H, F] in theta of the components of the units, one array for each hidden layer.

    The components of a unit are its incoming weights, its bias if it has one, and its outgoing weights.
    """
    places, start = [], 0
    for layer in layers:
        weight = start + np.arange(layer.n_out * layer.n_in).reshape(layer.n_out, layer.n_in)
        start += layer.n_parameters
        places.append((weight, np.arange(start - layer.n_out * layer.bias, start).reshape(layer.n_out, -1)))
    return tuple(
        np.hstack([weight, bias, *following.reshape(len(following), len(weight), -1)])
        for (weight, bias), (following, _) in pairwise(places)
    )


# When units are sorted, components closer than this are ties; when a sign is fixed, smaller components are zero. It is
# not a round number, so that differences of round parameters do not lie on the edge.
TIE = 3.137e-7

SWEEPS = 20  # most sweeps over the layers when a deep network is aligned


class NoSymmetry:
    """The trivial group: the only copy of a point is the point itself."""

    def canonical(self, theta: np.ndarray) -> np.ndarray:
        """theta [W, P] itself."""
        return theta

    def align(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:  # noqa: ARG002 # the protocol has it
        """theta [W, P] itself, whatever the reference."""
        return theta

    def distance(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Euclidean distances [W] of the rows."""
        return _distances(theta, reference)

    def log_orbit_size(self, theta: np.ndarray) -> np.ndarray:
        """Zeros [W]."""
        return np.zeros(len(theta))


@dataclass(frozen=True)
class UnitSymmetry:
    """Permutations, and with `odd` sign flips, of the units of each hidden layer of a network."""

    layers: tuple[Layer, ...]
    odd: bool

    def canonical(self, theta: np.ndarray) -> np.ndarray:
        """Unique copies [W, P] of theta [W, P], stable under noise of 1e-9. Layer by layer from the input, units are
        sorted by their components; with an odd activation the first nonzero component of each unit is positive.

        Units of a layer that feeds another hidden layer are distinguished by their incoming weights. This suffices at
        stationary points with l2 > 0: units with equal incoming weights have equal outgoing weights.
        """
        layers = self._unpack(theta)
        self._canonical_moves(layers)
        return self._pack(layers)

    def align(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """The copies [W, P] of theta [W, P] nearest to reference [W, P].

        One hidden layer: exact, by a linear assignment with the better sign for each pair of units. Deeper networks:
        the same layer by layer, repeated until no layer changes, which gives a local optimum. The better of two optima
        is taken: one from theta itself, one from the copy of theta that becomes canonical by the same moves as the
        reference.
        """
        found = self._align_from(theta, reference)
        if len(self.layers) <= 2:
            return found
        other = self._align_from(self._placed_like(theta, reference), reference)
        nearer = _distances(other, reference) < _distances(found, reference)
        return np.where(nearer[:, None], other, found)

    def distance(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Euclidean distances [W] between aligned rows."""
        return _distances(self.align(theta, reference), reference)

    def log_orbit_size(self, theta: np.ndarray) -> np.ndarray:
        """log of H! (times 2^H for odd activations) over the size of the stabiliser, summed over hidden layers, [W].

        The stabiliser counts dead units (all components zero) and groups of units that are equal up to sign, layer by
        layer. Symmetries that move units of two layers together are not counted (stationary points with l2 > 0 have
        none). NaN for a point that is not finite, which equals no copy of itself.
        """
        layers = self._unpack(theta)
        total = np.zeros(len(theta))
        for index in range(len(layers) - 1):
            units = _units(layers, index)
            signs = 2.0 if self.odd else 1.0
            full = math.lgamma(units.shape[1] + 1) + units.shape[1] * math.log(signs)
            total += full - np.array([_log_stabiliser(point, self.odd) for point in units])
        return total

    def _unpack(self, theta: np.ndarray) -> list[np.ndarray]:
        """Copies [W, out, in + 1] of each layer's weight and, in the last column, bias; zeros where there is none."""
        theta = np.asarray(theta, dtype=np.float64)
        layers, start = [], 0
        for layer in self.layers:
            size = layer.n_out * layer.n_in
            values = np.zeros((len(theta), layer.n_out, layer.n_in + 1))
            values[:, :, :-1] = theta[:, start : start + size].reshape(values[:, :, :-1].shape)
            if layer.bias:
                values[:, :, -1] = theta[:, start + size : start + layer.n_parameters]
            start += layer.n_parameters
            layers.append(values)
        return layers

    def _pack(self, layers: list[np.ndarray]) -> np.ndarray:
        """Parameters [W, P] of layers as `_unpack` gives them."""
        parts = []
        for layer, values in zip(self.layers, layers, strict=True):
            parts.append(values[:, :, :-1].reshape(len(values), layer.n_out * layer.n_in))
            if layer.bias:
                parts.append(values[:, :, -1])
        return np.concatenate(parts, axis=1)

    def _canonical_moves(self, layers: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Makes layers canonical, in place; returns the order and the signs applied to each hidden layer."""
        moves = []
        for index in range(len(layers) - 1):
            units = _units(layers, index)
            signs = _leading_signs(units) if self.odd else np.ones(units.shape[:2])
            units = units * signs[:, :, None]
            if index < len(layers) - 2:
                units = _forget_later_order(units, layers[index].shape[2])
            moves.append((_sorted_order(units), signs))
            _transform(layers, index, *moves[-1])
        return moves

    def _placed_like(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """The copies of theta [W, P] that become canonical by the same moves as reference [W, P]."""
        layers = self._unpack(theta)
        self._canonical_moves(layers)
        for index, (order, signs) in enumerate(self._canonical_moves(self._unpack(reference))):
            _transform(layers, index, np.argsort(order, axis=1), np.take_along_axis(signs, order, 1))
        return self._pack(layers)

    def _align_from(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        layers, target = self._unpack(theta), self._unpack(reference)
        hidden = len(layers) - 1
        for _ in range(1 if hidden == 1 else SWEEPS):
            changes = [self._align_layer(layers, target, index) for index in range(hidden)]
            if not any(changes):
                break
        return self._pack(layers)

    def _align_layer(self, layers: list[np.ndarray], target: list[np.ndarray], index: int) -> bool:
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - the first quenches need not wait for it

        ours, theirs = _units(layers, index), _units(target, index)
        overlap = theirs @ ours.transpose(0, 2, 1)
        score = np.abs(overlap) if self.odd else overlap
        order = np.array([linear_sum_assignment(-point)[1] for point in score], dtype=np.int64)
        order = order.reshape(score.shape[:2])  # also for an empty batch
        signs = np.ones(order.shape)
        if self.odd:
            signs[np.take_along_axis(overlap, order[:, :, None], 2)[:, :, 0] < 0] = -1.0
        changed = bool((order != np.arange(order.shape[1])).any() or (signs < 0).any())
        _transform(layers, index, order, np.take_along_axis(signs, np.argsort(order, axis=1), 1))
        return changed


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    distances: np.ndarray = np.linalg.norm(first - second, axis=-1)
    return distances


def _units(layers: list[np.ndarray], index: int) -> np.ndarray:
    """[W, H, F]: incoming weights, bias, outgoing weights of each unit of hidden layer `index`."""
    outgoing = _outgoing(layers, index).transpose(0, 2, 1, 3)
    return np.concatenate([layers[index], outgoing.reshape(*outgoing.shape[:2], math.prod(outgoing.shape[2:]))], axis=2)


def _outgoing(layers: list[np.ndarray], index: int) -> np.ndarray:
    """[W, out, H, columns of a unit]: outgoing weights of the units of hidden layer `index`."""
    weight, units = layers[index + 1][:, :, :-1], layers[index].shape[1]
    return weight.reshape(*weight.shape[:2], units, weight.shape[2] // units)


def _transform(layers: list[np.ndarray], index: int, order: np.ndarray, signs: np.ndarray) -> None:
    """Multiplies unit h by signs[:, h], then puts unit order[:, h] in place h, in the two layers that contain units."""
    layers[index] = np.take_along_axis(layers[index] * signs[:, :, None], order[:, :, None], 1)
    following, outgoing = layers[index + 1], _outgoing(layers, index) * signs[:, None, :, None]
    moved = np.take_along_axis(outgoing, order[:, None, :, None], 2).reshape(following[:, :, :-1].shape)
    layers[index + 1] = np.concatenate([moved, following[:, :, -1:]], axis=2)


def _leading_signs(units: np.ndarray) -> np.ndarray:
    """Sign [W, H] of the first nonzero component of each unit; 1 for a dead unit."""
    first = np.argmax(np.abs(units) > TIE, axis=2)
    leading = np.take_along_axis(units, first[:, :, None], 2)[:, :, 0]
    return np.where(leading < -TIE, -1.0, 1.0)


def _forget_later_order(units: np.ndarray, n_incoming: int) -> np.ndarray:
    """Units with sorted magnitudes of outgoing weights: the units of the next layer have no order or sign yet."""
    incoming, outgoing = units[:, :, :n_incoming], units[:, :, n_incoming:]
    return np.concatenate([incoming, np.sort(np.abs(outgoing), axis=2)], axis=2)


def _sorted_order(units: np.ndarray) -> np.ndarray:
    """Lexicographic order [W, H] of units [W, H, F]; components within `TIE` of each other are equal."""
    by_size = np.argsort(units, axis=1, kind="stable")
    gaps = np.diff(np.take_along_axis(units, by_size, 1), axis=1) > TIE
    ranks = np.zeros(units.shape, dtype=np.int64)
    np.put_along_axis(ranks, by_size[:, 1:], np.cumsum(gaps, axis=1), 1)
    points = np.repeat(np.arange(len(units)), units.shape[1])
    keys = ranks.reshape(len(points), units.shape[2]).T[::-1]
    order = np.lexsort((*keys, points)).reshape(units.shape[:2])
    within: np.ndarray = order - units.shape[1] * np.arange(len(units))[:, None]
    return within


def _log_stabiliser(units: np.ndarray, odd: bool) -> float:
    """log of the number of signed permutations of units [H, F] that change nothing; NaN if a unit is not finite."""
    if not np.isfinite(units).all():
        return math.nan
    dead = np.abs(units).max(axis=1) <= TIE
    total = math.lgamma(dead.sum() + 1) + (dead.sum() * math.log(2.0) if odd else 0.0)
    remaining = units[~dead]
    while len(remaining):
        twins = np.abs(remaining - remaining[0]).max(axis=1) <= TIE
        if odd:
            twins |= np.abs(remaining + remaining[0]).max(axis=1) <= TIE
        total += math.lgamma(twins.sum() + 1)
        remaining = remaining[~twins]
    return total
