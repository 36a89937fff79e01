"""How often an answer says that there is a relation: `python -m tests.benchmarks.inference`.

Minima of a made-up landscape come from each other by exchanges of hidden units from one pool, and depth and robustness
are sums over units, as they nearly are in networks. Unit by unit the two have a chosen correlation. So the minima of a
landscape are no independent observations: its own correlation scatters widely about the chosen one. Prints the
share of repetitions in which an interval leaves zero out: of the correlations of replicates combined, as in
`landscape answer`, and of their minima pooled, as if these were independent.
"""

import click
import numpy as np

from landscape.statistics.random_effects import combined
from landscape.studies.answer.effects import rank_correlation

UNITS, POOL = 10, 40


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


if __name__ == "__main__":
    main()
