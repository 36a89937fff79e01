"""From guesses to verified transition states with the minima on their two sides.

guess -> eigenvector-following -> Newton finish -> index test -> push off along the negative eigenvector ->
quench both sides by short steps. Every guess ends with a typed reason. Guesses come from bands between
minima (`connect`) or from displaced minima (`climb`). Shapes: C candidates, P parameters, T transition states.
"""

from dataclasses import dataclass, field, replace
from enum import IntEnum

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics.spectra import spectrum
from landscape.numerics.streams import stream
from landscape.objective import Objective
from landscape.optimize.driver import take_rows
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.newton import StationaryPoints, newton_finish
from landscape.optimize.quench import quench
from landscape.optimize.status import Status
from landscape.search.bands import BandSettings, candidates, relax, straight_bands
from landscape.search.eigenvector_following import EigenvectorFollowing, follow

PUSH_OFF = 0.2
PUSH_OFF_RMS = 1e-5
DESCENT_STEP = 0.1
SOFT_MODES = 10
IMAGES_TOGETHER = 10


class Outcome(IntEnum):
    """The outcome of a search. The first three are successes, told apart once identities are known."""

    CONNECTED = 0
    NEW_TRANSITION_STATE = 1
    KNOWN_TRANSITION_STATE = 2
    SAME_MINIMUM = 3
    NO_MAXIMUM = 4
    NOT_CONVERGED = 5
    WRONG_INDEX = 6
    NO_DESCENT = 7


OUTCOME_NAMES = tuple(outcome.name.lower() for outcome in Outcome)


@dataclass(frozen=True, kw_only=True)
class Found:
    """Transition states of a batch of searches, in order of search, and why the other guesses failed."""

    points: StationaryPoints  # [T]
    sides: tuple[StationaryPoints, StationaryPoints]  # the minima [T] down along +direction and -direction
    search: Int[np.ndarray, " T"]  # the search each came from
    failures: tuple[tuple[int, Outcome], ...]  # (search, reason) of each guess that led to none


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """Settings of searches: bands, eigenvector-following, quenches of the sides, and how many go at a time."""

    following: EigenvectorFollowing = field(default_factory=EigenvectorFollowing)
    band: BandSettings = field(default_factory=BandSettings)
    quench: LBFGS = field(default_factory=LBFGS)
    batch: int = 64


def connect(
    objective: Objective,
    first: Float[Tensor, "S P"],
    last: Float[Tensor, "S P"],
    images: Int[np.ndarray, " S"],
    settings: SearchSettings,
) -> Found:
    """Searches between first [S, P] and last [S, P], which are aligned, by bands of images[S] images.

    Bands with the same number of images are relaxed together. On a device that number is rounded up to tens, which
    leaves fewer batches.
    """
    thetas, tangents, searches = [first[:0]], [first[:0]], list[int]()
    if objective.device.type != "cpu":
        images = -(-images // IMAGES_TOGETHER) * IMAGES_TOGETHER
    for count in np.unique(images):
        rows = np.flatnonzero(images == count)
        bands = relax(objective, straight_bands(first[rows], last[rows], int(count)), settings.band)
        guesses = candidates(objective, bands)
        thetas.append(guesses.theta)
        tangents.append(guesses.tangent)
        searches.extend(int(rows[band]) for band in guesses.band)
    order = torch.tensor(np.argsort(searches, kind="stable"), dtype=torch.int64)
    flat = sorted(set(range(len(first))) - set(searches))
    found = refine(objective, torch.cat(thetas)[order], torch.cat(tangents)[order], sorted(searches), settings)
    return Found(
        points=found.points,
        sides=found.sides,
        search=found.search,
        failures=(*found.failures, *((search, Outcome.NO_MAXIMUM) for search in flat)),
    )


def climb(
    objective: Objective, minima: Float[Tensor, "S P"], seeds: list[tuple[int, ...]], settings: SearchSettings
) -> Found:
    """Single-ended searches from minima [S, P], one a row, each with its own random stream.

    Half of them leave along one of the softest eigenvectors, half in a random direction; the distance is
    random too, from a hundredth of the length of theta (at least one) to the whole of it.
    """
    modes = spectrum(objective, minima).vectors
    lengths = minima.norm(dim=1).clamp_min(1.0).tolist()
    guesses = torch.empty_like(minima)
    directions = torch.empty_like(minima)
    for row, seed in enumerate(seeds):
        random = stream(*seed)
        if random.random() < 0.5:
            soft = int(random.integers(min(SOFT_MODES, modes.shape[2])))
            direction = modes[row, :, soft] * float(random.choice([-1.0, 1.0]))
        else:
            direction = torch.tensor(random.standard_normal(minima.shape[1]), device=minima.device)
            direction = direction / direction.norm()
        distance = lengths[row] * 10.0 ** random.uniform(-2.0, 0.0)
        guesses[row], directions[row] = minima[row] + distance * direction, direction
    return refine(objective, guesses, directions, list(range(len(minima))), settings)


def refine(
    objective: Objective,
    theta: Float[Tensor, "C P"],
    direction: Float[Tensor, "C P"],
    searches: list[int],
    settings: SearchSettings,
) -> Found:
    """Transition states from guesses theta [C, P] that follow direction [C, P] first."""
    followed = follow(objective, torch.stack([theta, direction], 1), settings.following, settings.batch)
    near = torch.where(followed.status == Status.CONVERGED)[0]
    points = newton_finish(objective, followed.theta[near])
    stationary = near[points.status == Status.CONVERGED]
    kept = points.is_transition_state.nonzero()[:, 0]
    points, rows = take_rows(points, kept), near[kept]
    sides = _descend(objective, points, settings)
    both = sides[0].is_minimum & sides[1].is_minimum
    reasons = _reasons(len(theta), stationary, rows, both)
    good = both.nonzero()[:, 0]
    return Found(
        points=take_rows(points, good),
        sides=(take_rows(sides[0], good), take_rows(sides[1], good)),
        search=np.array([searches[row] for row in rows[good].tolist()], dtype=np.int64),
        failures=tuple((searches[row], reason) for row, reason in reasons),
    )


def _reasons(
    n: int, stationary: Int[Tensor, " _a"], verified: Int[Tensor, " V"], both: Bool[Tensor, " V"]
) -> list[tuple[int, Outcome]]:
    """Failed guesses of 0 to n - 1 and their reasons.

    `stationary` are the guesses that converged; of these `verified` are saddles, of which bool `both` have two sides.
    """
    reasons: dict[int, Outcome] = dict.fromkeys(range(n), Outcome.NOT_CONVERGED)
    reasons |= dict.fromkeys(stationary.tolist(), Outcome.WRONG_INDEX)
    reasons |= dict.fromkeys(verified.tolist(), Outcome.NO_DESCENT)
    for row in verified[both].tolist():
        del reasons[row]
    return list(reasons.items())


def _descend(
    objective: Objective, points: StationaryPoints, settings: SearchSettings
) -> tuple[StationaryPoints, StationaryPoints]:
    """The minima down both sides of transition states [T].

    The push is long enough for a gradient well above the convergence limit, at most PUSH_OFF; steps of the
    quench are short so that it stays in the basin it was pushed into.
    """
    wanted = PUSH_OFF_RMS * points.theta.shape[1] ** 0.5 / points.values[:, 0].abs()
    push = wanted.clamp(0.05 * PUSH_OFF, PUSH_OFF)[:, None] * points.direction
    starts = torch.cat([points.theta + push, points.theta - push])
    method = replace(settings.quench, max_step=min(DESCENT_STEP, settings.quench.max_step))
    ends = quench(objective, starts, method=method, batch=settings.batch)
    half = torch.arange(len(points), device=starts.device)
    return take_rows(ends, half), take_rows(ends, half + len(points))
