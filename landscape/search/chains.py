"""Chains of transition states between two minima, by way of other minima.

A band between two distant minima seldom leads to a transition state between these two: its maxima belong to states that
join other minima. So all states found are kept in a graph, from which further bands are chosen until the ends are
connected or the effort is used up (`chain_graph.py`). Bands are relaxed much further than for a single attempt: their
maxima are then so near to transition states that eigenvector-following does not leave these for others.

Each chain has its own graph, so chains do not affect each other; the bands of all chains are relaxed together.

Two upper bounds of the energy to be climbed need no transition state: the highest energy on the straight line between
the aligned ends, and the highest energy on the band between them.

Shapes: K chains, M minima, T transition states, B bands, I images, P parameters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape.objective import Objective
from landscape.search.bands import BandSettings, Candidates, candidates, path_maximum, relax, straight_bands
from landscape.search.chain_graph import FIRST, LAST, ChainGraph, Effort
from landscape.search.eigenvector_following import EigenvectorFollowing
from landscape.search.transition_states import SearchSettings, refine

BAND = BandSettings(rms=1e-6, cycles=6, calls=60)
FOLLOWING = EigenvectorFollowing(max_steps=40, max_climb=20)
ZOOMS = 3  # nested bands, each within the last segment before an end of the one before


@dataclass(frozen=True, kw_only=True)
class ChainSettings:
    """Settings of chains: the searches along them, and the effort."""

    search: SearchSettings = field(default_factory=lambda: SearchSettings(band=BAND, following=FOLLOWING))
    effort: Effort = field(default_factory=Effort)


@dataclass(frozen=True, kw_only=True)
class Chains:
    """The graph between the ends of each chain, and bounds of the energies to be climbed between the ends.

    `straight` are the highest energies on the straight lines between the aligned ends, `band` the highest energies on
    the best bands between them.
    """

    graphs: tuple[ChainGraph, ...]
    straight: Float[np.ndarray, " K"]
    band: Float[np.ndarray, " K"]


def chains(
    objective: Objective, first: Float[Tensor, "K P"], last: Float[Tensor, "K P"], settings: ChainSettings
) -> Chains:
    """Chains between minima first [K, P] and last [K, P]."""
    points = torch.cat([first, last]).cpu().numpy().reshape(2, *first.shape)
    energies = torch.cat([objective.energy(first), objective.energy(last)]).cpu().numpy().reshape(2, -1)
    graphs = [
        ChainGraph(objective.symmetry, settings.effort, points[:, row], energies[:, row]) for row in range(len(first))
    ]
    bounds = np.full((2, len(graphs)), np.inf)
    while steps := [(chain, step) for chain, graph in enumerate(graphs) for step in graph.next_steps()]:
        wanted = [(graphs[chain], *graphs[chain].band(step)) for chain, step in steps]
        heights = _search(objective, wanted, settings)
        for (chain, step), height in zip(steps, heights.T, strict=True):
            if step == (FIRST, LAST):
                bounds[:, chain] = np.minimum(bounds[:, chain], height)
    one = np.isinf(bounds)  # both ends are the same minimum
    straight, band = np.where(one, energies.max(0), bounds)
    return Chains(graphs=tuple(graphs), straight=straight, band=band)


Wanted = tuple[ChainGraph, Float[np.ndarray, " P"], Float[np.ndarray, " P"], int]
"""The graph that wants a band, the ends of the band, aligned, and its number of images."""


def _search(objective: Objective, wanted: Sequence[Wanted], settings: ChainSettings) -> Float[np.ndarray, "2 B"]:
    """Relaxes the wanted bands and adds the transition states found from their maxima to the graphs.

    Returns the highest energies [2, B] on the straight lines and on the bands.
    """
    heights = np.empty((2, len(wanted)))
    first, last = (
        torch.tensor(np.array(ends), device=objective.device)
        for ends in zip(*(one[1:3] for one in wanted), strict=True)
    )
    images = np.array([one[3] for one in wanted])
    thetas, tangents, owners = list[Tensor](), list[Tensor](), list[int]()
    for count in np.unique(images):
        rows = np.flatnonzero(images == count)
        straight = straight_bands(first[rows], last[rows], int(count))
        bands = relax(objective, straight, settings.search.band)
        heights[0, rows] = path_maximum(objective, straight).cpu().numpy()
        heights[1, rows] = path_maximum(objective, bands).cpu().numpy()
        for guesses in _guesses(objective, bands, settings):
            thetas.append(guesses.theta)
            tangents.append(guesses.tangent)
            owners.extend(int(rows[band]) for band in guesses.band)
    order = torch.tensor(np.argsort(owners, kind="stable"), dtype=torch.int64)
    found = refine(objective, torch.cat(thetas)[order], torch.cat(tangents)[order], sorted(owners), settings.search)
    three = (found.points, *found.sides)
    theta = np.stack([points.theta.cpu().numpy() for points in three], axis=1)
    energy = np.stack([points.energy.cpu().numpy() for points in three], axis=1)
    for row, owner in enumerate(found.search.tolist()):
        wanted[owner][0].add(theta[row], energy[row])
    return heights


def _guesses(objective: Objective, bands: Float[Tensor, "B I P"], settings: ChainSettings) -> Iterator[Candidates]:
    """The maxima of bands, and maxima that are hidden between an end and its neighbour.

    An end is a minimum: if its neighbour is lower, there is a maximum between the two. A further band between end and
    neighbour is searched for this maximum, and so on, up to `ZOOMS` times.
    """
    yield candidates(objective, bands)
    near, owner = torch.cat([bands[:, :2], bands[:, -2:].flip(1)]), [*range(len(bands))] * 2
    for _ in range(ZOOMS):
        energy = objective.energy(near.flatten(0, 1)).view(near.shape[:2])
        hidden = (energy[:, 1] < energy[:, 0]).nonzero()[:, 0].tolist()
        if not hidden:
            return
        near, owner = near[hidden], [owner[row] for row in hidden]
        parts = straight_bands(near[:, 0], near[:, 1], settings.effort.min_images)
        parts = relax(objective, parts, settings.search.band)
        found = candidates(objective, parts)
        yield replace(found, band=[owner[part] for part in found.band])
        near = parts[:, :2]
