"""The symmetry of a cluster of equal atoms: translations, rotations, reflections and permutations.

The group is continuous, so no finite list of copies exists. Two clusters are the same if their sorted pair distances,
which the group leaves unchanged, are the same. `align` searches for the nearest copy by alternating the best assignment
of atoms (Hungarian method) with the best orthogonal transformation (Kabsch 1976), starting from the principal axes of
both clusters. Shapes: W points, N atoms, P = 3 N parameters.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

MAX_TURNS = 20


@dataclass(frozen=True)
class ClusterSymmetry:
    """Rigid motions, reflections and permutations of `n_atoms` equal atoms in three dimensions."""

    n_atoms: int

    def canonical(self, theta: np.ndarray) -> np.ndarray:
        """theta [W, P] with the centre at the origin; orientation and order of atoms are kept.

        This representative is not unique: the axes of a symmetric cluster are not defined. `distance` decides if two
        clusters are the same.
        """
        atoms = self._atoms(theta)
        centred: np.ndarray = atoms - atoms.mean(axis=1, keepdims=True)
        return centred.reshape(theta.shape)

    def align(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Copies [W, P] of theta [W, P] near reference [W, P]: the best of several local optima."""
        pairs = zip(self._atoms(theta), self._atoms(reference), strict=True)
        return np.array([_align(atoms, target) for atoms, target in pairs]).reshape(theta.shape)

    def distance(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Euclidean distances [W] between the sorted pair distances of the rows; zero for copies of each other."""
        difference = self._sorted_distances(theta) - self._sorted_distances(reference)
        distance: np.ndarray = np.linalg.norm(difference, axis=1)
        return distance

    def log_orbit_size(self, theta: np.ndarray) -> np.ndarray:
        """Zeros [W]: the copies form a continuum, which is not counted."""
        return np.zeros(len(theta))

    def _atoms(self, theta: np.ndarray) -> np.ndarray:
        return np.asarray(theta, dtype=np.float64).reshape(-1, self.n_atoms, 3)

    def _sorted_distances(self, theta: np.ndarray) -> np.ndarray:
        atoms = self._atoms(theta)
        first, second = np.triu_indices(self.n_atoms, 1)
        distances: np.ndarray = np.sort(np.linalg.norm(atoms[:, first] - atoms[:, second], axis=2), axis=1)
        return distances


def rigid_modes(atoms: Tensor) -> Tensor:
    """Orthonormal translations and rotations [W, 3 N, 6] of atoms [W, N, 3].

    Rotations about the axis of collinear atoms, which move nothing, are columns of zeros.
    """
    walkers, n_atoms = atoms.shape[:2]
    centred = atoms - atoms.mean(1, keepdim=True)
    axes = torch.eye(3, dtype=atoms.dtype, device=atoms.device)
    shifts = axes.expand(walkers, n_atoms, 3, 3)
    turns = torch.linalg.cross(axes.expand_as(shifts), centred[:, :, None].expand_as(shifts))
    size = centred.norm(dim=(1, 2)).clamp_min(1e-300)
    motions = torch.cat([shifts / n_atoms**0.5, turns / size[:, None, None, None]], 2)
    left, weight, _ = torch.linalg.svd(motions.transpose(2, 3).flatten(1, 2), full_matrices=False)
    return torch.where((weight > 1e-7)[:, None], left, 0.0)


def _align(atoms: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The nearest copy [N, 3] of atoms [N, 3] to target [N, 3] among the local optima found."""
    centre = target.mean(axis=0)
    ours, theirs = atoms - atoms.mean(axis=0), target - centre
    best, least = ours, np.inf
    for turn in _first_turns(ours, theirs):
        copy = _settle(ours @ turn, theirs)
        distance = float(np.linalg.norm(copy - theirs))
        if distance < least - 1e-12:
            best, least = copy, distance
    return np.asarray(best + centre)


def _first_turns(ours: np.ndarray, theirs: np.ndarray) -> list[np.ndarray]:
    """The identity, then the eight orthogonal transformations that superimpose the principal axes."""
    axes, target = np.linalg.eigh(ours.T @ ours)[1], np.linalg.eigh(theirs.T @ theirs)[1]
    return [np.eye(3), *(axes * np.array(signs) @ target.T for signs in product((1.0, -1.0), repeat=3))]


def _settle(copy: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The copy after assignments and orthogonal transformations in alternation, until the assignment repeats."""
    order = np.arange(0)
    for _ in range(MAX_TURNS):
        following = linear_sum_assignment(-(target @ copy.T))[1]
        left, _, right = np.linalg.svd(copy[following].T @ target)
        copy = copy[following] @ left @ right
        if np.array_equal(following, order):
            break
        order = np.arange(len(following))
    return copy
