"""Worker that quenches with pele's L-BFGS in C++ on a numpy potential written for speed; it needs only the peer.

maxstep=1 and M=40 are the fastest settings found for it on this landscape; its defaults need 3.5 times the calls.
"""

import argparse
import time
from importlib.metadata import version

import numpy as np
from pele.optimize import lbfgs_cpp  # type: ignore[import-not-found]
from pele.potentials import BasePotential  # type: ignore[import-not-found]

from tests.benchmarks.landscapes import IRIS_10, RMS
from tests.benchmarks.serve import Answer, serve


class Network(BasePotential):  # type: ignore[misc] # the peer's package has no types
    """Mean cross-entropy of one hidden tanh layer + l2 * |theta|^2, for one point; every array is reused.

    theta is W1 [H, d], b1 [H], W2 [K, H], b2 [K]; units lead and samples are contiguous.
    """

    def __init__(self, inputs: np.ndarray, labels: np.ndarray, hidden: int, l2: float) -> None:
        n, d = inputs.shape
        k = int(labels.max()) + 1
        self.l2, self.shapes = l2, (hidden, d, k)
        self.cuts = (hidden * d, hidden * (d + 1), hidden * (d + 1) + k * hidden)
        self.parameters = self.cuts[-1] + k
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


class Quencher:
    """Quenches on the landscape of one L2 weight after another."""

    def __init__(self, memory: int) -> None:
        self.memory = memory

    def quench(self, l2: float, count: int) -> Answer:
        """All starts, after a few that warm up."""
        network = Network(*IRIS_10.samples(), IRIS_10.hidden, l2)
        starts = IRIS_10.starts(count, network.parameters)
        self._run(network, starts[:3])
        begin = time.process_time()
        found = self._run(network, starts)
        seconds = time.process_time() - begin
        theta, calls = zip(*found, strict=True)
        return {"theta": [list(map(float, point)) for point in theta], "calls": list(calls), "seconds": seconds}

    def _run(self, network: Network, starts: np.ndarray) -> list[tuple[np.ndarray, int]]:
        results = (lbfgs_cpp(s, network, tol=RMS, nsteps=100000, M=self.memory, maxstep=1.0) for s in starts)
        return [(np.array(result.coords), int(result.nfev)) for result in results]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", type=int, required=True, help="correction pairs")
    arguments = parser.parse_args()
    serve(f"pele {version('pele')} M={arguments.memory} maxstep=1", Quencher(arguments.memory).quench)
