"""A study: the landscapes of a family of run files, and the correlations of each and of all.

Each landscape has its own database in the folder of the study. The report first pools all landscapes, comparing each
minimum within its own landscape, and then takes each landscape alone; if distinct minima are too few, it says so.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import DatabaseError, PropertyError
from landscape.graph.depth import component_fraction
from landscape.messages import counted
from landscape.statistics.coverage import coverage
from landscape.studies.continuation.members import joined_minima
from landscape.studies.findings import Findings, csv_text, findings_of
from landscape.studies.findings_text import summary

CORRELATIONS, REPORT, TRACKS = "correlations.csv", "report.txt", "tracks.csv"


def make_folder(folder: Path) -> None:
    """Makes the folder of a study if it does not exist. Raises DatabaseError if the folder cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        found = "a file" if folder.exists() else error.strerror
        raise DatabaseError(
            f"{folder}: expected a folder for the databases of the study, or a place to make it, found {found}: "
            "choose another one with -o"
        ) from error


def conclude(folder: Path, paths: Sequence[Path], command: str) -> list[str]:
    """Writes the correlations of the databases and a report into the folder; returns the lines on all databases.

    `command` is the command that made the study; the report quotes it.
    """
    with ExitStack() as stack:
        databases = [stack.enter_context(Database(open_store(path))) for path in paths]
        sections = {"pooled": _findings(databases)} if len(databases) > 1 else {}
        sections |= {path.stem: _findings([db]) for path, db in zip(paths, databases, strict=True)}
        landscapes = list(_landscapes(databases))
        numbers = joined_minima(databases)
        if numbers is not None:
            landscapes += ["", _joined(numbers)]
            (folder / TRACKS).write_text(_tracks_csv(databases, numbers), encoding="utf-8")
    found = {name: findings for name, findings in sections.items() if isinstance(findings, Findings)}
    lines = [f"made by: {command}", "", *landscapes]
    for name, findings in sections.items():
        lines += ["", name, *_told(findings)]
    (folder / CORRELATIONS).write_text(csv_text(found), encoding="utf-8")
    (folder / REPORT).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [*landscapes, "", *_told(next(iter(sections.values())))]


def _joined(numbers: np.ndarray) -> str:
    """A line on minima that are the same at several values of a key."""
    tracks = counted(int(numbers.max()) + 1, "track")
    return f"{len(numbers)} minima lie on {tracks}: followed from one value to the next they are the same ({TRACKS})"


def _tracks_csv(databases: Sequence[Database], numbers: np.ndarray) -> str:
    """A row for each minimum with the number of its track, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["track", "landscape", "row", "energy"])
    left = iter(numbers.tolist())
    for db in databases:
        name = db.path.stem if db.path else ""
        writer.writerows([next(left), name, row, repr(energy)] for row, energy in enumerate(db.minima.energy.tolist()))
    return text.getvalue()


def _told(findings: Findings | str) -> list[str]:
    return list(summary(findings)) if isinstance(findings, Findings) else [findings]


def _findings(databases: Sequence[Database]) -> Findings | str:
    """The findings of the databases, or the reason why there are none."""
    try:
        return findings_of(databases)
    except PropertyError as error:
        return f"refused: {error}"


def _landscapes(databases: Iterable[Database]) -> Iterable[str]:
    """A line for each landscape: points found, connected part, unseen mass and range of energies."""
    yield f"{'landscape':<20}{'minima':>8}{'states':>8}{'connected':>11}{'unseen':>9}  {'energies'}"
    for db in databases:
        minima, states = db.minima, db.transition_states
        if not len(minima):
            yield f"{db.path.stem if db.path else '':<20}{0:>8}"
            continue
        connected = component_fraction(minima.energy, states.energy, states.minima)
        yield (
            f"{db.path.stem if db.path else '':<20}{len(minima):>8}{len(states):>8}{connected:>11.1%}"
            f"{coverage(minima.hits).unseen_mass:>9.2g}  {minima.energy.min():.6f} to {minima.energy.max():.6f}"
        )
