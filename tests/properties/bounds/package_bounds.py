"""Bounds of one network by the package bound-propagation; tests that use this module are skipped without it."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch

from landscape.problems.problem import Problem
from landscape.properties.bounds.boxes import Box


def package_box(problem: Problem, theta: np.ndarray, half_width: torch.Tensor, method: str) -> Box:
    """Bounds [N, K] on the outputs of theta [P] by "ibp" or "crown"; CROWN bounds are intersected with IBP."""
    package = _package()
    region = package.HyperRectangle(problem.inputs - half_width, problem.inputs + half_width)
    network = package.BoundModelFactory(adaptive_relu=True).build(problem.module(theta))
    intervals = network.ibp(region)
    box = Box(intervals.lower.detach(), intervals.upper.detach())
    if method == "ibp":
        return box
    relaxed = network.crown(region).concretize()
    return box.intersect(Box(relaxed.lower.detach(), relaxed.upper.detach()))


def _package() -> Any:  # noqa: ANN401, it ships no types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from torch.jit.script
        return pytest.importorskip("bound_propagation", reason="bound-propagation, of the extra 'oracles', is missing")
