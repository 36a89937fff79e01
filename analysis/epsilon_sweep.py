"""Draw accuracy under attack and certified accuracy of the minima of a database against epsilon.

Bands hold 50 % and 90 % of the minima, a dashed line is the median. Chosen minima are drawn as lines on top: by default
the lowest minimum, and those of the largest and the smallest accuracy under attack at the largest epsilon. Up to seven
minima are all drawn. A line starts at the clean accuracy, where epsilon is 0. The true robust accuracy lies between the
values of the two panels. All measured epsilons are drawn; `landscape measure FILE robustness --epsilon
0.05,0.1,0.15,0.2,0.3` adds more.

By default the strongest attack and the tightest bound that were measured are drawn.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import click
import matplotlib.style
import numpy as np

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import PropertyError
from landscape.plots.figures import STYLE, require_figure_file, save
from landscape.plots.scripts import Script
from landscape.plots.sweep import FEW, Sweep, draw_sweeps
from landscape.studies.columns import column, column_family, readable

ATTACKED = ("robust_accuracy", "pgd_accuracy", "fgsm_accuracy")
CERTIFIED = ("certified_accuracy_crown", "certified_accuracy_ibp")
MOST = 7  # lines that colours tell apart


@click.command(cls=Script)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Figure: .svg, .pdf or .png.")
@click.option("--attacked", metavar="NAME", help="Accuracy under attack; the strongest that was measured.")
@click.option("--certified", metavar="NAME", help="Certified accuracy; the tightest that was measured.")
@click.option("--minima", metavar="ROW,...", help="Rows of the minima to draw as lines.")
def main(file: Path, output: Path, attacked: str | None, certified: str | None, minima: str | None) -> None:
    """Draw accuracies of the minima of the database FILE against epsilon."""
    require_figure_file(output)
    with Database(open_store(file)) as db:
        stored = db.properties("minima")
        names = [_first(ATTACKED, attacked, stored), _first(CERTIFIED, certified, stored)]
        sweeps = [_sweep(db, name) for name in names]
        energy = db.minima.energy
    chosen = named(minima, len(energy)) if minima else usual(energy, sweeps[0].accuracy[:, -1])
    with matplotlib.style.context(STYLE):
        save(draw_sweeps(sweeps, chosen), output)
    click.echo(f"{output}: minima {len(energy)}, epsilons {len(sweeps[0].epsilon) - 1}")


def usual(energy: np.ndarray, accuracy: np.ndarray) -> dict[int, str]:
    """Names of the minima to draw by row: all if they are few, else the lowest, the most and the least robust.

    Takes energy [M] and accuracy [M] under the strongest attack.
    """
    order = np.argsort(energy, kind="stable")
    if len(energy) <= FEW:
        return {int(row): f"minimum {row}" for row in order}
    known = order[np.isfinite(accuracy[order])]
    rows = {"lowest": order[0]}
    if len(known):
        rows |= {"most robust": known[accuracy[known].argmax()], "least robust": known[accuracy[known].argmin()]}
    names: dict[int, list[str]] = {}
    for name, row in rows.items():
        names.setdefault(int(row), []).append(name)
    return {row: f"minimum {row}, {' and '.join(found)}" for row, found in names.items()}


def named(text: str, count: int) -> dict[int, str]:
    """Names of the minima of rows as in 0,3,7. Raises PropertyError for other texts."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MOST or not all(part.isdecimal() and int(part) < count for part in parts):
        raise PropertyError(
            f"Expected at most {MOST} rows of minima from 0 to {count - 1}, found '{text}': as in 0,3,7."
        )
    return {int(part): f"minimum {int(part)}" for part in parts}


def _first(names: Sequence[str], asked: str | None, stored: Collection[str]) -> str:
    """The name asked for, otherwise the first name that is stored."""
    found = [name for name in names if name in stored]
    if asked is None and not found:
        raise PropertyError(f"Expected one of {', '.join(names)} in the database, found none: run 'landscape measure'.")
    return asked or found[0]


def _sweep(db: Database, name: str) -> Sweep:
    """The accuracies of one property, from the clean accuracy on."""
    family = [one for one in column_family(db, name) if one.epsilon is not None]
    if not family:
        raise PropertyError(f"Expected a property with a value for each epsilon, found '{name}': name an accuracy.")
    clean = column(db, "accuracy").values
    return Sweep(
        title=readable(name),
        epsilon=np.array([0.0, *(float(one.epsilon or 0.0) for one in family)]),
        accuracy=np.stack([clean, *(one.values for one in family)], axis=1),
    )


if __name__ == "__main__":
    main()
