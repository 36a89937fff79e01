"""How often 95 % intervals of rank correlations cover the truth: `python -m tests.benchmarks.interval_coverage`.

Pairs are normal with a chosen Spearman correlation, whole or cut into few values on one or on both sides, or
uncorrelated with a spread of y that follows x. Prints the share of simulated tables whose interval covers, in per cent.
"""

import sys
from collections.abc import Callable
from itertools import product

import numpy as np
from scipy.stats import kendalltau, spearmanr

from landscape.properties.estimates import intervals
from landscape.properties.ranks import RankTable, tie_groups

STATISTICS = ("spearman", "kendall", "partial", "weighted")
TOGETHER = 50
LARGE = 4000

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
    "tied twice": tied_twice,
    "spread": spread,
}


def table(x: np.ndarray, y: np.ndarray, strata: int, random: np.random.Generator) -> RankTable:
    """Columns x [T, n], y [T, n] in equal strata, a control that has nothing to do with them, and weights."""
    n = x.shape[1]
    return RankTable(
        x=tie_groups(x),
        y=tie_groups(y),
        controls=tie_groups(random.normal(size=(1, n))),
        stratum=np.arange(n) * strata // n,
        weights=np.asarray(random.integers(1, 4, n), dtype=np.float64),
    )


def truth(kind: str, rho: float, random: np.random.Generator) -> np.ndarray:
    """The four correlations [4, 1] in the population, from many rows; partial and weighted are the plain one here."""
    x, y = KINDS[kind](rho, (40, LARGE), random)
    both = [[spearmanr(*pair).statistic, kendalltau(*pair).statistic] for pair in zip(x, y, strict=True)]
    plain: np.ndarray = np.mean(both, axis=0)
    return plain[[0, 1, 0, 0], None]


def coverage(kind: str, rho: float, n: int, strata: int, draws: int, random: np.random.Generator) -> np.ndarray:
    """Share [4] of `draws` pairs of columns of n rows whose interval covers, of those whose correlation is defined."""
    expected, inside = truth(kind, rho, random), []
    for _ in range(draws // TOGETHER):  # only pairs of columns of the same number belong together
        x, y = KINDS[kind](rho, (TOGETHER, n), random)
        value, low, high = np.diagonal(intervals(table(x, y, strata, random), random), axis1=2, axis2=3).swapaxes(0, 1)
        inside.append(np.where(np.isfinite(value), (low <= expected) & (expected <= high), np.nan))
    return np.asarray(np.nanmean(inside, axis=(0, 2)))


def main(draws: int = 1000) -> None:
    """Print the table."""
    lines = [["kind", "rho", "n", "strata", *STATISTICS]]
    for kind, rho, (n, strata) in product(KINDS, (0.0, 0.5, 0.8), ((10, 1), (30, 1), (100, 1), (30, 3))):
        if kind != "spread" or not rho:
            found = coverage(kind, rho, n, strata, draws, np.random.default_rng((int(100 * rho), n)))
            lines.append([kind, f"{rho:g}", f"{n}", f"{strata}", *(f"{100 * share:.1f}" for share in found)])
    for line in lines:
        print("".join(f"{cell:>11}" for cell in line))  # noqa: T201 - this is the result


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
