"""Made-up databases of regimes: values measured at the end points follow from given effects."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from landscape.database.records import Commit, Minima, PropertyRows, TransitionStates
from landscape.database.store import Store
from landscape.studies.locations import Landing
from tests.analysis.synthetic import EPSILON, TEST_SAMPLES, build_store, funnel
from tests.campaign.trained import add_trained

SEEDS = 10
DESCRIPTION = "made up, one column an epsilon"
LANDINGS = [landing.name.lower() for landing in Landing]


def regime_store(
    path: Path | None,
    regimes: Mapping[str, str],
    effects: Mapping[str, float],
    *,
    seeds: int = SEEDS,
    evaluations: Mapping[str, str] | None = None,
    missed: tuple[int, int] = (10, 0),
    subset: int | None = None,
    l2: float = 1e-3,
    measured: bool = True,
    located: bool = True,
) -> Store:
    """A funnel with end points of regimes (TOML by name).

    An effect adds to the robust accuracy of its regime; a tenth of it is subtracted from the test accuracy; the trace
    of the Hessian falls by its exponential. Of the samples that all attacks together break in the first evaluation, PGD
    and the random search miss `missed`.
    """
    store = build_store(path, funnel(40), subset=subset, l2=l2)
    names, count = list(regimes), len(regimes) * seeds
    regime, seed = np.repeat(np.arange(len(names)), seeds), np.tile(np.arange(seeds), len(names))
    random = np.random.default_rng(subset or 0)
    theta = random.normal(size=(count, 2))
    add_trained(store, theta, regimes, regime.tolist(), seed.tolist(), evaluations)
    effect = np.array([effects.get(name, 0.0) for name in names])[regime]
    common = random.normal(0.0, 0.03, seeds)[seed]
    noise = random.normal(0.0, 0.005, (count, len(EPSILON)))
    robust = (0.6 + common + effect)[:, None] - np.array(EPSILON) + noise
    columns = {
        "accuracy": 0.99 + 0.1 * noise[:, 0],
        "test_accuracy": 0.95 + 0.1 * common - 0.1 * effect + 0.1 * noise[:, 1],
        "test_robust_accuracy": robust,
        "test_certified_accuracy_crown": robust - 0.2,
        "test_adversarial_loss": 1.0 - robust,
        "sensitivity_logits": -3.0 - 10.0 * robust,
        "task_hessian_trace": np.exp(-robust[:, 0]),
    }
    if evaluations:
        own = np.full((count, len(evaluations), len(EPSILON)), np.nan)
        own[:seeds, 0] = robust[:seeds] + 0.1
        columns |= {
            "evaluated_test_robust_accuracy": own,
            "evaluated_test_pgd_accuracy": own + missed[0] / TEST_SAMPLES,
            "evaluated_test_square_accuracy": own + missed[1] / TEST_SAMPLES,
        }
        columns |= {"test_pgd_accuracy": robust, "test_square_accuracy": robust}
    if measured:
        add_properties(store, columns, list(evaluations or {}))
    if located:
        minimum = random.integers(0, 40, count).astype(np.float64)
        add_properties(store, {"minimum": minimum, "landing": np.zeros(count)}, [])
    return store


def add_properties(store: Store, columns: Mapping[str, np.ndarray], evaluations: list[str]) -> None:
    """Commit properties of all end points."""
    rows = tuple(
        PropertyRows(
            target="training",
            name=name,
            start=0,
            values=values,
            description=DESCRIPTION if values.ndim > 1 else "made up",
            units="",
            settings={"epsilon": list(EPSILON), "evaluations": evaluations, "names": LANDINGS},
        )
        for name, values in columns.items()
    )
    parameters = store.record.n_parameters
    store.commit(
        Commit(
            kind="made up",
            tasks=1,
            evaluations=0,
            seconds=0.0,
            minima=Minima.empty(parameters),
            hits=store.tables.minima.hits,
            transition_states=TransitionStates.empty(parameters),
            properties=rows,
        )
    )
