"""Attacks on a few samples, for the pictures of a page: the samples, the minima and the points that are found.

The attack is PGD with the settings of the stored accuracies, or of the run file where none are stored, and with the
same random starts. So a sample that counts as lost in a stored PGD accuracy has a wrong answer here.

Shapes: N training samples, I of them shown, m minima with pictures, E epsilons, P parameters, d inputs.
"""

from dataclasses import dataclass

import numpy as np
import torch

from landscape.config.tables import MeasureConfig
from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.properties.attacks.networks import Networks
from landscape.properties.attacks.pgd import PGD, worst_points
from landscape.properties.draws import Samples, offsets, without_draws
from landscape.properties.measurement import check_settings
from landscape.studies.columns import Column

MOST_SAMPLES, MOST_EPSILONS, MOST_MINIMA = 6, 4, 100
MOST_VALUES = 500_000  # values of pixels in all attacked pictures
ENDS = 10  # one in so many of the minima is among the most robust, and one among the least robust ones
RANKED = ("robust_accuracy", PGD.name)


@dataclass(frozen=True, kw_only=True)
class AttackSettings:
    """Settings of the attack, the epsilons that are shown, the seed, and the place where the settings stand."""

    settings: MeasureConfig
    epsilon: tuple[float, ...]
    seed: int
    source: str


@dataclass(frozen=True, kw_only=True)
class ShownMinima:
    """Places of the minima that have pictures; the most and the least robust come first in their lists."""

    lowest: int  # so many, from place 0
    most: tuple[int, ...]
    least: tuple[int, ...]
    measure: Column | None  # by which they are the most and the least robust; None if it was not measured

    @property
    def all(self) -> list[int]:
        """All places, each once, in order."""
        return sorted({*range(self.lowest), *self.most, *self.least})


@dataclass(frozen=True, kw_only=True)
class Attacked:
    """Inputs before and after the attack, with answers and losses of the networks."""

    epsilon: tuple[float, ...]  # E
    rows: np.ndarray  # int64[I] of the training samples
    labels: np.ndarray  # int64[I] their true classes
    before: np.ndarray  # [I, d]
    after: np.ndarray  # [m, E, I, d]
    answers: np.ndarray  # int64[m, 1 + E, I] of the samples, then of the points at each epsilon
    losses: np.ndarray  # [m, 1 + E, I]


def stored_attack(db: Database, problem: Problem) -> AttackSettings:
    """The attack of the stored PGD accuracies, else that of the run file. Raises PropertyError if it cannot be shown.

    Of many epsilons the smallest, the largest and some between them are shown.
    """
    tables, stored = db.problem_record.tables(str(db.path)), db.properties("minima").get(PGD.name)
    given = tables.get("measure", {}) | ({} if stored is None else dict(stored.settings))
    known = {name: value for name, value in given.items() if name in MeasureConfig.model_fields}
    settings = MeasureConfig.from_table(known, str(db.path))
    plain = [float(one) for one in settings.epsilon if not isinstance(one, tuple)]
    if not plain:
        raise PropertyError("expected an epsilon that is one number for all inputs, found lists")
    check_settings(problem, settings)
    chosen = np.unique(np.linspace(0, len(plain) - 1, MOST_EPSILONS).round().astype(np.int64))
    seed = given.get("seed", tables.get("run", {}).get("seed", 0))
    return AttackSettings(
        settings=settings,
        epsilon=tuple(plain[one] for one in chosen),
        seed=seed,
        source="the run file" if stored is None else "the stored PGD accuracy",
    )


def first_of_each_class(targets: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Rows int64[I] of the first sample of each class among those that are `right` bool[N], then of the second ones and
    so on, up to `MOST_SAMPLES`; in order of classes. Raises PropertyError if none is right.
    """
    rows = np.flatnonzero(right)
    if not len(rows):
        raise PropertyError("expected samples that the lowest minimum classifies correctly, found none")
    turn = np.empty(len(rows), dtype=np.int64)
    for label in np.unique(targets[rows]):
        own = targets[rows] == label
        turn[own] = np.arange(own.sum())
    chosen = rows[np.lexsort((targets[rows], turn))[:MOST_SAMPLES]]
    by_class: np.ndarray = chosen[np.lexsort((chosen, targets[chosen]))]
    return by_class


def shown_minima(count: int, columns: tuple[Column, ...], epsilon: float, values: int) -> ShownMinima:
    """Of `count` minima by rising energy those that have pictures, with `values` of pixels for each minimum: the lowest
    ones, and the most and the least robust ones at epsilon. Of equals the lower one comes first.
    """
    room = max(1, min(MOST_MINIMA, MOST_VALUES // values))
    found = [next((one for one in columns if (one.property, one.epsilon) == (name, epsilon)), None) for name in RANKED]
    measure = next(filter(None, found), None)
    if measure is None or room < ENDS:
        return ShownMinima(lowest=min(count, room), most=(), least=(), measure=None)
    ends = room // ENDS
    return ShownMinima(
        lowest=count if count <= room else room - 2 * ends,
        most=tuple(_from_least(-measure.values)[:ends]),
        least=tuple(_from_least(measure.values)[:ends]),
        measure=measure,
    )


def _from_least(values: np.ndarray) -> list[int]:
    """Places of the known values, from the least on."""
    order = np.argsort(values, kind="stable")
    return [int(place) for place in order if np.isfinite(values[place])]


def attack_samples(problem: Problem, theta: np.ndarray, rows: np.ndarray, attack: AttackSettings) -> Attacked:
    """The training samples `rows` attacked in the networks theta [m, P]."""
    networks = Networks(
        problem, torch.tensor(theta, device=problem.device), drawn(problem, rows, attack), attack.settings.input_bounds
    )
    widths = [torch.full_like(problem.inputs[0], one) for one in attack.epsilon]
    points = [networks.start, *(worst_points(networks, one, attack.settings.pgd_steps) for one in widths)]
    outputs = [networks.outputs(point) for point in points]
    return Attacked(
        epsilon=attack.epsilon,
        rows=rows,
        labels=problem.data.targets[rows],
        before=networks.samples.inputs.cpu().numpy(),
        after=torch.stack(points[1:], 1).mT.cpu().numpy(),
        answers=torch.stack([one.max(1).indices for one in outputs], 1).cpu().numpy(),
        losses=torch.stack([networks.judge(one).loss for one in outputs], 1).cpu().numpy(),
    )


def drawn(problem: Problem, rows: np.ndarray, attack: AttackSettings) -> Samples:
    """The training samples `rows` with the random starts that a measurement of all samples draws for them.

    Starts are drawn sample by sample, so those of later samples are left out.
    """
    chosen = torch.tensor(rows, device=problem.device)
    inputs, targets = problem.inputs[chosen], problem.targets[chosen]
    starts = offsets(attack.settings, attack.seed, int(rows.max()) + 1, inputs.shape[1])[:, rows]
    return without_draws(inputs, targets)._replace(offsets=torch.tensor(starts, device=problem.device))
