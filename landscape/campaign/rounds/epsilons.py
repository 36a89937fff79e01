"""Epsilons that are added to stored values: measured values are kept, and only what they lack is measured.

Values of a group that depend on epsilon have a column for each. If a group is measured again and nothing but epsilon
differs, the columns are those of the stored and of the wanted epsilons together. A stored row then has gaps in the new
columns, until a round fills them.

Shapes: M rows, E epsilons, n rows of a round.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from landscape.config.tables import MeasureConfig
from landscape.database.records import Property

EPSILON = "epsilon"
Settings = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The part of a table at which a group is measured: the leading rows `done`, and what the next rows lack.

    The next round ends before the row `end` and measures the columns `lacking` of `epsilon`. `adds` is True if it fills
    gaps in stored rows.
    """

    done: int
    end: int | None = None
    epsilon: tuple[Any, ...]
    lacking: tuple[int, ...]

    @property
    def adds(self) -> bool:
        """True if the next round fills gaps of stored rows."""
        return self.end is not None

    @property
    def wanted(self) -> tuple[Any, ...]:
        """The epsilons that the next round measures."""
        return tuple(self.epsilon[place] for place in self.lacking)


def others(settings: Settings) -> dict[str, Any]:
    """All settings but epsilon."""
    return {key: value for key, value in settings.items() if key != EPSILON}


def with_stored(settings: Settings, stored: Iterable[Property]) -> dict[str, Any]:
    """Settings with the epsilons of stored values of this group that differ in nothing else; numbers rise."""
    if EPSILON in settings:
        for one in stored:
            if others(one.settings) == others(settings):
                return dict(settings) | {EPSILON: union(one.settings[EPSILON], settings[EPSILON])}
    return dict(settings)


def union(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    """The epsilons of both lists: in rising order if they have one number each and differ, else in their own."""
    added = [one for one in second if one not in first]
    every = [*first, *added]
    return every if not added or any(isinstance(one, list | tuple) for one in every) else sorted(every)


def extent(
    known: Mapping[str, Property], rows: int, settings: Settings, by_epsilon: Sequence[str], wanted: np.ndarray
) -> Extent:
    """The extent of a group with these settings.

    `known` are its stored properties, which differ from the settings in epsilon at most and have at least `rows` rows;
    `by_epsilon` names those with a column for each epsilon. Gaps of rows that are not `wanted`, int64, stay.
    """
    epsilon = tuple(settings.get(EPSILON, ()))
    every = tuple(range(len(epsilon)))
    columns = [known[name] for name in by_epsilon if name in known]
    if not rows or not columns:
        return Extent(done=rows, epsilon=epsilon, lacking=every)
    finite = np.zeros((rows, len(epsilon)), dtype=bool)
    for one in columns:
        places = [epsilon.index(value) for value in one.settings[EPSILON]]
        finite[:, places] |= np.isfinite(one.values[:rows])
    passed = ~(np.isin(np.arange(rows), wanted) & finite.any(axis=1))  # not wanted, not measured, or diverged
    gaps: np.ndarray = ~finite & ~passed[:, None]
    first = np.flatnonzero(gaps.any(axis=1))
    if not len(first):
        return Extent(done=rows, epsilon=epsilon, lacking=every)
    done = int(first[0])
    other = np.flatnonzero((gaps[done:] != gaps[done]).any(axis=1) & ~passed[done:])
    end = done + int(other[0]) if len(other) else rows
    return Extent(done=done, end=end, epsilon=epsilon, lacking=tuple(np.flatnonzero(gaps[done]).tolist()))


def filled(stored: Property, found: np.ndarray, rows: np.ndarray, extent: Extent, *, by_epsilon: bool) -> np.ndarray:
    """Values [M, E], or [M, ...], of a stored property with the values `found` [n, ...] of a round at its rows [n].

    Only gaps are filled: a property without columns of epsilon stays as it is.
    """
    if not by_epsilon:
        return stored.values
    values = np.full((len(stored.values), len(extent.epsilon)), np.nan)
    values[:, [extent.epsilon.index(value) for value in stored.settings[EPSILON]]] = stored.values
    values[np.ix_(rows, np.array(extent.lacking))] = found
    return values


def at(settings: MeasureConfig, epsilon: Sequence[Any]) -> MeasureConfig:
    """The [measure] table with these epsilons; its own if there are none."""
    return MeasureConfig.from_table(settings.model_dump() | {EPSILON: tuple(epsilon)}) if epsilon else settings


def replaced(settings: Settings, stored: Iterable[Property]) -> str:
    """A sentence if stored values of this group have other settings than epsilon; empty if there are none."""
    for one in stored:
        if one.settings.get("group") == settings["group"] and others(one.settings) != others(settings):
            keys = [key for key in others(settings) if one.settings.get(key) != settings[key]]
            changed = ", ".join(f"{key} was {one.settings.get(key)} and is {settings[key]}" for key in keys)
            lost = f", with epsilon {one.settings[EPSILON]}," if EPSILON in one.settings else ""
            return f"{settings['group']}: {changed}: its stored values{lost} are measured again and replaced"
    return ""
