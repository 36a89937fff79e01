"""Draw energy and robustness along the paths through transition states, and correlate their barriers.

Profiles (-o) run from minimum to minimum, with a dotted line at the transition state. Columns are transition states,
rows are quantities. All quantities except accuracies are drawn relative to their value at the transition state, so a
barrier is a line that ends below 0 on both sides. By default the highest barriers in energy are drawn, for each pair of
minima only that of its lowest known state; --states names others. Paths come from `landscape measure FILE --paths`; a
path that does not end in its two minima counts as unknown.

The scatter plot (--scatter) and the printed correlations are over all distinct transition states with a known path. A
barrier is the rise to the transition state from the worse of its two minima: in energy from the higher minimum, in
adversarial loss from the less robust minimum. It is negative if the transition state is better than that minimum.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import matplotlib.style
import numpy as np

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import PropertyError
from landscape.plots.figures import STYLE, require_figure_file, save
from landscape.plots.path_figures import draw_profiles, draw_scatter, signed
from landscape.plots.scripts import Script
from landscape.statistics.correlations import MINIMUM_ROWS
from landscape.studies.columns import readable
from landscape.studies.path_barriers import (
    CONTROLS,
    Relation,
    StoredPaths,
    distinct_states,
    highest_barriers,
    relate,
    stored_paths,
)

HELD = ", ".join(readable(name) for name in CONTROLS)


def _list(_: click.Context, __: click.Parameter, text: str | None) -> list[str]:
    """Parts separated by commas."""
    return text.split(",") if text else []


@click.command(cls=Script)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Profiles: .svg, .pdf or .png.")
@click.option("--scatter", type=click.Path(path_type=Path), help="Barriers against each other: .svg, .pdf or .png.")
@click.option("--number", type=click.IntRange(1, 12), default=6, show_default=True, help="Profiles to draw.")
@click.option("--states", callback=_list, help="Rows of the transition states to draw instead: 12,7,30.")
@click.option("--epsilon", callback=_list, help="Attack radii to use, for instance 0.1,0.3; all that were measured.")
def main(
    file: Path, output: Path | None, scatter: Path | None, number: int, states: list[str], epsilon: list[str]
) -> None:
    """Draw energy and robustness along the paths of the database FILE, and correlate their barriers.

    \b
    python analysis/paths.py iris.h5 -o profiles.pdf --scatter barriers.pdf
    python analysis/paths.py iris.h5 -o profiles.svg --states 12,7,30 --epsilon 0.3
    """  # noqa: D301 - click wants the backspace character itself
    for figure_file in (output, scatter):
        require_figure_file(figure_file)
    with Database(open_store(file)) as db:
        known, total = stored_paths(db, epsilon), len(db.transition_states)
        distinct = distinct_states(db, known)
    if output:
        drawn = _named(known, states) if states else highest_barriers(distinct, number)
        with matplotlib.style.context(STYLE):
            save(draw_profiles(drawn), output)
        click.echo(f"{output}: transition states {', '.join(map(str, drawn.states))}")
    if output and not scatter and len(distinct) < MINIMUM_ROWS:
        click.echo(f"no correlation below {MINIMUM_ROWS} distinct states with known paths: {len(distinct)}")
        return
    relation = relate(distinct)
    for line in report(relation, known=len(known), total=total):
        click.echo(line)
    if scatter:
        with matplotlib.style.context(STYLE):
            save(draw_scatter(relation), scatter)


def report(relation: Relation, *, known: int, total: int) -> Iterator[str]:
    """Lines of the printed report, of at most 120 characters: the states that were compared, and the correlations."""
    count = len(relation.paths)
    yield f"{count} distinct transition states; of {total} stored, the paths of {known} end in their minima"
    for row in relation.table:
        name = row.robustness
        yield f"epsilon {name}"
        yield (
            f"  adversarial loss above that of both minima: at {relation.worse_states[name]} of {count} states, "
            f"anywhere on {relation.worse_paths[name]} of {count} paths"
        )
        yield f"  correlation with the barrier in energy: {signed(row.spearman)}"
        yield f"  at fixed {HELD}: {signed(row.partial)}"
    yield "Spearman's rho over the states of one landscape, which share units and samples: no inference."


def _named(paths: StoredPaths, names: Iterable[str]) -> StoredPaths:
    """The paths of the transition states whose rows are named. Raises PropertyError where one is not known."""
    places = {str(row): place for place, row in enumerate(paths.states)}
    for name in names:
        if name not in places:
            raise PropertyError(
                f"Expected rows of transition states with known paths, found '{name}': name some of "
                f"{', '.join(list(places)[:8])}{', ...' if len(places) > 8 else ''}."
            )
    return paths.take(np.array([places[name] for name in names]))


if __name__ == "__main__":
    main()
