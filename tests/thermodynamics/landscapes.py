"""Landscapes whose thermodynamics or rates are known from elsewhere, and random ones."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from landscape.thermodynamics.rates import Network

EXAMPLES = 25  # random landscapes a test


@dataclass(frozen=True, kw_only=True)
class Wells:
    """Minima [M]."""

    energy: np.ndarray
    log_determinant: np.ndarray
    log_orbit_size: np.ndarray

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.energy, self.log_determinant, self.log_orbit_size


@dataclass(frozen=True, kw_only=True)
class Passes(Wells):
    """Transition states [T]."""

    minima: np.ndarray
    eigenvalue: np.ndarray


def wells(energy: list[float], copies: list[float] | None = None) -> Wells:
    """Minima that differ in energy and in their number of copies only."""
    count = len(energy)
    return Wells(
        energy=np.array(energy),
        log_determinant=np.zeros(count),
        log_orbit_size=np.log(copies or np.ones(count)),
    )


def passes(minima: list[tuple[int, int]], energy: list[float]) -> Passes:
    """Transition states that differ in energy only."""
    count = len(energy)
    return Passes(
        energy=np.array(energy),
        log_determinant=np.zeros(count),
        log_orbit_size=np.zeros(count),
        minima=np.array(minima, dtype=np.int64).reshape(-1, 2),
        eigenvalue=-np.ones(count),
    )


# The database of a tutorial of PATHSAMPLE: wales-group/examples on GitHub, folder LJ38/04_Creating_PATHSAMPLE_database,
# files min.data (energy, log determinant, order of the point group) and ts.data (the same, and the two minima from 1).
LJ38_MINIMA = np.array(
    [
        [-169.403102763540545, 520.527853268869080, 1],
        [-173.928426590627964, 538.668902793976144, 48],
        [-169.205253906214921, 512.433786480948584, 1],
        [-169.266920456807298, 517.079956786916455, 1],
        [-168.415319534113138, 518.875887826861458, 1],
        [-170.992492629051611, 524.126533429432584, 1],
        [-169.355866230312301, 521.356675002685279, 1],
        [-173.252378415649559, 534.391888434640578, 10],
        [-170.956894617602359, 529.545244244304740, 2],
        [-172.877736411172606, 532.373161430179721, 1],
        [-169.102941660861887, 514.702573791914233, 1],
        [-169.304465679698268, 512.726237991002790, 1],
    ]
)
LJ38_STATES = np.array(
    [
        [-169.361945964207905, 519.008500698187277, 1, 1, 2],
        [-168.759107759549806, 512.074885626003038, 1, 3, 4],
        [-168.277106889682727, 513.484196133625346, 1, 5, 6],
        [-168.331767424319082, 516.175925458466281, 1, 7, 5],
        [-170.877492660690081, 525.943524630611819, 2, 8, 9],
        [-170.793123433790157, 525.142284101633095, 1, 9, 10],
        [-169.034429994281140, 511.171243912288162, 1, 6, 11],
        [-168.907930033146869, 511.402942500531822, 1, 6, 12],
        [-169.265532653752928, 517.405416527808484, 1, 4, 1],
        [-170.979067132068423, 521.965321796145417, 1, 10, 6],
        [-169.175805075954770, 510.764775779412332, 1, 12, 3],
    ]
)
# The ten lowest minima of 15 Lennard-Jones atoms (energy, log determinant, order of the point group), from the database
# rates/tests/lj15.3.sqlite of pele 0.1.2, table tbl_minima.
LJ15_MINIMA = np.array(
    [
        [-52.3226272618394, 185.71212980509273, 4],
        [-51.41803722534105, 183.67377104929255, 2],
        [-51.3726460841811, 183.6746267485561, 2],
        [-51.36738610948733, 183.6553097015068, 12],
        [-51.365893867554, 183.67522791246623, 4],
        [-50.87476453277752, 185.54322067054113, 4],
        [-50.771975687315965, 185.8040435611419, 4],
        [-50.53363137061562, 178.37389009853942, 2],
        [-50.524047506394105, 179.6363886584969, 2],
        [-50.419210140396885, 182.60489542902505, 2],
    ]
)
FCC, ICOSAHEDRAL = 1, 7  # rows of the two lowest minima of LJ38


def lj38() -> tuple[Wells, Passes]:
    """The 12 minima and 11 states; a common factor of the numbers of copies cancels."""
    energy, log_determinant, order = LJ38_MINIMA.T
    ts_energy, ts_log_determinant, ts_order, first, second = LJ38_STATES.T
    return (
        Wells(energy=energy, log_determinant=log_determinant, log_orbit_size=-np.log(order)),
        Passes(
            energy=ts_energy,
            log_determinant=ts_log_determinant,
            log_orbit_size=-np.log(ts_order),
            minima=np.stack([first, second], axis=1).astype(np.int64) - 1,
            eigenvalue=-np.ones(len(ts_energy)),
        ),
    )


def random_landscape(seed: int, minima: int, states: int, *, spread: float = 1.0) -> tuple[Wells, Passes]:
    """A connected landscape with several states of a pair and degenerate rearrangements."""
    random = np.random.default_rng(seed)
    low = Wells(
        energy=spread * random.random(minima),
        log_determinant=random.normal(size=minima),
        log_orbit_size=random.integers(0, 4, minima).astype(np.float64),
    )
    tree = [(int(random.integers(row)), row) for row in range(1, minima)]
    pairs = np.array([*tree, *random.integers(0, minima, (states, 2)).tolist()], dtype=np.int64).reshape(-1, 2)
    count = len(pairs)
    return low, Passes(
        energy=low.energy[pairs].max(axis=1) + spread * (0.1 + random.random(count)),
        log_determinant=random.normal(size=count),
        log_orbit_size=random.integers(0, 4, count).astype(np.float64),
        minima=pairs,
        eigenvalue=-random.uniform(0.1, 2.0, count),
    )


@st.composite
def landscapes(draw: st.DrawFn) -> tuple[Wells, Passes]:
    seed, minima = draw(st.integers(0, 10**6)), draw(st.integers(2, 14))
    return random_landscape(seed, minima, draw(st.integers(0, 3 * minima)))


def rate_matrix(network: Network) -> np.ndarray:
    """The matrix K [M, M] of dp/dt = K p: K[b, a] is the rate of leaving a for b."""
    count = len(network.log_occupation)
    matrix = np.zeros((count, count))
    for (a, b), (there, back) in zip(network.pairs.tolist(), np.exp(network.log_rates).tolist(), strict=True):
        matrix[b, a] += there
        matrix[a, b] += back
    return matrix - np.diag(matrix.sum(axis=0))
