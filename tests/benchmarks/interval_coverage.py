"""How often 95 % intervals of rank correlations cover the truth: `python -m tests.benchmarks.interval_coverage`.

Pairs are normal with a chosen Spearman correlation, whole or cut into few values on one or on both sides, or
uncorrelated with a spread of y that follows x; minima are of one landscape or of three. The partial correlation is at
fixed values that have nothing to do with the pair, the weights have neither: their true values are the plain one, the
rank correlation of `POPULATION` pairs. Prints the share of simulated tables whose interval covers, in per cent, and
marks what is further than `TOLERANCE` from 95.

`--case KIND` (several times, if need be) and `--rows N` print a part of the table. Intervals have `RESAMPLES`
resamples here; the quantile that they take is such that this leaves the coverage what it is.
"""

from collections.abc import Callable, Sequence
from itertools import product

import click
import numpy as np
from scipy.stats import kendalltau, spearmanr

from landscape.statistics import bootstrap
from landscape.statistics.ranks import RankTable, tie_groups
from landscape.statistics.table import STATISTICS

RHO = (0.0, 0.3, 0.6, 0.9)
ROWS = (10, 20, 50, 200)
STRATA = (1, 3)
TABLES = 1000
RESAMPLES = 99
POPULATION = 1_000_000
TOLERANCE = 2.0

Pair = tuple[np.ndarray, np.ndarray]


def normal(rho: float, shape: tuple[int, ...], random: np.random.Generator) -> Pair:
    """Normal pairs with Spearman's correlation rho (Pearson, 1907)."""
    x, noise = random.normal(size=(2, *shape))
    r = 2.0 * np.sin(np.pi * rho / 6.0)
    return x, r * x + np.sqrt(1.0 - r * r) * noise


def tied(rho: float, shape: tuple[int, ...], random: np.random.Generator) -> Pair:
    """As normal, y in four values."""
    x, y = normal(rho, shape, random)
    return x, np.digitize(y, [-1.2, -0.3, 0.6])


def tied_twice(rho: float, shape: tuple[int, ...], random: np.random.Generator) -> Pair:
    """As normal, x in four values, y in three."""
    x, y = normal(rho, shape, random)
    return np.digitize(x, [-1.0, 0.0, 1.0]), np.digitize(y, [-0.3, 0.6])


def spread(rho: float, shape: tuple[int, ...], random: np.random.Generator) -> Pair:
    """Uncorrelated, but the further x is from 0 the wider y spreads."""
    x, noise = random.normal(size=(2, *shape))
    return x, rho + x * noise


KINDS: dict[str, Callable[[float, tuple[int, ...], np.random.Generator], Pair]] = {
    "normal": normal,
    "tied": tied,
    "tied-twice": tied_twice,
    "spread": spread,
}


def table(x: np.ndarray, y: np.ndarray, strata: int, random: np.random.Generator) -> RankTable:
    """One pair of columns x [n], y [n] in equal strata, a control that has nothing to do with them, and weights."""
    n = len(x)
    return RankTable(
        x=tie_groups(x[None]),
        y=tie_groups(y[None]),
        controls=tie_groups(random.normal(size=(1, n))),
        stratum=np.arange(n) * strata // n,
        weights=np.asarray(random.integers(1, 4, n), dtype=np.float64),
    )


def truth(kind: str, rho: float, population: int = POPULATION) -> np.ndarray:
    """The four correlations [4] in the population; partial and weighted are the plain one here."""
    pair = KINDS[kind](rho, (population,), np.random.default_rng(0))
    plain, tau = spearmanr(*pair).statistic, kendalltau(*pair).statistic
    return np.array([plain, tau, plain, plain])


def coverage(
    kind: str, n: int, strata: int, expected: np.ndarray, rho: float, tables: int, random: np.random.Generator
) -> np.ndarray:
    """Share [4] of tables of n rows whose interval covers `expected`, of those whose correlation is defined."""
    inside = np.empty((tables, len(STATISTICS)))
    pairs = zip(*KINDS[kind](rho, (tables, n), random), strict=True)
    for number, (x, y) in enumerate(pairs):
        found = bootstrap.intervals(STATISTICS, table(x, y, strata, random), random)
        value, low, high = np.array([*found.values()])[:, :, 0, 0].T
        inside[number] = np.where(np.isfinite(value), (low <= expected) & (expected <= high), np.nan)
    return np.asarray(np.nanmean(inside, axis=0))


def shown(share: float) -> str:
    """A share in per cent, with a mark where it is out of tolerance."""
    off = abs(100.0 * share - 95.0) > TOLERANCE
    return f"{100.0 * share:.1f} {'FAIL' if off else 'ok  '}"


@click.command()
@click.option("--case", "kinds", multiple=True, type=click.Choice([*KINDS]), help="Kind of pairs; all if not given.")
@click.option("--rows", "rows", multiple=True, type=int, help="Only tables of so many rows.")
@click.option("--tables", default=TABLES, show_default=True, help="Simulated tables a line.")
def main(kinds: Sequence[str], rows: Sequence[int], tables: int) -> None:
    """Print the table."""
    bootstrap.RESAMPLES = RESAMPLES
    click.echo(line("kind", "rho", "rows", "landscapes", *(one.name for one in STATISTICS)))
    for kind, rho in product(kinds or KINDS, RHO):
        if kind == "spread" and rho:
            continue
        expected = truth(kind, rho)
        for n, strata in product(ROWS, STRATA):
            if not rows or n in rows:
                found = coverage(kind, n, strata, expected, rho, tables, np.random.default_rng((int(10 * rho), n)))
                click.echo(line(kind, f"{rho:g}", f"{n}", f"{strata}", *map(shown, found)))


def line(*cells: str) -> str:
    """Cells in columns."""
    return "".join(f"{cell:>12}" for cell in cells)


if __name__ == "__main__":
    main()
