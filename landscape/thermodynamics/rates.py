"""Rates of elementary steps: from one minimum through a transition state to the next one.

Transition state theory (TST), as the programs of the field have it, counts how often the surface across the path is
crossed, with unit masses:

    k(b <- a) = n_ts / (2 pi n_a) exp((L_a - L_ts) / 2 - (E_ts - E_a) / T)

where n are numbers of symmetric copies and L logarithms of determinants, that of the state without its negative
eigenvalue. A network has no momenta. Its own dynamics is gradient flow with noise, d theta = -grad E dt + sqrt(2 T) dW,
with the rate of Eyring and Kramers, k_TST sqrt(|lambda|), where lambda is the negative eigenvalue (Haenggi, Talkner,
Borkovec, Rev. Mod. Phys. 62, 251, 1990). Occupations are the same for both. Both need T well below the barrier.

A network of steps is kept as what it needs: the occupation p_a of each minimum, and the flux c_ab = p_a k(b <- a) of
each pair at equilibrium. By detailed balance c_ab = c_ba, so a flux belongs to an undirected edge. Several states of a
pair add. Degenerate rearrangements (both sides the same minimum) change no occupation and are left out.

Everything is kept as a logarithm: at low T rates are far below the smallest floating-point number.

Shapes: M minima, T transition states, S pairs of minima that a state joins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol, get_args

import numpy as np

from landscape.errors import PropertyError
from landscape.graph.depth import components
from landscape.graph.superbasins import checked_tables
from landscape.messages import listed
from landscape.thermodynamics.superposition import checked_temperatures, checked_wells, log_occupations

Dynamics = Literal["tst", "kramers"]
DYNAMICS: dict[Dynamics, str] = {
    "tst": "transition state theory, as for particles of unit mass",
    "kramers": "Eyring-Kramers rates of gradient flow with noise (overdamped Langevin dynamics)",
}
"""The dynamics by name, with the words that say what they are."""


class Points(Protocol):
    """Minima of a database, or anything with these columns [M]."""

    @property
    def energy(self) -> np.ndarray: ...
    @property
    def log_determinant(self) -> np.ndarray: ...
    @property
    def log_orbit_size(self) -> np.ndarray: ...


class States(Points, Protocol):
    """Transition states of a database, or anything with these columns [T]; `minima` is int64[T, 2]."""

    @property
    def minima(self) -> np.ndarray: ...
    @property
    def eigenvalue(self) -> np.ndarray: ...


@dataclass(frozen=True, kw_only=True)
class Network:
    """Minima and the fluxes between them at one temperature, at equilibrium."""

    log_occupation: np.ndarray  # [M]
    pairs: np.ndarray  # int64[S, 2] rows of minima, the first below the second; each pair once
    log_flux: np.ndarray  # [S] ln(p_a k(b <- a)), the same both ways
    states: np.ndarray  # int64[S] row of the state of each pair with the largest flux
    lowest_states: np.ndarray  # int64[S] row of the lowest state of each pair

    @cached_property
    def neighbours(self) -> list[dict[int, float]]:
        """For each minimum the logarithms of its fluxes by neighbour; shared, do not change."""
        found: list[dict[int, float]] = [{} for _ in self.log_occupation]
        for (a, b), flux in zip(self.pairs.tolist(), self.log_flux.tolist(), strict=True):
            found[a][b] = found[b][a] = flux
        return found

    @property
    def log_rates(self) -> np.ndarray:
        """Logarithms [S, 2] of the rates of leaving the first and the second minimum of each pair for the other."""
        return np.asarray(self.log_flux[:, None] - self.log_occupation[self.pairs])


def log_rates(minima: Points, states: States, temperature: float, dynamics: Dynamics = "tst") -> np.ndarray:
    """Logarithms [T, 2] of the rates of leaving the minimum on either side through each state, out of one copy.

    A degenerate rearrangement has a rate on each of its two sides; the rate of leaving is their sum.

    Raises PropertyError for a temperature that is not positive, for tables that do not match, and for points whose
    determinant is not known.
    """
    temperature = float(checked_temperatures(temperature))
    _require_dynamics(dynamics)
    checked_wells(minima.energy, minima.log_determinant, minima.log_orbit_size)
    checked_tables(minima.energy, states.energy, states.minima)
    if len(states.energy):
        checked_wells(states.energy, states.log_determinant, states.log_orbit_size)
    if dynamics == "kramers" and not (states.eigenvalue < 0.0).all():
        raise PropertyError(
            "expected the negative eigenvalue of all transition states, found states without: use the dynamics tst, "
            "or explore the landscape with this version (landscape run)"
        )
    sides = states.minima
    copies = states.log_orbit_size[:, None] - minima.log_orbit_size[sides]
    volumes = (minima.log_determinant[sides] - states.log_determinant[:, None]) / 2.0
    barriers = states.energy[:, None] - minima.energy[sides]
    found = copies - np.log(2.0 * np.pi) + volumes - barriers / temperature
    return np.asarray(found + np.log(-states.eigenvalue)[:, None] / 2.0 if dynamics == "kramers" else found)


def network(minima: Points, states: States, temperature: float, dynamics: Dynamics = "tst") -> Network:
    """The network of all minima and of the states that join two of them.

    Raises PropertyError as `log_rates` does.
    """
    rates = log_rates(minima, states, temperature, dynamics)
    occupied = log_occupations(minima.energy, minima.log_determinant, minima.log_orbit_size, temperature)
    ends = np.sort(np.asarray(states.minima, dtype=np.int64).reshape(-1, 2), axis=1)
    joins = np.flatnonzero(ends[:, 0] != ends[:, 1])
    flux = rates[:, 0] + occupied[np.asarray(states.minima)[:, 0]]
    keys, edge = np.unique(ends[joins] @ [len(occupied), 1], return_inverse=True)
    together = np.full(len(keys), -np.inf)
    np.logaddexp.at(together, edge, flux[joins])
    return Network(
        log_occupation=occupied,
        pairs=np.stack(np.divmod(keys, len(occupied)), axis=1),
        log_flux=together,
        states=_first_of(edge, joins, -flux),
        lowest_states=_first_of(edge, joins, states.energy, -flux),
    )


def _first_of(edge: np.ndarray, rows: np.ndarray, *ranks: np.ndarray) -> np.ndarray:
    """The row int64[S] of each edge that ranks first; `edge` int64 numbers the edges of `rows`."""
    order = np.lexsort([rank[rows] for rank in reversed(ranks)])
    return np.asarray(rows[order][np.unique(edge[order], return_index=True)[1]])


def checked_ends(network: Network, to: Sequence[int], start: Sequence[int]) -> tuple[list[int], list[int]]:
    """The two sets of rows of minima as sorted lists.

    Raises PropertyError where a set is empty, a row does not exist or is in both sets, or some of the minima are not
    connected: rates are those between connected minima only.
    """
    ends = [sorted({int(row) for row in rows}) for rows in (to, start)]
    rows = [*ends[0], *ends[1]]
    last = len(network.log_occupation) - 1
    if not (ends[0] and ends[1]):
        raise PropertyError("expected at least one minimum on either side of a rate, found none: name rows of minima")
    for row in rows:
        if not 0 <= row <= last:
            raise PropertyError(f"expected rows of minima from 0 to {last}, found {row}: choose other rows")
    for row in set(ends[0]) & set(ends[1]):
        raise PropertyError(f"expected different minima on the two sides of a rate, found {row} in both: choose others")
    component = components(last + 1, network.pairs)[rows]
    for row, own in zip(rows, component, strict=True):
        if own != component[0]:
            raise PropertyError(
                f"expected minima that known transition states connect, found no way from {rows[0]} to {row}: "
                "choose others, or search on (landscape run --resume)"
            )
    return ends[0], ends[1]


def _require_dynamics(name: str) -> None:
    if name not in DYNAMICS:
        raise PropertyError(f"expected dynamics {listed(get_args(Dynamics), 'or')}, found '{name}': name one of them")
