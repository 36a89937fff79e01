"""The landscapes that are measured. Imports only numpy and scikit-learn: a peer's environment has no more."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn import datasets

RMS = 1e-7
Samples = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Landscape:
    """A network of one hidden tanh layer on a data set, standardised or as it is; cross-entropy."""

    dataset: str
    hidden: int
    standardise: bool
    peer_memory: int  # the peer's fastest number of correction pairs

    def samples(self) -> Samples:
        """Inputs [N, d], labels int64[N]; standardised to zero mean and unit population variance, constants to zero."""
        inputs, labels = _DATA[self.dataset]()
        if not self.standardise:
            return inputs, labels
        deviation = inputs.std(0)
        return (inputs - inputs.mean(0)) / np.where(deviation > 0, deviation, 1.0), labels

    def starts(self, count: int, parameters: int) -> np.ndarray:
        """Starts [count, P] from N(0, 1)."""
        return np.random.default_rng(0).normal(size=(count, parameters))


def _xor() -> Samples:
    return np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


_DATA: dict[str, Callable[[], Samples]] = {
    "xor": _xor,
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "digits": lambda: datasets.load_digits(return_X_y=True),
}
LANDSCAPES = {
    "xor-4": Landscape("xor", 4, standardise=False, peer_memory=20),
    "iris-10": Landscape("iris", 10, standardise=True, peer_memory=40),
    "digits-16": Landscape("digits", 16, standardise=True, peer_memory=40),
}
