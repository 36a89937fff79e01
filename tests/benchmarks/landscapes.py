"""The landscapes that are measured. Only numpy and scikit-learn: a peer's environment has no more."""

from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_iris

RMS = 1e-7
L2 = (1e-3, 1e-4)


@dataclass(frozen=True)
class Landscape:
    """A network of one hidden tanh layer on a standardised data set."""

    dataset: str
    hidden: int

    def samples(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs [N, d] of zero mean and unit population variance, labels int64[N]."""
        inputs, labels = load_iris(return_X_y=True)
        return (inputs - inputs.mean(0)) / inputs.std(0), labels

    def starts(self, count: int, parameters: int) -> np.ndarray:
        """Starts [count, P] from N(0, 1)."""
        return np.random.default_rng(0).normal(size=(count, parameters))


IRIS_10 = Landscape("iris", 10)
