"""Energy and robustness along the pathways through transition states.

A pathway runs from the first of the two stored minima of a transition state through the state itself, in the middle, to
the second minimum, at PATH_POINTS points, equally spaced in arc length on either side. If it does not end in symmetric
copies of these minima, all values are nan: the steepest-descent path through a transition state need not end in the
minima that a minimiser reached.

Shapes: T transition states, P parameters, I points of a path, E perturbation sizes.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.declaration import by_name
from landscape.errors import PropertyError
from landscape.numerics.spectra import DENSE_LIMIT
from landscape.problems.problem import Problem
from landscape.properties.attacks.pgd import PGD
from landscape.properties.bounds.certificates import CERTIFIED_CROWN
from landscape.properties.catalogue import available_groups
from landscape.properties.measure import MeasuredProperty, measure, measured_in_blocks
from landscape.properties.measurement import prepare
from landscape.properties.robustness import SHORT_ADVERSARIAL_LOSS, SHORT_ROBUST, sample_short_robustness
from landscape.properties.sample_means import minima_per_block, sample_mean, samples_per_chunk
from landscape.search.paths import Paths, pathways

PATH_POINTS = 41
GROUPS = ("loss", "sensitivity")
NAMES = ("clean_loss", "accuracy", "sensitivity_logits_crown", "sensitivity_softmax_crown")
ATTACKED = by_name(SHORT_ADVERSARIAL_LOSS, PGD.accuracy, SHORT_ROBUST, CERTIFIED_CROWN)
ALONG = "along the steepest-descent path through the transition state, nan where that does not end in its minima"


def require_paths(problem: Problem) -> None:
    """Raise PropertyError unless paths can be followed, which needs exact Hessians."""
    if not problem.smooth or problem.n_parameters > DENSE_LIMIT:
        found = problem.kinks or f"{problem.n_parameters} parameters"
        raise PropertyError(
            f"paths need exact Hessians, of a smooth energy and at most {DENSE_LIMIT} parameters, found {found}: "
            "measure without --paths"
        )


def profiles(
    problem: Problem,
    theta: Float[np.ndarray, "T P"],
    ends: Float[np.ndarray, "T 2 P"],
    tolerance: float,
    settings: MeasureConfig,
    seed: int = 0,
) -> dict[str, MeasuredProperty]:
    """Properties [T, I] or [T, I, E] along the paths through transition states theta [T, P] between ends [T, 2, P].

    `tolerance` is the largest distance between the end of a path and its stored minimum. Raises PropertyError for a
    problem without exact Hessians.
    """
    require_paths(problem)
    points = torch.tensor(theta, device=problem.device)
    direction = torch.linalg.eigh(problem.hessian(points))[1][:, :, 0]
    paths = pathways(problem, points, direction, PATH_POINTS)
    along, arc_length, good = _oriented(problem, paths, ends, tolerance)
    flat = along.flatten(0, 1)
    groups = [name for name in GROUPS if name in available_groups(problem)]
    found = measure(problem, flat.cpu().numpy(), groups, settings, seed)
    found = {name: found[name] for name in NAMES if name in found} | _short_robustness(problem, flat, settings, seed)
    energy = MeasuredProperty(problem.energy(flat).cpu().numpy(), "energy", "energy")
    length = MeasuredProperty(arc_length.flatten().cpu().numpy(), "arc length from the transition state", "")
    named = {"energy": energy, "arc_length": length} | found
    return {f"path_{name}": _along(one, good) for name, one in named.items()}


def _short_robustness(
    problem: Problem, theta: Float[Tensor, "M P"], settings: MeasureConfig, seed: int
) -> dict[str, MeasuredProperty]:
    """Certified and attacked accuracies and the adversarial loss at theta, each [M, E]."""
    measurement = prepare(problem, settings, seed)

    def of_block(block: Float[Tensor, "M P"]) -> dict[str, Float[Tensor, "M E"]]:
        return sample_mean(
            lambda part: sample_short_robustness(problem, block, part, measurement.half_widths, settings),
            measurement.attacked_samples,
            samples_per_chunk(problem),
        )

    return measured_in_blocks(of_block, theta, minima_per_block(problem), ATTACKED, problem)


def _oriented(
    problem: Problem, paths: Paths, ends: Float[np.ndarray, "T 2 P"], tolerance: float
) -> tuple[Float[Tensor, "T I P"], Float[Tensor, "T I"], Bool[np.ndarray, " T"]]:
    """Points and arc lengths from the first end to the second, and True where a path reaches both ends."""
    found = paths.points[:, [0, -1]].cpu().numpy()
    forward, backward = (_largest_distance(problem, found, wanted) for wanted in (ends, ends[:, ::-1]))
    turn = torch.tensor(backward < forward, device=paths.points.device)
    points = torch.where(turn[:, None, None], paths.points.flip(1), paths.points)
    arc_length = torch.where(turn[:, None], -paths.arc_length.flip(1), paths.arc_length)
    good = paths.converged.cpu().numpy() & (np.minimum(forward, backward) <= tolerance)
    return points, arc_length, good


def _largest_distance(
    problem: Problem, found: Float[np.ndarray, "T 2 P"], wanted: Float[np.ndarray, "T 2 P"]
) -> Float[np.ndarray, " T"]:
    """The larger of the distances of the two ends found from the two wanted."""
    distances = [problem.symmetry.distance(found[:, side], wanted[:, side]) for side in (0, 1)]
    largest: np.ndarray = np.maximum(*distances)
    return largest


def _along(one: MeasuredProperty, good: Bool[np.ndarray, " T"]) -> MeasuredProperty:
    values = one.values.reshape(len(good), PATH_POINTS, *one.values.shape[1:])
    known = np.where(good.reshape(-1, *(1,) * (values.ndim - 1)), values, np.nan)
    return MeasuredProperty(known, f"{one.description}, {ALONG}", one.units)
