"""The energy as a potential for pele: of one point, in numpy, written for speed."""

import numpy as np
from pele.potentials import BasePotential  # type: ignore[import-not-found]

from tests.benchmarks.units import Units


class Network(BasePotential):  # type: ignore[misc] # the peer's package has no types
    """Mean cross-entropy of one hidden tanh layer + l2 * |theta|^2, for one point; every array is reused.

    theta is W1 [H, d], b1 [H], W2 [K, H], b2 [K]; units lead and samples are contiguous.
    """

    def __init__(self, inputs: np.ndarray, labels: np.ndarray, hidden: int, l2: float) -> None:
        n, d = inputs.shape
        k = int(labels.max()) + 1
        self.l2, self.shapes = l2, (hidden, d, k)
        self.cuts = (hidden * d, hidden * (d + 1), hidden * (d + 1) + k * hidden)
        self.units = Units(d, hidden, k)
        self.parameters = self.units.parameters
        self.inputs, self.columns = np.ascontiguousarray(inputs), np.ascontiguousarray(inputs.T)
        self.true_class = labels * n + np.arange(n)
        self.ones = np.ones(n)
        self.hidden, self.back = np.empty((hidden, n)), np.empty((hidden, n))
        self.outputs, self.row = np.empty((k, n)), np.empty(n)
        self.flat, self.share = self.outputs.ravel(), 1.0 / n

    def getEnergy(self, theta: np.ndarray) -> float:  # noqa: N802 # the peer's name
        """Energy at theta [P]."""
        return self.getEnergyGradient(theta)[0]

    def getEnergyGradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:  # noqa: N802 # the peer's name
        """Energy and gradient [P] at theta [P]."""
        (h, d, k), (i, j, m), n = self.shapes, self.cuts, len(self.inputs)
        second = theta[j:m].reshape(k, h)
        value, outputs, row = self.hidden, self.outputs, self.row
        np.dot(theta[:i].reshape(h, d), self.columns, out=value)
        value += theta[i:j, None]
        np.tanh(value, out=value)
        np.dot(second, value, out=outputs)
        outputs += theta[m:, None]
        np.maximum.reduce(outputs, axis=0, out=row)
        outputs -= row
        true = self.flat[self.true_class].sum()
        np.exp(outputs, out=outputs)
        np.add.reduce(outputs, axis=0, out=row)
        energy = (np.log(row).sum() - true) / n + self.l2 * theta.dot(theta)
        row *= n
        outputs /= row
        self.flat[self.true_class] -= self.share
        gradient = (2.0 * self.l2) * theta
        gradient[j:m] += outputs.dot(value.T).ravel()
        gradient[m:] += outputs.dot(self.ones)
        np.dot(second.T, outputs, out=self.back)
        np.multiply(value, value, out=value)
        np.subtract(1.0, value, out=value)
        self.back *= value
        gradient[:i] += self.back.dot(self.inputs).ravel()
        gradient[i:j] += self.back.dot(self.ones)
        return float(energy), gradient
