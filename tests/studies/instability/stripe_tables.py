"""Landscapes of f_a with columns that a test chooses."""

from dataclasses import replace
from typing import Any

import numpy as np

from landscape.config.stripes import Stripes
from landscape.studies.instability.landscapes import ACCURACY, COLUMNS, MeasuredNetwork, Networks, StripesLandscape

DEFAULTS = {
    "sign_changes": 3.0,
    ACCURACY: 1.0,
    "unstable_points": 4.0,
    "swayed_points": 6.0,
    "relative_stability_least": 0.02,
    "certified_stability_least": 0.02,
}


def networks(*rows: dict[str, float], test: dict[str, float] | None = None) -> Networks:
    """Networks with an energy, hits and columns each; where `test` is given, test columns too."""
    complete = [dict.fromkeys(COLUMNS, 0.0) | DEFAULTS | {"energy": 1e-3, "hits": 1.0} | row for row in rows]
    columns = {name: np.array([row[name] for row in complete]) for name in (ACCURACY, *COLUMNS)}
    if test is not None:
        columns |= {f"test_{name}": np.full(len(rows), test.get(name, columns[name][0])) for name in columns}
    return Networks(
        energy=np.array([row["energy"] for row in complete]),
        hits=np.array([row["hits"] for row in complete], dtype=np.int64),
        columns=columns,
    )


def landscape(minima: Networks, hidden: int = 2, **changed: Any) -> StripesLandscape:
    """A landscape of K = 6 points and tanh units."""
    options = Stripes(
        **{"K": 6, "delta": 0.25} | {key: changed.pop(key) for key in [*changed] if key in Stripes.model_fields}
    )
    problem = {"hidden": [hidden], "activation": "tanh", "l2": 1e-5, "standardise": False, "dataset": "f_a"} | changed
    return StripesLandscape(name="a.h5", problem=problem, options=options, minima=minima, trained={})


def grid() -> list[StripesLandscape]:
    """Landscapes of four cues and two sizes, as the study has them: accurate minima rely on a large cue."""
    found = []
    for delta in (0.01, 0.02, 0.05, 0.25):
        reliant = {
            "unstable_points": 4.0,
            "relative_stability_least": 0.07 * delta,
            "energy": 1e-4 / delta,
            "hits": 300.0,
        }
        wrong = {"accuracy": 4 / 6, "unstable_points": 2.0, "relative_stability_least": 0.0, "energy": 0.5}
        free = {
            "unstable_points": 0.0,
            "relative_stability_least": 0.4,
            "energy": 0.003,
            "stable_share": 0.5,
            "hits": 9.0,
        }
        made = networks({"relative_stability_least": 1.0, "stable_share": 1.0, "energy": 0.7})
        columns = {name: values[0] for name, values in made.columns.items()}
        stable = MeasuredNetwork(theta=np.zeros(1), energy=0.7, columns=columns)
        for activation in ("tanh", "relu"):
            small = landscape(networks(reliant, wrong), delta=delta, activation=activation)
            rows = [reliant, wrong, free][: 3 if delta < 0.1 else 2]
            large = landscape(networks(*rows), hidden=5, delta=delta, activation=activation)
            found += [small, replace(large, constructed=stable, quenched=stable)]
    return [replace(one, name=f"{number}.h5") for number, one in enumerate(found)]
