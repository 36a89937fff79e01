"""The stable network of a problem on `f_a`, and the end of its quench, measured like minima."""

import torch

from landscape.config.stripes import Stripes
from landscape.config.tables import MeasureConfig
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.quench import quench
from landscape.problems.constructions import CONSTRUCTIONS, stable_network
from landscape.problems.problem import Problem
from landscape.properties.measure import measure
from landscape.studies.instability.landscapes import MeasuredNetwork

GROUPS = ("loss", "stripes")


def has_stable_network(problem: Problem) -> bool:
    """True if the network of a problem is large enough to hold the stable one, in the units in which it is written."""
    config = problem.config
    options = None if config is None else Stripes.named(config.dataset)
    if config is None or options is None or config.standardise or config.activation not in CONSTRUCTIONS:
        return False
    return len(config.hidden) == 1 and config.hidden[0] >= options.K - 1 and not config.convolution


def constructed(problem: Problem, method: LBFGS) -> tuple[MeasuredNetwork, MeasuredNetwork]:
    """The stable network of a problem that has one, and the end of its quench by the method."""
    assert problem.config is not None  # noqa: S101 - `has_stable_network`
    start = torch.tensor(stable_network(problem.config)[None], device=problem.device)
    end = quench(problem, start, method=method, batch=1)
    theta = torch.cat([start, end.theta])
    found = measure(problem, theta.cpu().numpy(), GROUPS, MeasureConfig())
    energy = problem.energy(theta).tolist()
    first, last = (
        MeasuredNetwork(
            theta=theta[row].cpu().numpy(),
            energy=energy[row],
            columns={name: one.values[row] for name, one in found.items()},
        )
        for row in range(2)
    )
    return first, last
