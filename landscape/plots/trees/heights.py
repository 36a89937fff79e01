"""Heights of a tree: energies, or free energies at a temperature, above the lowest minimum.

Shapes: M minima, T transition states.
"""

from dataclasses import dataclass

import numpy as np

from landscape.database.database import Database
from landscape.database.records import Minima, TransitionStates
from landscape.graph.superbasins import build_tree
from landscape.graph.tree import DisconnectivityTree
from landscape.messages import number_text
from landscape.studies.thermal.curves import wells_of
from landscape.thermodynamics.superposition import checked_wells, free_energies
from landscape.thermodynamics.validity import highest_temperature, lowest_barriers


@dataclass(frozen=True, kw_only=True)
class Heights:
    """Heights of the minima [M] and of the transition states [T] above `zero`, that of the lowest minimum."""

    minima: np.ndarray
    states: np.ndarray
    pairs: np.ndarray  # int64[T, 2]
    zero: float
    symbol: str  # of the height
    at: str  # the conditions, for a caption

    @property
    def label(self) -> str:
        """The label of the axis."""
        return f"${self.symbol} - {self.symbol}_{{\\min}}$"

    def tree(self) -> DisconnectivityTree:
        """The tree of all minima, with exact merges."""
        return build_tree(self.minima, self.states, self.pairs)


def heights_of(db: Database, temperature: float | None = None) -> Heights:
    """The energies of a database above the lowest, or the free energies if there is a temperature.

    A transition state of lower free energy than one of its minima is no barrier: it has the height of this minimum.
    Raises PropertyError for a temperature that is not positive, and where minima are no harmonic wells.
    """
    minima, states, at = db.minima.energy, db.transition_states.energy, ""
    pairs = db.transition_states.minima
    if temperature is not None and len(minima):
        minima, bare = _free(db.minima, temperature), _free(db.transition_states, temperature)
        states = np.maximum(bare, minima[pairs].max(axis=1, initial=-np.inf))
        raised = int(np.sum(states > bare))
        at = f"T = {number_text(temperature)}{_range(db, temperature)}"
        at += f", {raised} of {len(states)} states raised to their minima" if raised else ""
    zero = float(minima.min()) if len(minima) else 0.0
    return Heights(
        minima=minima - zero,
        states=states - zero,
        pairs=pairs,
        zero=zero,
        symbol="E" if temperature is None else "F",
        at=at,
    )


def _range(db: Database, temperature: float) -> str:
    """Words on a temperature that is not known to be in the range of the harmonic approximation, otherwise empty."""
    wells, states = wells_of(db), db.transition_states
    barriers = lowest_barriers(wells[0], states.energy, states.minima)
    highest = highest_temperature(*wells, barriers, db.problem_record.n_parameters)
    if np.isnan(highest):
        return " (harmonic range unknown)"
    return "" if temperature <= highest else f" (beyond the harmonic range, T < {highest:.2g})"


def _free(points: Minima | TransitionStates, temperature: float) -> np.ndarray:
    """Free energies [n]; a transition state has one mode less than a minimum."""
    wells = points.energy, points.log_determinant, points.log_orbit_size
    if len(points):
        checked_wells(*wells)
    modes = points.parameters.shape[1] - isinstance(points, TransitionStates)
    return free_energies(*wells, temperature, modes)
