"""How often an answer says that there is a relation, and how far off one is: `python -m tests.benchmarks.inference`.

Minima of a made-up landscape come from each other by exchanges of hidden units from one pool, and depth and robustness
are sums over units, as they nearly are in networks. Unit by unit the two have a chosen correlation. So the minima of a
landscape are no independent observations: its own correlation scatters widely about the chosen one. Prints the
share of repetitions in which an interval leaves zero out: of the correlations of replicates combined, as in
`landscape answer`, and of their minima pooled, as if these were independent.

Then basins have log-normal volumes that correlate -0.5 with energy and +0.3 with flatness, and robustness a chosen rank
correlation with depth and 0.4 with flatness. Independent quenches find a part of the minima, the large basins first.
Prints how far the correlation over those that were found, and the weighted one, lie from that over all minima, in the
mean of many landscapes.
"""

from typing import NamedTuple

import click
import numpy as np
from scipy import optimize

from landscape.statistics.random_effects import combined
from landscape.statistics.visits import fitted, inverse_weights
from landscape.studies.answer.effects import rank_correlation

UNITS, POOL = 10, 40
SPREAD = 1.5  # standard deviation of log volumes


def landscape(minima: int, rho: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Depth and robustness of the minima of a landscape, each of which has one unit exchanged in an earlier one."""
    first, second = random.normal(size=(2, POOL))
    units = np.empty((minima, UNITS), dtype=np.int64)
    units[0] = random.integers(0, POOL, UNITS)
    for row in range(1, minima):
        units[row] = units[random.integers(row)]
        units[row, random.integers(UNITS)] = random.integers(POOL)
    return first[units].sum(1), (rho * first + np.sqrt(1.0 - rho**2) * second)[units].sum(1)


def rejections(replicates: int, minima: int, rho: float, repetitions: int, seed: int = 0) -> tuple[float, float]:
    """The shares of repetitions whose interval leaves zero out: of replicates combined, and of minima pooled."""
    random = np.random.default_rng([seed, replicates, round(100 * rho)])
    combining, pooling = 0, 0
    for _ in range(repetitions):
        found = np.array([rank_correlation(*landscape(minima, rho, random)) for _ in range(replicates)])
        interval = combined(np.arctanh(found))
        combining += not interval.low <= 0.0 <= interval.high
        pooling += abs(found.mean()) > 1.96 / np.sqrt(replicates * (minima - 1))
    return combining / repetitions, pooling / repetitions


class Sampled(NamedTuple):
    """Correlations of landscapes: over all minima, over those that were found, and these weighted."""

    truth: np.ndarray
    found: np.ndarray
    weighted: np.ndarray


def sampled_correlations(
    rho: float, completeness: float, landscapes: int, minima: int = 1000, seed: int = 0
) -> Sampled:
    """The correlations of landscapes of so many minima of which quenches find, on average, a part."""
    random = np.random.default_rng([seed, round(100 * rho), round(100 * completeness)])
    return Sampled(*np.array([_sampled(rho, completeness, minima, random) for _ in range(landscapes)]).T)


def _sampled(rho: float, completeness: float, minima: int, random: np.random.Generator) -> tuple[float, float, float]:
    depth, flatness, own, other = random.normal(size=(4, minima))
    volume = np.exp(SPREAD * (0.5 * depth + 0.3 * flatness + np.sqrt(1.0 - 0.5**2 - 0.3**2) * own))
    pearson = 2.0 * np.sin(np.pi * rho / 6.0)  # of normal numbers with this rank correlation
    robustness = pearson * depth + 0.4 * flatness + np.sqrt(1.0 - pearson**2 - 0.4**2) * other
    chance = volume / volume.sum()
    quenches = optimize.brentq(lambda x: np.mean(-np.expm1(-np.exp(x) * chance)) - completeness, 0.0, 40.0)
    hits = random.multinomial(round(np.exp(quenches)), chance)
    met = np.flatnonzero(hits)
    covariates = np.stack([-depth, -flatness], axis=1)[met]
    weights = inverse_weights(hits[met], covariates, fitted(hits[met], covariates))
    return (
        rank_correlation(depth, robustness),
        rank_correlation(depth[met], robustness[met]),
        rank_correlation(depth[met], robustness[met], weights=weights),
    )


@click.command()
@click.option("--repetitions", default=1000, show_default=True)
@click.option("--minima", default=100, show_default=True, help="Minima of a landscape.")
def main(repetitions: int, minima: int) -> None:
    """Print the shares for several numbers of replicates and correlations."""
    click.echo("| replicates | correlation of units | replicates combined | minima pooled |\n|---|---|---|---|")
    for replicates in (5, 10, 20):
        for rho in (0.0, 0.3, 0.5):
            combining, pooling = rejections(replicates, minima, rho, repetitions)
            click.echo(f"| {replicates} | {rho:g} | {combining:.1%} | {pooling:.1%} |")
    click.echo("\n| rank correlation | completeness | error over those found | weighted |\n|---|---|---|---|")
    for rho in (0.0, 0.3):
        for completeness in (0.2, 0.5, 0.9):
            drawn = sampled_correlations(rho, completeness, max(1, repetitions // 5))
            errors = [f"{(one - drawn.truth).mean():+.3f}" for one in (drawn.found, drawn.weighted)]
            click.echo(f"| {rho:g} | {completeness:.0%} | {errors[0]} | {errors[1]} |")


if __name__ == "__main__":
    main()
