"""The facts of a page that its scripts need, as one JSON document.

Shapes: n minima of the page, K temperatures.
"""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from bokeh.palettes import Viridis256

from landscape.messages import number_text
from landscape.objective import Symmetry
from landscape.problems.problem import Problem
from landscape.report.data import PageData, Thermodynamics
from landscape.report.downloads import pathsample, safetensors
from landscape.studies.columns import Column, readable
from landscape.studies.hypotheses import DEEPER, FLATTER, ROBUSTNESS_SIGNS

GROUPS = ("energy and barriers", "robustness", "flatness", "other properties")
DIGITS = 9  # of properties, in which only EXACT have all
EXACT = ("energy", "log_determinant", "log_orbit_size", "hits")
OCCUPATION_DIGITS, LEAST_OCCUPATION = 4, 1e-9  # smaller ones are 0 in the page
FIRST = (*ROBUSTNESS_SIGNS, "hits")
"""The property by which a page is coloured at first: the first of these that is known."""


def facts_of(data: PageData, symmetry: Symmetry, problem: Problem | None) -> dict[str, Any]:
    """The document; it has plain numbers, texts, lists and tables only, and None for what is unknown."""
    return {
        "rows": data.row[: data.shown].tolist(),
        "columns": [_column(one) for one in data.columns],
        "first": _first(data),
        "lead": {"minimum": _first_minimum(data)},
        "palette": list(Viridis256),
        "parents": data.tree.parent.tolist(),
        "ways": _ways(data),
        **_thermal(data.thermodynamics),
        "paths": _profiles(data),
        "pathsample": pathsample(data, symmetry),
        "safetensors": safetensors(data, problem),
    }


def _thermal(found: Thermodynamics | None) -> dict[str, Any]:
    """The curves over temperature; empty lists where there are none."""
    if found is None:
        return {"temperature": [], "occupation": [], "capacity": [], "highest": None}
    return {
        "temperature": found.temperature.tolist(),
        "occupation": [_occupations(row) for row in found.occupation.tolist()],
        "capacity": found.heat_capacity.tolist(),
        "highest": known_numbers([found.highest])[0],
    }


def as_json(document: object) -> str:
    """JSON that may stand in a script element: no text in it can end the element."""
    text = json.dumps(document, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def known_numbers(values: Iterable[float]) -> list[float | None]:
    """The values with None for those that are not finite."""
    return [value if np.isfinite(value) else None for value in map(float, values)]


def _occupations(row: list[float]) -> list[float]:
    return [float(f"{one:.{OCCUPATION_DIGITS}g}") if one > LEAST_OCCUPATION else 0 for one in row]


def _column(one: Column) -> dict[str, Any]:
    index = one.name.removeprefix(one.property)
    return {
        "name": one.name,
        "family": one.property,
        "label": readable(one.property),
        "part": f"epsilon {number_text(one.epsilon)}" if one.epsilon is not None else index,
        "epsilon": one.epsilon,
        "group": _group(one.property),
        "description": one.description,
        "units": one.units,
        "values": known_numbers(one.values) if one.name in EXACT else _short(one.values, DIGITS),
    }


def _group(name: str) -> str:
    if name in DEEPER.measures or name in ("energy", "barrier_to_global"):
        return GROUPS[0]
    if name in ROBUSTNESS_SIGNS or "accuracy" in name:
        return GROUPS[1]
    return GROUPS[2] if name in FLATTER.measures else GROUPS[3]


def _first(data: PageData) -> str:
    families = [one.property for one in data.columns]
    return next((name for name in FIRST if name in families), "energy")


def _first_minimum(data: PageData) -> int:
    """The lowest minimum that has a way out; the lowest of all if none has."""
    return next((place for place in range(1, data.shown) if data.ways.following[place] >= 0), 0)


def _on_ways(data: PageData) -> list[int]:
    """The places of all minima on the ways out of those of the page, also of some that it does not show."""
    found: set[int] = set()
    for place in range(data.shown):
        step = place
        while step >= 0 and step not in found:
            found.add(step)
            step = int(data.ways.following[step])
    return sorted(found)


def _ways(data: PageData) -> dict[str, list[Any]]:
    """For each place on a way: row and energy of the minimum, the next place, and the state that leads there."""
    following, state = data.ways.following, data.ways.state
    return {
        str(place): [
            int(data.row[place]),
            float(data.energy[place]),
            int(following[place]),
            int(state[place]),
            float(data.ts_energy[state[place]]) if state[place] >= 0 else None,
        ]
        for place in _on_ways(data)
    }


def _profiles(data: PageData) -> dict[str, Any]:
    """The stored paths of the transition states on ways, from the minimum `from` (a row) on: distance and energies."""
    paths = data.paths
    if paths is None:
        return {}
    wanted = {int(data.ways.state[place]) for place in _on_ways(data)} - {-1}
    loss = paths.values.get("adversarial_loss")
    found = {}
    for k, state in enumerate(paths.states.tolist()):
        if state in wanted:
            found[str(state)] = {
                "from": int(paths.minima[k, 0]),
                "distance": _short(paths.position[k] * paths.length[k]),
                "energy": _short(paths.values["energy"][k], DIGITS),
                "loss": [] if loss is None else _short(loss[k, :, -1]),
            }
    return found


def _short(values: np.ndarray, digits: int = 5) -> list[float | None]:
    return known_numbers(float(f"{value:.{digits}g}") for value in values.tolist())
