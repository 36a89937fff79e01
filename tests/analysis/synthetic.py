"""Small databases for tests of the scripts: a funnel of minima in the plane, joined to their neighbours."""

from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from landscape.database.records import Commit, Minima, ProblemRecord, PropertyRows, TransitionStates
from landscape.database.store import Store, create_store

EPSILON = (0.1, 0.3)
SAMPLES, TEST_SAMPLES = 800, 200


def record(l2: float = 1e-3, subset: int | None = None) -> ProblemRecord:
    """A problem; `subset` is the number of its subset of the data."""
    drawn = "" if subset is None else f"subset = 1000\nsubset_seed = 0\nsubset_part = {subset}\n"
    return ProblemRecord(
        toml=f'dataset = "iris"\nl2 = {l2}\n',
        run_toml=f'[problem]\ndataset = "iris"\nl2 = {l2}\n{drawn}',
        n_parameters=2,
        sha256=f"{subset or 0:064d}",
        energy_tolerance=1e-9,
        distance_tolerance=1e-4,
        index_test="exact Hessian",
        image=None,
        inputs=np.zeros((SAMPLES, 2)),
        targets=np.zeros(SAMPLES, dtype=np.int64),
        test_inputs=np.zeros((TEST_SAMPLES, 2)),
        test_targets=np.zeros(TEST_SAMPLES, dtype=np.int64),
    )


def minima(parameters: np.ndarray, energy: np.ndarray) -> Minima:
    ones = np.ones(len(energy))
    return Minima(
        parameters=parameters,
        energy=energy,
        rms_gradient=1e-12 * ones,
        lowest_eigenvalue=1e-3 * ones,
        log_determinant=-3.0 * ones,
        log_orbit_size=5.0 * ones,
        hits=np.ones(len(energy), dtype=np.int64),
    )


def transition_states(pairs: np.ndarray, energy: np.ndarray) -> TransitionStates:
    return TransitionStates(
        parameters=np.zeros((len(energy), 2)),
        energy=energy,
        rms_gradient=1e-12 * np.ones(len(energy)),
        eigenvalue=-np.ones(len(energy)),
        minima=pairs,
        log_determinant=np.zeros(len(energy)),
        log_orbit_size=np.zeros(len(energy)),
        lowest_positive_eigenvalue=np.ones(len(energy)),
        sides_ambiguous=np.zeros(len(energy), dtype=bool),
        found_from=np.full((len(energy), 2), -1),
    )


def funnel(count: int, seed: int = 0, neighbours: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Parameters [M, 2], energies [M], pairs [T, 2] and energies [T] of a rough funnel."""
    random = np.random.default_rng(seed)
    parameters = random.normal(size=(count, 2))
    energy = 0.3 + 0.05 * np.sum(parameters**2, axis=1) + 0.03 * random.random(count)
    if count < 2:
        return parameters, energy, np.empty((0, 2), dtype=np.int64), np.empty(0)
    _, near = cKDTree(parameters).query(parameters, k=min(neighbours + 1, count))
    pairs = np.array([(row, int(other)) for row, others in enumerate(near) for other in others[1:]], dtype=np.int64)
    barrier = 0.005 + 0.03 * random.random(len(pairs))
    return parameters, energy, pairs, energy[pairs].max(axis=1) + barrier


def properties(parameters: np.ndarray, energy: np.ndarray, slope: float) -> tuple[PropertyRows, ...]:
    """Properties as stored by `landscape measure`; attacked accuracy varies by `slope` per 0.1 of energy, noisily."""
    depth = (energy - 0.3) / 0.1
    waves = np.random.default_rng(1).normal(scale=40.0, size=(2, 4))
    noise = np.sin(parameters @ waves) ** 2  # rough, but equal for equal parameters
    robust = np.round((0.6 - np.array(EPSILON)) + slope * depth[:, None] - 0.1 * noise[:, :2], 3)
    columns = {
        "hessian_trace": (depth + noise[:, 2], "trace of the Hessian", "energy"),
        "hessian_largest": (noise[:, 3], "largest eigenvalue of the Hessian", "energy"),
        "squared_norm": (np.sum(parameters**2, axis=1), "squared norm of the parameters", ""),
        "accuracy": (np.ones(len(energy)), "accuracy on the training samples", "fraction of samples"),
        "robust_accuracy": (robust, "accuracy under all attacks, one column an epsilon", "fraction of samples"),
        "adversarial_loss": (1.0 - robust + 0.01 * noise[:, :2], "adversarial loss, one column an epsilon", "energy"),
    }
    return tuple(property_rows("minima", name, *column) for name, column in columns.items())


def property_rows(target: str, name: str, values: np.ndarray, description: str, units: str = "") -> PropertyRows:
    """All values of a property that was measured at both epsilons."""
    return PropertyRows(
        target=target,
        name=name,
        start=0,
        values=values,
        description=description,
        units=units,
        settings={"epsilon": list(EPSILON)},
    )


def build_store(
    path: Path | None,
    points: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    *,
    measured: bool = True,
    l2: float = 1e-3,
    slope: float = -0.1,
    subset: int | None = None,
) -> Store:
    """A store of parameters [M, 2], energies [M], pairs [T, 2] and their energies [T]; in memory without a path."""
    parameters, energy, pairs, ts_energy = points
    return made_up_store(
        path,
        minima(parameters, energy),
        transition_states(pairs, ts_energy),
        properties(parameters, energy, slope) if measured else (),
        record(l2, subset),
    )


def made_up_store(
    path: Path | None,
    below: Minima,
    above: TransitionStates,
    measured: tuple[PropertyRows, ...],
    problem: ProblemRecord | None = None,
) -> Store:
    """A store of these minima, transition states and properties; in memory without a path."""
    store = create_store(path, problem or record(), ["found"], ["band"])
    store.commit(
        Commit(
            kind="made up",
            tasks=1,
            evaluations=0,
            seconds=0.0,
            minima=below,
            hits=np.arange(len(below), dtype=np.int64) % 5,
            transition_states=above,
            properties=measured,
        )
    )
    return store


def write_database(
    path: Path,
    points: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    *,
    measured: bool = True,
    l2: float = 1e-3,
    slope: float = -0.1,
) -> Path:
    """A database file with the contents of `build_store`."""
    build_store(path, points, measured=measured, l2=l2, slope=slope).close()
    return path
