"""Databases and pages for the tests: a funnel of made-up minima with robustness, flatness and paths."""

from dataclasses import replace

import numpy as np

from landscape.database.database import Database
from landscape.database.records import ProblemRecord, PropertyRows
from landscape.report.page import page_text
from tests.analysis.synthetic import funnel, made_up_store, minima, properties, property_rows, record, transition_states

COUNT = 350
POINTS = 11


def synthetic(count: int = COUNT, *, measured: bool = True, problem: ProblemRecord | None = None) -> Database:
    """A database in memory of a connected funnel; determinants and orbits differ, and all paths are known."""
    parameters, energy, pairs, ts_energy = funnel(count)
    random = np.random.default_rng(3)
    below = replace(
        minima(parameters, energy),
        log_determinant=random.normal(size=count),
        log_orbit_size=np.log(random.choice([4.0, 8.0], size=count)),
    )
    paths = path_rows(energy[pairs], ts_energy) if measured else ()
    stored = (*properties(parameters, energy, -0.1), *paths) if measured else ()
    return Database(made_up_store(None, below, transition_states(pairs, ts_energy), stored, problem or record()))


def path_rows(ends: np.ndarray, peak: np.ndarray) -> tuple[PropertyRows, ...]:
    """Paths that rise straight from the energies ends [T, 2] of the minima to peak [T]."""
    place = np.linspace(0.0, 1.0, POINTS)
    corners = np.stack([ends[:, 0], peak, ends[:, 1]], axis=1)
    energy = np.stack([np.interp(place, [0.0, 0.5, 1.0], row) for row in corners])
    values = {
        "energy": energy,
        "arc_length": np.broadcast_to(2.0 * place, energy.shape),
        "adversarial_loss": np.stack([energy + 0.1, energy + 0.3], axis=2),
    }
    return tuple(property_rows("transition_states", f"path_{name}", one, name) for name, one in values.items())


def synthetic_page(count: int = COUNT) -> str:
    """The page of `synthetic`."""
    return page_text(synthetic(count), None)


def replaced_record(**changes: str | None) -> ProblemRecord:
    """The record of `synthetic` with other fields."""
    one = record()
    return ProblemRecord(**{name: getattr(one, name) for name in one.__dataclass_fields__} | changes)
