"""Energy of stationary points against a key of the problem, with the events at which they are born, die or split.

Minima are solid lines in the colours of the family, transition states thin dashed ones, points of higher index dotted.
A line that changes its index changes its style. Events are marks on the lines, one kind of mark for each kind.

Shapes: K points of all tracks, V events.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from landscape.database.database import Database
from landscape.messages import counted
from landscape.plots.figures import family_style, plain
from landscape.studies.continuation.balance import ends_of

STYLES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("minimum", {"linewidth": 1.6, "color": family_style(0)[0], "zorder": 3}),
    ("transition state", {"linewidth": 0.9, "linestyle": (0, (4, 1.5)), "color": family_style(1)[0], "zorder": 2}),
    ("higher index", {"linewidth": 0.8, "linestyle": (0, (1, 1.5)), "color": "0.55", "zorder": 1}),
)
DECADE = 9.99  # ratio of the ends from which powers of ten are labels enough
MARKS = {"fold": "v", "pitchfork": "o", "transcritical": "X", "unresolved": "*"}


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Part of a track with one index: values of the key [K], energies [K]."""

    index: int
    value: np.ndarray
    energy: np.ndarray


def stretches(db: Database) -> Iterator[Stretch]:
    """The tracks in stretches of one index, each led up to the events at its ends."""
    tracks = db.tracks
    for track in np.unique(tracks.track).tolist():
        rows = np.flatnonzero(tracks.track == track)
        cuts = np.flatnonzero(np.diff(tracks.index[rows])) + 1
        for part in np.split(rows, cuts):
            index = int(tracks.index[part[0]])
            value, energy = _led_to_events(db, track, index, tracks.value[part], tracks.energy[part])
            yield Stretch(index=index, value=value, energy=energy)


def _led_to_events(
    db: Database, track: int, index: int, value: np.ndarray, energy: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A stretch with the events in which branches of its track and index end before or after it."""
    branches, events = db.event_branches, db.events
    own = (branches.track == track) & (branches.index == index)
    start, end = ends_of(db.tracks)
    direction = np.sign(end - start)
    for row in np.flatnonzero(own).tolist():
        event = branches.event[row]
        at = events.value[event]
        beyond = (at - value) * direction
        if branches.after[row] and (beyond <= 0.0).all():
            value, energy = np.append(at, value), np.append(events.energy[event], energy)
        elif not branches.after[row] and (beyond >= 0.0).all():
            value, energy = np.append(value, at), np.append(energy, events.energy[event])
    return value, energy


def draw_tracks(db: Database, *, highest_index: int = 1) -> Figure:
    """The energies of all tracks of a database over the values of the key, up to an index, with their events."""
    figure = Figure(figsize=(4.6, 3.6))
    axes = figure.subplots()
    drawn = [one for one in stretches(db) if one.index <= highest_index]
    for one in drawn:
        axes.plot(one.value, one.energy, **STYLES[min(one.index, 2)][1])
    known = {index for one in drawn for index in [min(one.index, 2)]}
    kinds = _mark_events(axes, db, highest_index)
    low, high = float(db.tracks.value.min()), float(db.tracks.value.max())
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    if high >= DECADE * low:
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(plain(str(db.tracks.key[0])))
    axes.set_ylabel("energy")
    handles = [Line2D([], [], label=label, **style) for place, (label, style) in enumerate(STYLES) if place in known]
    handles += [Line2D([], [], linestyle="", **_mark(kind), label=kind) for kind in kinds]
    axes.legend(handles=handles, loc="best", frameon=False)
    figure.suptitle(_caption(db), fontsize="medium")
    return figure


def _mark_events(axes: Axes, db: Database, highest_index: int) -> list[str]:
    """Mark the events of the drawn tracks; returns their kinds."""
    branches, events = db.event_branches, db.events
    met = np.unique(branches.event[branches.index <= highest_index])
    for event in met.tolist():
        axes.plot(events.value[event], events.energy[event], **_mark(str(events.kind[event])), zorder=4)
    return [kind for kind in MARKS if kind in events.kind[met]]


def _mark(kind: str) -> dict[str, Any]:
    return {"marker": MARKS[kind], "markersize": 5, "color": "black", "markerfacecolor": "white"}


def _caption(db: Database) -> str:
    return f"{counted(len(np.unique(db.tracks.track)), 'track')}, {counted(len(db.events), 'event')}"
