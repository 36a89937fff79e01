"""Eigenvectors of XOR's Hessians in another basis of the space of a multiple eigenvalue."""

import numpy as np
import torch
from torch import Tensor

from landscape.numerics.spectra import Spectrum, spectrum
from landscape.objective import Objective


class Turned:
    """`spectrum` with a random basis of the space of the four or more eigenvalues 2 * l2 at l2 = 1e-2."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)

    def __call__(self, of: Objective, theta: Tensor) -> Spectrum:
        found = spectrum(of, theta)
        vectors = found.vectors.clone()
        for row in range(len(theta)):
            same = ((found.values[row] - 2e-2).abs() < 1e-9).nonzero()[:, 0]
            assert len(same) >= 4
            turn = np.linalg.qr(self.random.normal(size=(len(same), len(same))))[0]
            vectors[row][:, same] = vectors[row][:, same] @ torch.tensor(turn)
        return Spectrum(values=found.values, vectors=vectors, exact=True)
