"""All arrays of a page. The page shows the lowest minima of a database; paths may pass through any minimum.

Inside a page a minimum is known by its place: minima are counted by rising energy, the lowest is at place 0. `row` has
their rows in the database, which are shown to users.

Shapes: M minima of the database, n <= M minima of the page, T transition states, K temperatures.
"""

from dataclasses import dataclass, replace

import numpy as np

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.graph.superbasins import build_tree
from landscape.graph.tree import DisconnectivityTree, prune
from landscape.objective import Symmetry
from landscape.report.plane import Plane, aligned_distances, plane_of
from landscape.report.ways import Ways, ways_out
from landscape.studies.columns import Column, column_family, known_names
from landscape.studies.findings import Findings, findings_of
from landscape.studies.hypotheses import ROBUSTNESS_SIGNS
from landscape.studies.path_barriers import StoredPaths, stored_paths
from landscape.studies.thermal.curves import posterior_temperature, suggested_temperatures, wells_of
from landscape.thermodynamics.superposition import curves, occupations
from landscape.thermodynamics.validity import crossing_temperature, highest_temperature, lowest_barriers

TEMPERATURES = 81  # of the slider
NOT_MEASURED = "No robustness was measured: run 'landscape measure'."


@dataclass(frozen=True, kw_only=True)
class Thermodynamics:
    """Occupations and heat capacity by harmonic superposition over all minima of the database."""

    temperature: np.ndarray  # [K]
    occupation: np.ndarray  # [K, n] of the minima of the page
    heat_capacity: np.ndarray  # [K]
    highest: float  # end of the range in which harmonic wells describe the landscape; NaN if unknown


@dataclass(frozen=True, kw_only=True)
class PageData:
    """The arrays of a page; minima are named by their places."""

    row: np.ndarray  # int64[M] row in the database of the minimum at each place
    energy: np.ndarray  # [M]
    shown: int  # n
    parameters: np.ndarray  # [n, P]
    hits: np.ndarray  # int64[n]
    log_orbit_size: np.ndarray  # [n]
    log_determinant: np.ndarray  # [n]
    ts_minima: np.ndarray  # int64[T, 2] places
    ts_energy: np.ndarray  # [T]
    ts_log_determinant: np.ndarray  # [T]
    ts_log_orbit_size: np.ndarray  # [T]
    tree: DisconnectivityTree  # its leaf l is the minimum at place l
    plane: Plane
    ways: Ways
    columns: tuple[Column, ...]  # [n], all properties with one or a list of values
    thermodynamics: Thermodynamics | None  # None without harmonic wells, as for an energy with kinks
    no_wells: str  # the reason why there are none
    findings: Findings | None
    refusal: str  # the reason why there are no findings
    paths: StoredPaths | None

    @property
    def inside(self) -> np.ndarray:
        """Transition states int64 that join two different minima of the page."""
        first, second = self.ts_minima.T
        return np.flatnonzero((first != second) & (np.maximum(first, second) < self.shown))


def page_data(db: Database, symmetry: Symmetry, lowest: int) -> PageData:
    """The arrays of a page on the `lowest` minima of a database. Raises PropertyError if there are no minima."""
    minima, states = db.minima, db.transition_states
    if not len(minima):
        raise PropertyError(
            f"{db.path or 'database'}: expected minima to report, found none: find some with 'landscape run'"
        )
    row = np.argsort(minima.energy, kind="stable")
    place = np.empty_like(row)
    place[row] = np.arange(len(row))
    energy, ts_minima, page = minima.energy[row], place[states.minima], row[:lowest]
    findings, refusal = _findings(db)
    thermodynamics, no_wells = _thermodynamics(db, page)
    return PageData(
        row=row,
        energy=energy,
        shown=len(page),
        parameters=minima.parameters[page],
        hits=minima.hits[page],
        log_orbit_size=minima.log_orbit_size[page],
        log_determinant=minima.log_determinant[page],
        ts_minima=ts_minima,
        ts_energy=states.energy,
        ts_log_determinant=states.log_determinant,
        ts_log_orbit_size=states.log_orbit_size,
        tree=prune(build_tree(energy, states.energy, ts_minima), len(page)),
        plane=plane_of(aligned_distances(minima.parameters[page], symmetry)),
        ways=ways_out(len(row), states.energy, ts_minima, 0),
        columns=tuple(_columns(db, page)),
        thermodynamics=thermodynamics,
        no_wells=no_wells,
        findings=findings,
        refusal=refusal,
        paths=_paths(db),
    )


def _thermodynamics(db: Database, page: np.ndarray) -> tuple[Thermodynamics | None, str]:
    """Curves of the whole landscape with occupations of the minima `page`, or the reason why there are none."""
    states, n_parameters = db.transition_states, db.problem_record.n_parameters
    try:
        wells = wells_of(db)
        barriers = lowest_barriers(wells[0], states.energy, states.minima)
        highest = highest_temperature(*wells, barriers, n_parameters)
        end = float(np.fmax(crossing_temperature(*wells, barriers), posterior_temperature(db)))
        temperature = suggested_temperatures(wells, highest, end, TEMPERATURES)
    except PropertyError as error:
        return None, str(error)
    found = Thermodynamics(
        temperature=temperature,
        occupation=occupations(*wells, temperature)[:, page],
        heat_capacity=curves(*wells, temperature, n_parameters).heat_capacity,
        highest=highest,
    )
    return found, ""


def _columns(db: Database, rows: np.ndarray) -> list[Column]:
    """All columns of the minima `rows`, leaving out those that are known for none and lists of lists."""
    stored = db.properties("minima")
    names = [name for name in known_names(db) if name not in stored or stored[name].values.ndim <= 2]
    found = (replace(one, values=one.values[rows]) for name in names for one in column_family(db, name))
    return [one for one in found if np.isfinite(one.values).any()]


def _findings(db: Database) -> tuple[Findings | None, str]:
    """The findings, or the reason why there are none."""
    try:
        return findings_of([db]), ""
    except PropertyError as error:
        measured = ROBUSTNESS_SIGNS.keys() & db.properties("minima").keys()
        return None, str(error) if measured else NOT_MEASURED


def _paths(db: Database) -> StoredPaths | None:
    """The stored paths, None if there are none."""
    try:
        return stored_paths(db)
    except PropertyError:
        return None
