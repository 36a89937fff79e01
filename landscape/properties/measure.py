"""Named properties of points in parameter space, measured a group at a time; see `landscape.properties.catalogue`.

`measure` cuts the minima into blocks, and a group cuts its means over samples into chunks (`sample_means.py`). So
memory is bounded by the working set of `numerics.batching`, however many minima and samples there are; but at least one
Hessian [P, P], or the Lanczos vectors used instead, must fit. Nothing is stored here.

Shapes: M minima, P parameters, E perturbation sizes.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.declaration import Property
from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.properties.catalogue import PROPERTIES, admitted_group
from landscape.properties.group import Named
from landscape.properties.measurement import prepare


class MeasuredProperty(NamedTuple):
    """Values float64 [M, ...] of one property, with their meaning."""

    values: Float[np.ndarray, "M ..."]
    description: str
    units: str


def measured(
    values: Float[np.ndarray, "M ..."], declared: Property, problem: Problem | None = None
) -> MeasuredProperty:
    """Values of a declared property, measured on the problem."""
    return MeasuredProperty(values, declared.meaning(problem), declared.units)


def measured_in_blocks(
    compute: Callable[[Float[Tensor, "B P"]], Named],
    theta: Float[Tensor, "M P"],
    rows: int,
    declared: Mapping[str, Property],
    problem: Problem,
) -> dict[str, MeasuredProperty]:
    """The properties that `compute` gives at theta, in blocks of at most `rows` points, with their meaning."""
    blocks = [compute(block) for block in torch.split(theta, rows)]
    joined = {name: torch.cat([block[name] for block in blocks]).cpu().numpy() for name in blocks[0]}
    return {name: measured(values, declared[name], problem) for name, values in joined.items()}


def measure(
    problem: Problem, theta: Float[np.ndarray, "M P"], groups: Sequence[str], settings: MeasureConfig, seed: int = 0
) -> dict[str, MeasuredProperty]:
    """Measure the named groups at theta.

    Values are float64 [M], or [M, E] with one column an epsilon of the settings. Raises PropertyError for an unknown or
    unsuitable group, for theta of a wrong shape or not finite, and if a bound and an attack contradict each other.
    """
    chosen = [admitted_group(problem, name) for name in groups]
    points = _points(problem, theta)
    measurement = prepare(problem, settings, seed)
    found: dict[str, MeasuredProperty] = {}
    for group in chosen:
        compute = partial(group.compute, measurement)
        found |= measured_in_blocks(compute, points, group.block(problem), PROPERTIES, problem)
    return found


def _points(problem: Problem, theta: Float[np.ndarray, "M P"]) -> Float[Tensor, "M P"]:
    expected = problem.n_parameters
    if theta.ndim != 2 or theta.shape[1] != expected or not len(theta):
        raise PropertyError(
            f"minima must be an array [M, {expected}] with M >= 1, found shape {list(theta.shape)}: "
            "measure minima of this very problem, one a row"
        )
    bad = np.flatnonzero(~np.isfinite(theta).all(1))
    if bad.size:
        raise PropertyError(f"parameters must be finite, found {bad.size} rows that are not, first {bad[0]}: drop them")
    return torch.tensor(theta, dtype=torch.float64, device=problem.device)
