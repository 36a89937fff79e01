"""Transition states from guesses, verified, with the minima on their two sides.

guess -> eigenvector-following -> Newton finish -> index test -> steepest descent to both sides. A guess that leads to a
known transition state, or to that of an earlier guess, ends after eigenvector-following. A guess that ends on a saddle
of higher index, as in a symmetric subspace, is displaced downhill from the saddle and followed once more. Every guess
ends with a typed outcome. Guesses come from bands between minima (`connect`) or from displaced minima (`climb`).
Shapes: C candidates, P parameters, T transition states.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics.spectra import spectrum
from landscape.numerics.streams import stream
from landscape.objective import Objective
from landscape.optimize.driver import put_rows, take_rows
from landscape.optimize.newton import StationaryPoints, newton_finish
from landscape.optimize.status import Status
from landscape.search.bands import BandSettings, candidates, relax, straight_bands
from landscape.search.descent.gradient_flow import GradientFlow
from landscape.search.descent.sides import Sides, oriented, sides
from landscape.search.eigenvector_following import EigenvectorFollowing, FollowingState, follow

SOFT_MODES = 10
STEP_OFF = 0.1  # displacement from a saddle of higher index
IMAGES_TOGETHER = 10
# A point followed to an RMS gradient of 1e-6 counts as a known transition state if it is within these limits in energy,
# over its unit, and in aligned distance. The Newton finish moves points less: at most 9e-8 and 0.09 for iris 4-10-3 at
# l2 = 1e-4, 2e-9 and 0.001 for digits 64-3-10 at 1e-2. Of 815 transition states of iris, the nearest two within 1e-6 in
# energy are 0.33 apart. A state that is not recognised is merely finished again.
SAME_ENERGY, SAME_DISTANCE = 1e-7, 0.1


class Outcome(IntEnum):
    """The outcome of a search. The first three are successes, distinguished once identities are known."""

    CONNECTED = 0
    NEW_TRANSITION_STATE = 1
    KNOWN_TRANSITION_STATE = 2
    SAME_MINIMUM = 3
    LEFT_BOX = 4
    NO_MAXIMUM = 5
    NOT_CONVERGED = 6
    WRONG_INDEX = 7
    NO_DESCENT = 8


OUTCOME_NAMES = tuple(outcome.name.lower() for outcome in Outcome)


class KnownStates(Protocol):
    """Known transition states."""

    def find(self, energy: float, theta: Float[np.ndarray, " P"]) -> int:
        """Row of the known state near theta [P], the point where eigenvector-following ended; -1 if there is none."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Transition states of a batch of searches, in order of search, and the reasons for which other guesses failed."""

    points: StationaryPoints  # [T]
    sides: tuple[StationaryPoints, StationaryPoints]  # the minima [T] down along +direction and -direction
    ambiguous: Bool[np.ndarray, " T"]  # true if rounding decides on the end of steepest descent on a side
    search: Int[np.ndarray, " T"]  # the search of each transition state
    known: tuple[tuple[int, int], ...]  # (search, row) of each guess that led to a known transition state
    failures: tuple[tuple[int, Outcome], ...]  # (search, reason) of each guess that led to no transition state


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """Settings of searches: bands, eigenvector-following, descents, walkers at a time, and known transition states."""

    following: EigenvectorFollowing = field(default_factory=EigenvectorFollowing)
    band: BandSettings = field(default_factory=BandSettings)
    flow: GradientFlow = field(default_factory=GradientFlow)
    batch: int = 64
    known: KnownStates | None = None


def connect(
    objective: Objective,
    first: Float[Tensor, "S P"],
    last: Float[Tensor, "S P"],
    images: Int[np.ndarray, " S"],
    settings: SearchSettings,
) -> Found:
    """Searches between first [S, P] and last [S, P], which are aligned, by bands of images[S] images.

    Bands with the same number of images are relaxed together. On devices other than a CPU this number is rounded up to
    a multiple of ten, which makes fewer batches.
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
        ambiguous=found.ambiguous,
        search=found.search,
        known=found.known,
        failures=(*found.failures, *((search, Outcome.NO_MAXIMUM) for search in flat)),
    )


def climb(
    objective: Objective, minima: Float[Tensor, "S P"], seeds: list[tuple[int, ...]], settings: SearchSettings
) -> Found:
    """Single-ended searches from minima [S, P], one per row, each with its own random stream.

    About half of the searches start along one of the softest eigenvectors, half in a random direction. The distance is
    random too, from a hundredth of the length of theta (at least 1) to the whole length.
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
    near = (followed.status == Status.CONVERGED).nonzero()[:, 0]
    rows, first = _recognised(objective, take_rows(followed, near), settings.known)
    distinct = np.unique(first[rows < 0])
    points = newton_finish(objective, followed.theta[near[torch.tensor(distinct, device=near.device)]])
    points = _stepped_off(objective, points, settings)
    saddles = points.is_transition_state.nonzero()[:, 0]
    joined = sides(objective, points.theta[saddles], points.direction[saddles], settings.flow, settings.batch)
    both = (joined.ends[0].is_minimum & joined.ends[1].is_minimum).nonzero()[:, 0]
    known = np.full(len(theta), -1)
    known[near.cpu().numpy()] = rows
    point = np.full(len(theta), -1)  # for each guess, the point to which it leads
    point[near.cpu().numpy()] = np.where(rows < 0, np.searchsorted(distinct, first), -1)
    state = np.full(len(points), -1)  # for each point, its row among the states
    state[saddles[both].cpu().numpy()] = np.arange(len(both))
    leads = np.where(point >= 0, np.append(state, -1)[point], -1)
    lost = np.where(followed.energy.isneginf().cpu().numpy(), Outcome.LEFT_BOX, Outcome.NOT_CONVERGED)
    reasons = np.where(point >= 0, np.append(_reasons(points, saddles, joined), -1)[point], lost)
    number = np.array(searches, dtype=np.int64)
    failed, recognised = (leads < 0) & (known < 0), known >= 0
    chosen = both[torch.tensor(leads[leads >= 0], device=theta.device)]
    return Found(
        points=take_rows(points, saddles[chosen]),
        sides=(take_rows(joined.ends[0], chosen), take_rows(joined.ends[1], chosen)),
        ambiguous=joined.ambiguous[chosen].cpu().numpy(),
        search=number[leads >= 0],
        known=tuple(zip(number[recognised].tolist(), known[recognised].tolist(), strict=True)),
        failures=tuple(
            (search, Outcome(reason))
            for search, reason in zip(number[failed].tolist(), reasons[failed].tolist(), strict=True)
        ),
    )


def _stepped_off(objective: Objective, points: StationaryPoints, settings: SearchSettings) -> StationaryPoints:
    """The points [F], with saddles of higher index replaced by transition states to which following leads from them.

    Following starts beside the saddle along the second eigenvector, which leads downhill, and goes up along the first.
    """
    rows = ((points.status == Status.CONVERGED) & (points.index > 1)).nonzero()[:, 0]
    if not len(rows):
        return points
    first, second = spectrum(objective, points.theta[rows]).vectors[:, :, :2].unbind(2)
    guesses = torch.stack([points.theta[rows] + STEP_OFF * oriented(second), first], 1)
    followed = follow(objective, guesses, settings.following, settings.batch)
    near = followed.status == Status.CONVERGED
    again = newton_finish(objective, followed.theta[near])
    found = again.is_transition_state
    return put_rows(points, rows[near][found], take_rows(again, found.nonzero()[:, 0]))


def _reasons(points: StationaryPoints, saddles: Int[Tensor, " S"], joined: Sides) -> Int[np.ndarray, " F"]:
    """The reasons for which the points [F] fail, if they do; `saddles` are the rows whose sides were computed."""
    reasons = np.where((points.status == Status.CONVERGED).cpu().numpy(), Outcome.WRONG_INDEX, Outcome.NOT_CONVERGED)
    beyond = (joined.ends[0].energy.isneginf() | joined.ends[1].energy.isneginf()).cpu().numpy()
    reasons[saddles.cpu().numpy()] = np.where(beyond, Outcome.LEFT_BOX, Outcome.NO_DESCENT)
    return reasons


def _recognised(
    objective: Objective, followed: FollowingState, known: KnownStates | None
) -> tuple[Int[np.ndarray, " C"], Int[np.ndarray, " C"]]:
    """Rows [C] of the known transition states to which guesses lead, -1 where there is none, and the number [C] of the
    first guess that leads to the same state.
    """
    energy, theta = followed.energy.cpu().numpy(), followed.theta.cpu().numpy()
    pairs = zip(energy.tolist(), theta, strict=True)
    rows = np.array([-1 if known is None else known.find(*point) for point in pairs], dtype=np.int64)
    first = np.arange(len(rows))
    fresh: list[int] = []
    for guess in np.flatnonzero(rows < 0).tolist():
        near = [one for one in fresh if abs(energy[one] - energy[guess]) <= SAME_ENERGY * objective.energy_unit]
        reference = np.broadcast_to(theta[guess], (len(near), theta.shape[1]))
        same = objective.symmetry.distance(theta[near], reference) <= SAME_DISTANCE if near else np.zeros(0, bool)
        if same.any():
            first[guess] = near[int(same.argmax())]
        else:
            fresh.append(guess)
    return rows, first
