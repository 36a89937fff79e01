"""Draw decisions of networks at chosen minima: regions of classes in a plane of inputs, or attacked images.

The plane of two inputs is that of the inputs; the plane of more inputs is that of their first two principal components,
through their mean. Samples are projected onto the plane, so a sample may lie in a region of another class and yet be
classified correctly. With --attacked, for data that are images, the script draws samples beside the nearest adversarial
points found in the infinity norm, for one minimum; samples nearest to the boundary come first.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import matplotlib.style
import numpy as np
import torch

import landscape
from landscape.config.tables import MeasureConfig
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import PropertyError
from landscape.plots.decision_figures import AttackedImages, Decisions, Plane, draw_attacked, draw_decisions
from landscape.plots.figures import STYLE, require_figure_file, save
from landscape.plots.scripts import Script
from landscape.properties.attacks.nearest import LINF, nearest
from landscape.properties.attacks.networks import Networks
from landscape.properties.draws import without_draws

GRID, MARGIN = 401, 0.08  # points a side; part of the range of the samples that is added on each side
MOST_PANELS, MOST_IMAGES = 9, 5


@click.command(cls=Script)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Figure: .svg, .pdf or .png.")
@click.option("--minima", "chosen", metavar="ROW,...", help="Rows of minima; the lowest, the middle and the highest.")
@click.option("--attacked", is_flag=True, help="Attacked images of the first of the minima.")
def main(file: Path, output: Path, chosen: str | None, attacked: bool) -> None:
    """Draw decisions of the networks at minima of the database FILE."""
    require_figure_file(output)
    with Database(open_store(file)) as db:
        problem, energy = classifier(db), db.minima.energy
        settings = MeasureConfig(**db.problem_record.tables(str(file)).get("measure", {}))
        rows = _rows(chosen, energy)
        theta = torch.tensor(db.minima.parameters[rows])
        image = db.problem_record.image
    with matplotlib.style.context(STYLE):
        if attacked:
            save(draw_attacked(attacked_images(problem, theta[:1], image, settings)), output)
        else:
            plane, inputs = input_plane(problem)
            titles = [f"minimum {row}, E = {energy[row]:.4g}" for row in rows]
            save(draw_decisions(plane, decisions(problem, theta, inputs, titles)), output)
    click.echo(f"{output}: minima {', '.join(str(row) for row in (rows[:1] if attacked else rows))}")


def classifier(db: Database) -> landscape.Problem:
    """The problem of a database. Raises PropertyError unless it has classes, and minima."""
    problem = landscape.problem_of(db)
    if not problem.is_classification:
        raise PropertyError("Expected a network that tells classes apart, found a regression: choose another file.")
    if not len(db.minima):
        raise PropertyError("Expected minima, found none: explore the landscape first (landscape run).")
    return problem


def input_plane(problem: landscape.Problem) -> tuple[Plane, Iterator[np.ndarray]]:
    """The plane of the picture, and the inputs [G, d] of the rows of its grid."""
    inputs = problem.inputs.numpy()
    centre = np.zeros(2) if inputs.shape[1] == 2 else inputs.mean(0)
    axes, labels = np.eye(2), ["first input", "second input"]
    if inputs.shape[1] != 2:
        _, spread, directions = np.linalg.svd(inputs - centre, full_matrices=False)
        if len(directions) < 2:
            raise PropertyError("Expected at least two inputs for a plane, found one: choose another file.")
        axes, share = directions[:2], spread**2 / np.sum(spread**2)
        labels = [f"principal component {place + 1} ({share[place]:.0%} of the variance)" for place in (0, 1)]
    samples = (inputs - centre) @ axes.T
    low, high = samples.min(0), samples.max(0)
    x, y = np.linspace(low - MARGIN * (high - low), high + MARGIN * (high - low), GRID).T
    plane = Plane(
        x=x,
        y=y,
        samples=samples,
        targets=problem.targets.numpy(),
        classes=class_names(problem),
        labels=(labels[0], labels[1]),
    )
    return plane, (centre + x[:, None] * axes[0] + height * axes[1] for height in y)


def class_names(problem: landscape.Problem) -> tuple[str, ...]:
    """Names of the classes: those that the run file keeps, else their numbers."""
    kept = problem.config.classes if problem.config else ()
    return tuple(kept) or tuple(str(number) for number in range(problem.network.n_outputs))


def decisions(
    problem: landscape.Problem, theta: torch.Tensor, rows: Iterator[np.ndarray], titles: list[str]
) -> list[Decisions]:
    """Decisions of the networks theta [M, P] on the rows [G, d] of a grid of inputs and on the samples."""

    def decided(inputs: torch.Tensor) -> np.ndarray:
        return problem.network.outputs(theta, inputs).argmax(2).numpy()

    grids, samples = np.stack([decided(torch.tensor(row)) for row in rows], 1), decided(problem.inputs)
    return [
        Decisions(title=title, grid=grid, samples=own) for title, grid, own in zip(titles, grids, samples, strict=True)
    ]


def attacked_images(
    problem: landscape.Problem, theta: torch.Tensor, image: tuple[int, int, int] | None, settings: MeasureConfig
) -> AttackedImages:
    """For each class, the image nearest to the boundary that the network theta [1, P] classifies correctly.

    The nearest images come first, at most `MOST_IMAGES`. Raises PropertyError if samples are not images of one channel,
    or if none is classified correctly.
    """
    if image is None or image[0] != 1:
        raise PropertyError("Expected images of one channel, found other inputs: leave --attacked out.")
    samples = without_draws(problem.inputs, problem.targets)
    networks = Networks(problem, theta, samples, settings.input_bounds)
    found = nearest(networks, LINF, settings.distance_limit)
    said = networks.outputs(found.point)[0].argmax(0)
    right = (networks.clean.survived & found.found)[0].nonzero()[:, 0]
    if not len(right):
        raise PropertyError("Expected samples that are classified correctly, found none: choose another minimum.")
    order = right[found.distance[0][right].argsort()].tolist()
    first = {int(problem.targets[row]): row for row in reversed(order)}
    rows = sorted(first.values(), key=order.index)[:MOST_IMAGES]
    before, after = (part.mT.reshape(-1, *image[1:]).numpy()[rows] for part in (networks.inputs, found.point[0]))
    names = class_names(problem)
    return AttackedImages(
        images=before,
        attacked=after,
        captions=tuple(f"{names[int(problem.targets[row])]} taken for {names[int(said[row])]}" for row in rows),
        distances=tuple(float(found.distance[0, row]) for row in rows),
    )


def _rows(chosen: str | None, energy: np.ndarray) -> list[int]:
    """The rows that are named, or by default those of the lowest, the middle and the highest energy."""
    if chosen is None:
        order = np.argsort(energy, kind="stable")
        return list(dict.fromkeys(int(order[place]) for place in (0, len(order) // 2, len(order) - 1)))
    parts = [part.strip() for part in chosen.split(",")]
    if (
        not all(part.isascii() and part.isdigit() and int(part) < len(energy) for part in parts)
        or len(parts) > MOST_PANELS
    ):
        raise PropertyError(
            f"Expected at most {MOST_PANELS} rows of minima from 0 to {len(energy) - 1}, found '{chosen}': "
            "name them as in --minima 0,3,7."
        )
    return [int(part) for part in parts]


if __name__ == "__main__":
    main()
