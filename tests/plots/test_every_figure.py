"""Layout of every figure that the project draws: small data, and crowded data."""

import csv
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import matplotlib.style
import numpy as np
import pytest
from matplotlib.figure import Figure

from landscape.database.database import Database
from landscape.plots.correlation_figures import draw_matrix, draw_strongest
from landscape.plots.decision_figures import AttackedImages, Decisions, Plane, draw_attacked, draw_decisions
from landscape.plots.figures import STYLE
from landscape.plots.forest import draw_forest
from landscape.plots.instability_figures import draw_crossover, draw_size, draw_stability
from landscape.plots.path_figures import draw_profiles, draw_scatter
from landscape.plots.regime_figures import figures
from landscape.plots.sweep import Sweep, draw_sweeps
from landscape.plots.thermal_figures import draw_curves
from landscape.plots.trees.output import figure_of
from landscape.plots.trees.picture import Choice, picture_of
from landscape.studies.findings import findings_of
from landscape.studies.instability.tables import landscapes_csv, networks_csv
from landscape.studies.path_barriers import distinct_states, relate, stored_paths
from landscape.studies.regimes.table import regimes_of
from landscape.studies.thermal.curves import thermodynamics
from tests.analysis.synthetic import build_store, funnel
from tests.analysis.synthetic_paths import barriers, chain_with_paths
from tests.plots.layout_facts import faults
from tests.studies.instability.stripe_tables import grid
from tests.studies.regimes.regime_tables import regime_store
from tests.studies.regimes.test_regimes import REGIMES, WEIGHTS

ANSWER = Path(__file__).parents[2] / "analysis/results/replicates/digits/answer.csv"

Points = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def twigs(count: int) -> Points:
    """A trunk with minima next to which barriers hardly rise, in three bands of energy, as those of a network."""
    random = np.random.default_rng(0)
    energy = np.sort(random.choice([0.0, 0.6, 0.9], count) + 0.1 * random.random(count))
    pairs = np.array([(row, int(random.integers(row))) for row in range(1, count)])
    return np.stack([energy, energy**2], axis=1), energy, pairs, energy[1:] + 1e-3 * random.random(count - 1)


def unconnected(count: int) -> Points:
    """A funnel in which a third of the minima have no transition state."""
    parameters, energy, pairs, ts_energy = funnel(count)
    known = (pairs < count - count // 3).all(axis=1)
    return parameters, energy, pairs[known], ts_energy[known]


def tree(points: Points, **choice: object) -> Callable[[], Figure]:
    def made() -> Figure:
        with Database(build_store(None, points)) as db:
            return figure_of(picture_of(db, Choice(**choice)))  # type: ignore[arg-type]

    return made


TREES: Mapping[str, Callable[[], Figure]] = {
    "nothing": tree(funnel(0)),
    "one minimum": tree(funnel(1)),
    "as few minima as XOR has": tree(funnel(5), labels=True, colour="adversarial_loss@0.3"),
    "the narrowest": tree(funnel(3), colour="robust_accuracy@0.1", threshold=1e-3),
    "crowded": tree(funnel(300), colour="hessian_trace"),
    "crowded, twigs": tree(twigs(300), colour="depth"),
    "crowded, labels": tree(twigs(100), labels=True, threshold=1e-4),
    "crowded, exact": tree(twigs(300), levels=0, scale="log"),
    "rug": tree(unconnected(60)),
    "rug and groups": tree(unconnected(60), groups=("near=0-9", "far=30-35")),
    "superbasins": tree(funnel(100), superbasins=0.06),
    "free energies": tree(funnel(40), temperature=0.01),
    "metric": tree(funnel(100), metric="squared_norm", colour="depth"),
}


def others() -> Iterator[tuple[str, Callable[[], Figure]]]:
    for count in (12, 200):
        with Database(build_store(None, funnel(count))) as db:
            findings = findings_of([db])
        yield f"matrix of {count}", partial(draw_matrix, findings)
        yield f"strongest of {count}", partial(draw_strongest, findings)
    for count, chosen in ((5, {row: f"minimum {row}" for row in range(5)}), (300, {7: "minimum 7, lowest"})):
        yield f"sweep of {count}", partial(draw_sweeps, sweeps(count), chosen)
    with Database(chain_with_paths(None, *barriers(20, 2.0))) as db:
        paths = distinct_states(db, stored_paths(db, []))
    yield "profiles", partial(draw_profiles, paths.take(np.arange(6)))
    yield "barriers", partial(draw_scatter, relate(paths))
    with Database(build_store(None, funnel(12))) as db:
        for decades in (0.3, 1.1, 3.0):
            found = thermodynamics(db, 4e-4 * np.geomspace(1.0, 10.0**decades, 30))
            yield f"heat capacity over {decades} decades", partial(draw_curves, found, [])
    with ANSWER.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    yield "forest", partial(draw_forest, rows)
    yield "decisions", partial(draw_decisions, *decisions())
    yield "attacked", partial(draw_attacked, attacked())
    tables = [list(csv.DictReader(write(grid()).splitlines())) for write in (networks_csv, landscapes_csv)]
    for name, draw, rows in (
        ("stability", draw_stability, tables[0]),
        ("size", draw_size, tables[0]),
        ("crossover", draw_crossover, tables[1]),
    ):
        yield f"instability, {name}", partial(draw, rows)
    effects = {"pgd": 0.2, "pgd-decay": 0.25, "s0.001": 0.02, "s0.003": 0.05, "s0.01": 0.3}
    with Database(regime_store(None, REGIMES | WEIGHTS, effects)) as db:
        table = regimes_of(db)
        marked = picture_of(db, Choice(marks="all", labels=True))
    yield "marks", partial(figure_of, marked)
    for name, figure in figures(table, list(table.names)):
        yield f"regimes, {name}", partial(_same, figure)


def _same(figure: Figure) -> Figure:
    return figure


def sweeps(count: int) -> list[Sweep]:
    epsilon = np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.3])
    accuracy = np.clip(1.0 - np.random.default_rng(0).random((count, 1)) * epsilon * 4.0, 0.0, 1.0)
    return [Sweep(title=name, epsilon=epsilon, accuracy=accuracy) for name in ("robust accuracy", "certified accuracy")]


def decisions() -> tuple[Plane, list[Decisions]]:
    side, samples = np.linspace(-1.1, 1.1, 40), np.array([[-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    plane = Plane(
        x=side,
        y=side,
        samples=samples,
        targets=np.array([0, 1, 2]),
        classes=("versicolor", "setosa", "virginica"),
        labels=("first input", "second input"),
    )
    grid = (side[:, None] > side).astype(np.int64)
    return plane, [Decisions(title=f"minimum {row}, E = 0.4265", grid=grid, samples=np.zeros(3)) for row in range(5)]


def attacked() -> AttackedImages:
    images = np.random.default_rng(0).random((4, 8, 8))
    return AttackedImages(
        images=images, attacked=images[::-1], captions=("shirt taken for pullover",) * 4, distances=(0.25,) * 4
    )


@pytest.mark.parametrize("name", TREES)
def test_the_layout_of_a_tree_has_no_faults(name: str) -> None:
    with matplotlib.style.context(STYLE):
        assert faults(TREES[name]()) == []


def test_the_layout_of_all_other_figures_has_no_faults() -> None:
    with matplotlib.style.context(STYLE):
        found = {name: faults(draw()) for name, draw in others()}
    assert len(found) >= 14
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_faults_are_found() -> None:
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(2.0, 2.0))
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.plot([0.0, 1.0], [0.0, 1.0], "o")
        axes.set_xlim(0.0, 1.0)
        axes.set_axis_off()
        figure.text(0.95, 0.5, "too far right")
        figure.text(0.3, 0.7, "one text")
        figure.text(0.35, 0.71, "another")
        found = faults(figure)
    assert [line.partition(":")[0] for line in found] == ["outside the page", "on each other", "cut off"]
