"""The stationary points of a database followed to another value of a key, as one commit.

Shapes: M minima, T transition states, P parameters.
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from landscape.campaign.continuation.families import CountedFamily
from landscape.config.ranges import KeyRange
from landscape.database.continuation.tables import Continuation, EventBranches, Events, Tracks
from landscape.database.database import Database
from landscape.database.records import Commit, Minima, TransitionStates
from landscape.search.continuation.curve import Curve
from landscape.search.continuation.diagram import FIRST, LAST, Diagram, follow
from landscape.search.continuation.events import Event
from landscape.search.continuation.family import Interval
from landscape.search.continuation.tracks import Tracks as Followed
from landscape.search.continuation.tracks import tracks_of

KIND = "continue"


def followed(
    first: Database, last: Database | None, family: CountedFamily, over: KeyRange, stop: Callable[[], bool]
) -> Commit | None:
    """The commit of the tracks from the points of the database `first`, and from those of `last` at the other end.

    None if `stop` became true before the end.
    """
    began = time.monotonic()
    curve = Curve(family, Interval(start=over.start, end=over.end, logarithmic=True))
    at_last = None if last is None else torch.tensor(_points(last), device=family.device)
    diagram = follow(curve, torch.tensor(_points(first), device=family.device), at_last, stop)
    if stop():
        return None
    n_parameters, minima = family.n_parameters, first.minima
    return Commit(
        kind=KIND,
        tasks=len(diagram.arcs),
        evaluations=family.evaluations,
        seconds=time.monotonic() - began,
        minima=Minima.empty(n_parameters),
        hits=minima.hits,
        transition_states=TransitionStates.empty(n_parameters),
        continuation=_tables(curve, diagram, over, {FIRST: first, LAST: last}),
    )


def _points(db: Database) -> np.ndarray:
    """The minima, then the transition states [M + T, P]."""
    return np.concatenate([db.minima.parameters, db.transition_states.parameters])


def _tables(curve: Curve, diagram: Diagram, over: KeyRange, ends: dict[str, Database | None]) -> Continuation:
    tracks = tracks_of(curve, diagram)
    direction = curve.interval.direction
    order = sorted(range(len(diagram.events)), key=lambda number: float(diagram.events[number].z[-1]) * direction)
    events = [diagram.events[number] for number in order]
    return Continuation(
        tracks=_tracks(curve, tracks, over, ends),
        events=_events(curve, events, direction),
        event_branches=_branches(events, [tracks.branches[number] for number in order], direction),
    )


def _tracks(curve: Curve, tracks: Followed, over: KeyRange, ends: dict[str, Database | None]) -> Tracks:
    points = tracks.points
    row = np.full(len(points.track), -1)
    for value, db in ((over.start, ends[FIRST]), (over.end, ends[LAST])):
        here = (points.value == value) & (points.number >= 0)
        row[here] = _rows(points.number[here], db)
    return Tracks(
        track=points.track,
        key=np.full(len(points.track), over.key),
        value=points.value,
        parameters=points.theta,
        energy=points.energy,
        index=points.index,
        log_orbit_size=curve.family.symmetry.log_orbit_size(points.theta),
        row=row,
        lost=points.lost,
    )


def _rows(number: np.ndarray, db: Database | None) -> np.ndarray:
    """Rows of minima or of transition states of the points with these numbers; -1 for points that were not given."""
    minima, states = (0, 0) if db is None else (len(db.minima), len(db.transition_states))
    among = np.where(number < minima, number, number - minima)
    return np.where(number < minima + states, among, -1)


def _events(curve: Curve, events: list[Event], direction: float) -> Events:
    before = -1 if direction > 0.0 else 1
    z = torch.stack([event.z for event in events]) if events else torch.empty(0, curve.family.n_parameters + 1)
    return Events(
        value=curve.interval.value(z[:, -1]).double().cpu().numpy(),
        kind=np.array([event.kind for event in events], dtype=np.str_),
        parameters=z[:, :-1].double().cpu().numpy(),
        energy=np.array([event.energy for event in events], dtype=np.float64),
        multiplicity=np.array([event.multiplicity for event in events], dtype=np.int64),
        sum_before=np.array([event.sum_on(before) for event in events], dtype=np.float64),
        sum_after=np.array([event.sum_on(-before) for event in events], dtype=np.float64),
        conserved=np.array([event.conserved for event in events], dtype=np.bool_),
    )


def _branches(events: list[Event], tracks: list[tuple[int, ...]], direction: float) -> EventBranches:
    rows = [
        (number, track, branch.side * direction > 0.0, branch.index, np.log(branch.copies))
        for number, (event, own) in enumerate(zip(events, tracks, strict=True))
        for branch, track in zip(event.branches, own, strict=True)
    ]
    event, track, after, index, copies = zip(*rows, strict=True) if rows else ((),) * 5
    return EventBranches(
        event=np.array(event, dtype=np.int64),
        track=np.array(track, dtype=np.int64),
        after=np.array(after, dtype=np.bool_),
        index=np.array(index, dtype=np.int64),
        log_orbit_size=np.array(copies, dtype=np.float64),
    )
