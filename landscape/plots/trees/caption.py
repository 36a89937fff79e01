"""The caption of a tree: the landscape that it shows, the part of it that is drawn, and the manner of drawing."""

from collections.abc import Sequence

import numpy as np

from landscape.database.database import Database
from landscape.graph.depth import component_fraction
from landscape.messages import floored, number_text
from landscape.plots.figures import MINUS, plain
from landscape.plots.trees.heights import Heights


def caption_of(db: Database, heights: Heights, drawn: str, manner: Sequence[str] = ()) -> list[str]:
    """Two parts: data, network and l2; minima that are `drawn`, connected share, `manner` of drawing, zero."""
    states, count = db.transition_states, len(db.minima)
    share = component_fraction(db.minima.energy, states.energy, states.minima)
    counted = f"{plain(drawn)}, {floored(share)} % connected with the lowest" if count else "no minima"
    zero = f"{heights.symbol}_min = {heights.zero:.6g}".replace("-", MINUS)
    return [", ".join(_problem(db)), ", ".join([counted, *manner, *([heights.at] if heights.at else []), zero])]


def _problem(db: Database) -> list[str]:
    record = db.problem_record
    table = record.tables(str(db.path)).get("problem", {})
    size = f"P = {record.n_parameters}"
    if "dataset" not in table:
        return [size]
    layers = "" if table.get("convolution") else _layers(record.inputs, record.targets, table.get("hidden"))
    network = " ".join(part for part in (layers, table.get("activation", "tanh"), "network") if part)
    name = str(table["dataset"]).replace("\\", "/").rsplit("/", 1)[-1]
    return [plain(name), f"{network} ({size})", f"l2 = {number_text(float(table['l2']))}" if "l2" in table else "no l2"]


def _layers(inputs: np.ndarray | None, targets: np.ndarray | None, hidden: list[int] | None) -> str:
    """Numbers of units from inputs to outputs: 4-10-3; empty if they are not known."""
    if inputs is None or targets is None or hidden is None:
        return ""
    outputs = int(targets.max()) + 1 if targets.ndim == 1 and len(targets) else targets.shape[-1]
    return "-".join(map(str, [inputs.shape[-1], *hidden, outputs]))
