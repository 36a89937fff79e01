"""Embedding of the stationary points of a network into one with a further unit in each hidden layer.

A unit whose weights and bias are all zero changes no output if the activation f has f(0) = 0, and the energy has no
slope in these parameters: the gradient in the outgoing weights is proportional to f(0), that in the incoming weights
to the outgoing ones. So every stationary point stays one (Mehta, Zhao, Bernal and Wales, Phys. Rev. E 97, 052307,
2018), and its index can only grow, since the old Hessian is a block of the new one. Without a penalty the first holds
for every f: the gradient in the outgoing weights is f(0) times that in the biases of the next layer, which is zero.

With a penalty and f(0) other than 0 the unit acts as a second bias, which would have to share the penalty of the
first: no such point is stationary, unless the bias is zero.

Shapes: M points, P parameters, Q parameters of the wider network.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.pools.pool import Pool
from landscape.campaign.rounds.phase import task_starts
from landscape.campaign.verification.verify import RMS_TOLERANCE, RMS_WITH_KINKS, TASK_POINTS, TOLERANCES, VerifyTask
from landscape.config.tables import ProblemConfig
from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.messages import counted
from landscape.problems.activations import ACTIVATIONS
from landscape.problems.networks.architecture import configured_network
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.problem import Problem

Array = np.ndarray

TABLES = {
    "minima": ("minimum", "minima"),
    "transition_states": ("transition state", "transition states"),
    "saddles": ("saddle", "saddles"),
}
"""The tables of points that are embedded, with their nouns."""
INDEX = {"minima": 0, "transition_states": 1}
"""The index of the points of a table, where it has no column for it."""
VANISHING = tuple(name for name, one in ACTIVATIONS.items() if one.value(torch.zeros(1)).item() == 0.0)


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """The points of a table in the wider network.

    `index` [M] is that of the points in their own network; `rms_gradient`, `energy_change` and `wider_index` are [M].
    `rms_limit` and `energy_limit` are the largest admitted values.
    """

    nouns: tuple[str, str]
    index: Array
    rms_gradient: Array
    energy_change: Array
    wider_index: Array
    rms_limit: float
    energy_limit: float

    @property
    def faulty(self) -> Array:
        """True [M] for a point that is not stationary, has another energy or a smaller index."""
        same = (self.rms_gradient <= self.rms_limit) & (np.abs(self.energy_change) <= self.energy_limit)
        faulty: Array = ~same | (self.wider_index < self.index)
        return faulty

    def lines(self) -> Iterator[str]:
        """A line on all points, then one on each faulty point."""
        gradient, change = self.rms_gradient.max(initial=0.0), np.abs(self.energy_change).max(initial=0.0)
        kept, larger = (int(rows.sum()) for rows in (self.wider_index == self.index, self.wider_index > self.index))
        yield (
            f"{counted(len(self.wider_index), *self.nouns)}: worst RMS gradient {gradient:.3g}, worst change of energy "
            f"{change:.3g}; index as before: {kept}, larger: {larger}"
        )
        for row in np.flatnonzero(self.faulty):
            yield (
                f"{self.nouns[0]} {row}: RMS gradient {self.rms_gradient[row]:.3g}, energy changed by "
                f"{self.energy_change[row]:.3g}, index {self.wider_index[row]} after {self.index[row]}"
            )


def widened(config: ProblemConfig) -> ProblemConfig:
    """The [problem] table with a further unit in each hidden layer, and a further channel in each convolution."""
    hidden = tuple(units + 1 for units in config.hidden)
    convolutions = tuple(one.model_copy(update={"channels": one.channels + 1}) for one in config.convolution)
    return config.model_copy(update={"hidden": hidden, "convolution": convolutions})


def widened_context(context: Context, source: str) -> Context:
    """The context of the wider network on the same data.

    Raises `PropertyError` if the network has no hidden layer or its activation admits no zero unit; `source` names the
    database in messages.
    """
    problem = context.require_problem()
    config = problem.config
    assert config is not None  # noqa: S101 - a database without a [problem] table has no context
    if not config.hidden and not config.convolution:
        raise PropertyError(f"{source}: expected hidden layers to widen, found none: embed a database that has some")
    if (config.l2 or config.l1) and config.activation not in VANISHING:
        raise PropertyError(
            f"{source}: expected an activation with f(0) = 0 ({', '.join(VANISHING)}) or no penalty, found "
            f'"{config.activation}": a zero unit acts as a second bias there, and no point is stationary with it'
        )
    wide = Problem.from_data(widened(config), problem.data, str(problem.device))
    return replace(context, objective=wide, problem=wide)


def with_zero_units(narrow: LayeredNetwork, wide: LayeredNetwork, theta: Array) -> Array:
    """Points [M, Q] of the wider network from points theta [M, P]: all further parameters are zero."""
    points = torch.zeros(len(theta), wide.n_parameters, dtype=torch.float64)
    layers = zip(wide.unpack(points), narrow.unpack(torch.tensor(theta)), strict=True)
    for (weight, bias), (old_weight, old_bias) in layers:
        weight[:, : old_weight.shape[1], : old_weight.shape[2]] = old_weight
        bias[:, : old_bias.shape[1]] = old_bias
    return points.numpy()


def embed(
    db: Database, context: Context, pool: Pool, interrupted: Callable[[], bool] = lambda: False
) -> list[Embedded]:
    """The points of each table with rows in the wider network, whose context is given. Raises `Abandoned`."""
    problem = context.require_problem()
    config = ProblemConfig.from_table(db.problem_record.tables(str(db.path))["problem"], str(db.path))
    narrow, wide = configured_network(config, problem.data), problem.network.layered
    assert wide is not None  # noqa: S101 - run files describe layers
    found = []
    for name, nouns in TABLES.items():
        table = getattr(db, name)
        if not len(table):
            continue
        points = with_zero_units(narrow, wide, table.parameters)
        tasks = [VerifyTask(points[start : start + TASK_POINTS]) for start in task_starts(len(points), TASK_POINTS)]
        results = pool.run(tasks, lambda: None, interrupted) if tasks else []
        gradient, energy, wider = (
            np.concatenate([np.empty(0), *(getattr(result, column) for result in results)])
            for column in ("rms_gradient", "energy", "index")
        )
        found.append(
            Embedded(
                nouns=nouns,
                index=np.full(len(points), INDEX[name]) if name in INDEX else table.index,
                rms_gradient=gradient,
                energy_change=energy - table.energy,
                wider_index=wider.astype(int),
                rms_limit=problem.energy_unit * (RMS_TOLERANCE if problem.smooth else RMS_WITH_KINKS),
                energy_limit=problem.energy_unit * TOLERANCES["energy"],
            )
        )
    return found
