"""The tables of the study: a row for each network, and a row for each landscape, as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence

from landscape.declaration import TEST
from landscape.properties.stripes.columns import UNSTABLE
from landscape.studies.instability.crossover import gap
from landscape.studies.instability.landscapes import ACCURACY, COLUMNS, Networks, StripesLandscape

MINIMUM, CONSTRUCTED, QUENCHED = "minimum", "constructed", "its quench"
HEAD = ("landscape", "K", "delta", "copies", "jitter", "shuffled", "standardise", "hidden", "activation", "l2")
NETWORK = ("kind", "row", "energy", "hits", ACCURACY, *COLUMNS)


def networks_csv(landscapes: Sequence[StripesLandscape]) -> str:
    """Every minimum, end point of training, constructed network and quench of one, with all digits."""
    tested = [f"{TEST}{name}" for name in (ACCURACY, *COLUMNS[:-1])]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*HEAD, *NETWORK, *tested])
    for one in landscapes:
        for kind, networks in members(one):
            for row in range(len(networks)):
                values = [networks.columns[name][row] for name in (ACCURACY, *COLUMNS)]
                test = [networks.columns[name][row] if name in networks.columns else "" for name in tested]
                writer.writerow([*_head(one), kind, row, networks.energy[row], networks.hits[row], *values, *test])
    return text.getvalue()


def landscapes_csv(landscapes: Sequence[StripesLandscape]) -> str:
    """A row for each landscape: its size, the bound of the theorem, and the lowest energies with and without cue."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*HEAD, "minima", "most_changes", "accurate", "lowest", "lowest_stable", "lowest_unstable"])
    for one in landscapes:
        if len(one.minima):
            accurate, energies = int((one.minima.columns[ACCURACY] == 1.0).sum()), gap(one)
            lowest = one.minima.energy.min()
            row = [len(one.minima), one.most_changes, accurate, lowest, energies.stable, energies.unstable]
            writer.writerow([*_head(one), *row])
    return text.getvalue()


def members(landscape: StripesLandscape) -> Iterator[tuple[str, Networks]]:
    """The networks of a landscape by their kind."""
    yield MINIMUM, landscape.minima
    for regime, networks in landscape.trained.items():
        yield f"training, {regime}", networks
    for kind, one in ((CONSTRUCTED, landscape.constructed), (QUENCHED, landscape.quenched)):
        if one is not None:
            yield kind, Networks.of_one(one)


def summary(landscapes: Sequence[StripesLandscape]) -> Iterator[str]:
    """A line for each landscape."""
    yield (
        f"{'landscape':<58} {'minima':>6} {'accurate':>8} {'lowest':>11} {'changes':>7} {'unstable':>8} "
        f"{'least share of radius':>21}"
    )
    for one in landscapes:
        if not len(one.minima):
            continue
        low, columns = int(one.minima.energy.argmin()), one.minima.columns
        unstable = f"{columns[UNSTABLE.name][low]:.0f} of {one.samples}"
        yield (
            f"{one.told:<58} {len(one.minima):>6} {int((columns[ACCURACY] == 1.0).sum()):>8} "
            f"{one.minima.energy[low]:>11.4e} {columns['sign_changes'][low]:>7.0f} {unstable:>8} "
            f"{columns['relative_stability_least'][low]:>21.4f}"
        )


def _head(one: StripesLandscape) -> list[object]:
    options = one.options
    data = (options.K, options.delta, options.copies, options.jitter, options.shuffled, one.problem["standardise"])
    hidden = "-".join(map(str, one.hidden))
    return [one.name, *data, hidden, one.problem["activation"], one.problem["l2"]]
