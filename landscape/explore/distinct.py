"""What a task found, made distinct inside the task, so that little travels.

Shapes: F points found, M distinct minima.
"""

import numpy as np
import torch

from landscape.database.records import Minima
from landscape.explore.context import Context
from landscape.explore.finds import Finds, Places
from landscape.explore.identity import Index
from landscape.optimize.newton import StationaryPoints


def distinct_minima(
    context: Context, points: StationaryPoints, places: Places | None = None
) -> tuple[Finds, np.ndarray]:
    """Distinct canonical minima [M]: those of `places`, then others of points [F] in order of first appearance.

    Returns them and int64[F]: which of them each point is.
    """
    symmetry = context.objective.symmetry
    theta = symmetry.canonical(points.theta.cpu().numpy())
    energy = points.energy.cpu().numpy()
    index = Index(symmetry, context.settings.identity)
    if places is not None:
        index.fill(places.energy, places.parameters)
    known = len(index)
    numbers = np.array([index.find_or_add(value, point) for value, point in zip(energy, theta, strict=True)], np.int64)
    appeared, place = np.unique(numbers, return_index=True)
    first = place[appeared >= known]
    hits = np.bincount(numbers, minlength=len(index)).astype(np.int64)
    rows = torch.tensor(first)
    kept = theta[first]
    unknown = Minima(
        parameters=kept,
        energy=energy[first],
        rms_gradient=points.rms_gradient.cpu()[rows].numpy(),
        lowest_eigenvalue=points.values[:, 0].cpu()[rows].numpy(),
        log_determinant=points.log_determinant.cpu()[rows].numpy(),
        log_orbit_size=symmetry.log_orbit_size(kept),
        hits=hits[known:],
    )
    row = np.full(len(index), -1)
    if places is not None:
        row[:known] = places.row
    return Finds(row=row, hits=hits, unknown=unknown), numbers
