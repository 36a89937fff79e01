"""Guesses for saddles: ways to begin a search, each from known stationary points or from none.

A way takes the ends of its searches and gives places, and for each place the number of modes to be followed uphill from
there; 0 stands for descent of the gradient norm, which leads to points of any index.

Shapes: S searches, P parameters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape.numerics.spectra import spectrum
from landscape.objective import Objective
from landscape.search.bands import BandSettings, relax, straight_bands
from landscape.search.starts import Starts

ANY_INDEX = 0
IMAGES = 12
BAND = BandSettings(cycles=2)  # rough: a band that is fully relaxed has transition states for maxima, not saddles
SOFT_MODES = 4  # among the lowest positive eigenvalues, for the way up


@dataclass(frozen=True, kw_only=True)
class Ends:
    """The ends of searches that begin in the same way.

    `first` and `last` are stationary points, `last` in the copy that is meant; `index` is that of `first`. Each search
    has its own random stream. `most` is the highest index that is looked for, `starts` the law of fresh starts.
    """

    first: Float[Tensor, "S P"]
    last: Float[Tensor, "S P"]
    index: Int[np.ndarray, " S"]
    random: Sequence[np.random.Generator]
    most: int
    starts: Starts


@dataclass(frozen=True, kw_only=True)
class Guesses:
    """Places, and the number of modes to be followed uphill from each."""

    theta: Float[Tensor, "S P"]
    modes: Int[np.ndarray, " S"]


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to begin searches: its guesses, and the lowest and highest index that its first ends may have.

    `below_most` excludes ends of the highest index that is looked for.
    """

    guesses: Callable[[Objective, Ends], Guesses]
    lowest: int = 0
    below_most: bool = False


def fresh(objective: Objective, ends: Ends) -> Guesses:
    """Random starts, as for quenches."""
    theta = np.array([ends.starts.draw(random, objective.n_parameters) for random in ends.random])
    return Guesses(theta=torch.tensor(theta, device=objective.device), modes=np.full(len(theta), ANY_INDEX))


def between(objective: Objective, ends: Ends) -> Guesses:
    """Random points of the lines between two stationary points."""
    share = _uniform(ends, 0.0, 1.0).to(objective.device)
    return Guesses(theta=torch.lerp(ends.first, ends.last, share[:, None]), modes=np.full(len(share), ANY_INDEX))


def maximum(objective: Objective, ends: Ends) -> Guesses:
    """The highest images of roughly relaxed bands between two points, for one mode more than the first has."""
    bands = relax(objective, straight_bands(ends.first, ends.last, IMAGES), BAND)[:, 1:-1]
    energy = objective.energy(bands.flatten(0, 1)).view(bands.shape[:2])
    rows = torch.arange(len(bands), device=objective.device)
    return Guesses(theta=bands[rows, energy.argmax(1)], modes=np.clip(ends.index + 1, 2, ends.most))


def upward(objective: Objective, ends: Ends) -> Guesses:
    """Points displaced along a soft mode, from which one more mode leads uphill than the point has."""
    soft = [int(random.integers(SOFT_MODES)) for random in ends.random]
    return Guesses(theta=_displaced(objective, ends, ends.index + soft), modes=ends.index + 1)


def downward(objective: Objective, ends: Ends) -> Guesses:
    """Saddles displaced along a mode that leads downhill, from which one mode less leads uphill."""
    mode = [int(random.integers(index)) for random, index in zip(ends.random, ends.index, strict=True)]
    return Guesses(theta=_displaced(objective, ends, np.array(mode, dtype=np.int64)), modes=ends.index - 1)


WAYS = {
    "fresh": Way(guesses=fresh),
    "between": Way(guesses=between),
    "maximum": Way(guesses=maximum),
    "upward": Way(guesses=upward, below_most=True),
    "downward": Way(guesses=downward, lowest=2),
}


def _uniform(ends: Ends, low: float, high: float) -> Float[Tensor, " S"]:
    return torch.tensor([random.uniform(low, high) for random in ends.random], dtype=torch.float64)


def _displaced(objective: Objective, ends: Ends, mode: Int[np.ndarray, " S"]) -> Float[Tensor, "S P"]:
    """The first ends displaced either way along an eigenvector, the lowest being mode 0.

    The distance is random, from a hundredth of the length of theta (at least 1) to the whole length.
    """
    vectors = spectrum(objective, ends.first).vectors
    column = torch.tensor(np.minimum(mode, vectors.shape[2] - 1), device=vectors.device)
    direction = vectors[torch.arange(len(column), device=vectors.device), :, column]
    signs = [float(random.choice([-1.0, 1.0])) for random in ends.random]
    distance = ends.first.norm(dim=1).clamp_min(1.0) * 10.0 ** _uniform(ends, -2.0, 0.0).to(vectors.device)
    displaced: Tensor = ends.first + (torch.tensor(signs, device=vectors.device) * distance)[:, None] * direction
    return displaced
