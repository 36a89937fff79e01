"""Rate of claims of a relation by an answer, and errors of correlations of samples: `python -m
tests.benchmarks.inference`.

Minima of a made-up landscape derive from each other by exchanges of hidden units from one pool, and depth and
robustness are sums over units, as they nearly are in networks. Over units the two have a chosen correlation. So the
minima of a landscape are no independent observations: its own correlation scatters widely about the chosen one. Prints
the share of repetitions in which an interval excludes zero: for the combined correlations of replicates, as in
`landscape answer`, and for their minima pooled, as if these were independent.

Then basins have log-normal volumes that correlate -0.5 with energy and +0.3 with flatness, and robustness has a chosen
rank correlation with depth and 0.8 with flatness. Independent quenches find a part of the minima, the large basins
first. Prints the deviation of the correlation over the minima found, plain and weighted, from that over all minima:
mean and root mean square over many landscapes.

With folders of studies it prints instead the rate at which two random properties of the minima of these landscapes
would be called related. The properties are sums over hidden units of random even functions. These are drawn anew for
each landscape, so that nothing relates them, and once for all landscapes, so that common units of landscapes of one
data set may relate them.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import torch
from scipy import optimize

from landscape import problem_of
from landscape.database.database import Database, open_database
from landscape.statistics.random_effects import combined, combined_correlations
from landscape.statistics.visits import fitted, inverse_weights
from landscape.studies.answer.effects import rank_correlation
from landscape.studies.answer.minima import LEAST_MINIMA
from landscape.studies.words import CORRELATION, words_for

UNITS, POOL = 10, 40
SPREAD = 1.5  # standard deviation of log volumes


def landscape(minima: int, rho: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Depth and robustness of the minima of a landscape; each minimum is an earlier one with one unit exchanged."""
    first, second = random.normal(size=(2, POOL))
    units = np.empty((minima, UNITS), dtype=np.int64)
    units[0] = random.integers(0, POOL, UNITS)
    for row in range(1, minima):
        units[row] = units[random.integers(row)]
        units[row, random.integers(UNITS)] = random.integers(POOL)
    return first[units].sum(1), (rho * first + np.sqrt(1.0 - rho**2) * second)[units].sum(1)


def rejections(replicates: int, minima: int, rho: float, repetitions: int, seed: int = 0) -> tuple[float, float]:
    """Shares of repetitions whose interval excludes zero: for replicates combined, and for minima pooled."""
    random = np.random.default_rng([seed, replicates, round(100 * rho)])
    combining, pooling = 0, 0
    for _ in range(repetitions):
        found = np.array([rank_correlation(*landscape(minima, rho, random)) for _ in range(replicates)])
        interval = combined(np.arctanh(found))
        combining += not interval.low <= 0.0 <= interval.high
        pooling += abs(found.mean()) > 1.96 / np.sqrt(replicates * (minima - 1))
    return combining / repetitions, pooling / repetitions


class Sampled(NamedTuple):
    """Correlations of landscapes: over all minima, over the minima found, and weighted over the minima found."""

    truth: np.ndarray
    found: np.ndarray
    weighted: np.ndarray


def sampled_correlations(
    rho: float, completeness: float, landscapes: int, minima: int = 1000, seed: int = 0
) -> Sampled:
    """Correlations of landscapes with `minima` minima; quenches find on average a part `completeness` of them."""
    random = np.random.default_rng([seed, round(100 * rho), round(100 * completeness)])
    return Sampled(*np.array([_sampled(rho, completeness, minima, random) for _ in range(landscapes)]).T)


def _sampled(rho: float, completeness: float, minima: int, random: np.random.Generator) -> tuple[float, float, float]:
    depth, flatness, own, other = random.normal(size=(4, minima))
    volume = np.exp(SPREAD * (0.5 * depth + 0.3 * flatness + np.sqrt(1.0 - 0.5**2 - 0.3**2) * own))
    pearson = 2.0 * np.sin(np.pi * rho / 6.0)  # Pearson's for normal numbers with this rank correlation
    robustness = pearson * depth + 0.8 * flatness + np.sqrt(1.0 - pearson**2 - 0.8**2) * other
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


def units_of(db: Database) -> np.ndarray:
    """The weights and bias [M, H, d + 1 + K] of the hidden units of the minima; the network has one hidden layer."""
    problem = problem_of(db)
    dense = problem.network.dense
    if dense is None or len(dense.layers) != 2:
        raise click.UsageError(f"{db.path}: expected a dense network with one hidden layer, found another")
    layers = dense.unpack(torch.tensor(db.minima.parameters))
    (first, bias), (second, _) = layers
    return torch.cat([first, bias[..., None], second.mT], 2).numpy()


def random_property(units: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The sum [M] over units of a random function, which is even, as the symmetry of units requires, and varies on the
    length scale of the distances between units.
    """
    flat = units.reshape(-1, units.shape[2])
    length = np.median(np.linalg.norm(flat - flat[np.random.default_rng(0).permutation(len(flat))], axis=1))
    waves = random.normal(size=(flat.shape[1], 40)) / length
    found: np.ndarray = (np.cos(flat @ waves) @ random.normal(size=40)).reshape(units.shape[:2]).sum(axis=1)
    return found


def called_related(landscapes: Sequence[np.ndarray], repetitions: int, *, anew: bool, seed: int = 0) -> float:
    """Share of repetitions in which replicates with these units give the words "more robust" or "less robust"."""
    said = 0
    for repetition in range(repetitions):
        rho = []
        for number, units in enumerate(landscapes):
            keys = ([seed, repetition, side, number if anew else 0] for side in range(2))
            rho.append(rank_correlation(*(random_property(units, np.random.default_rng(key)) for key in keys)))
        effect = combined_correlations(np.arctanh(np.clip(rho, -0.999999, 0.999999)))
        said += words_for(effect, CORRELATION, missing=False, least=3) in (CORRELATION.more, CORRELATION.less)
    return said / repetitions


def _real(folder: Path, repetitions: int) -> None:
    paths = sorted(folder.glob("*.h5"))
    with ExitStack() as stack:
        landscapes = [units_of(stack.enter_context(open_database(path))) for path in paths]
    counted = [units for units in landscapes if len(units) >= LEAST_MINIMA]
    shares = [f"{called_related(counted, repetitions, anew=anew):.1%}" for anew in (True, False)]
    click.echo(f"| {folder.name} | {len(counted)} | {shares[0]} | {shares[1]} |")


@click.command()
@click.argument("studies", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--repetitions", default=1000, show_default=True)
@click.option("--minima", default=100, show_default=True, help="Minima of a simulated landscape.")
def main(studies: tuple[Path, ...], repetitions: int, minima: int) -> None:
    """Print the shares for several numbers of replicates and correlations, or for the landscapes of STUDIES."""
    if studies:
        click.echo("| study | landscapes | random properties of each called related | of all |\n|---|---|---|---|")
        for folder in studies:
            _real(folder, repetitions)
        return
    click.echo("| replicates | correlation of units | replicates combined | minima pooled |\n|---|---|---|---|")
    for replicates in (5, 10, 20):
        for rho in (0.0, 0.3, 0.5):
            combining, pooling = rejections(replicates, minima, rho, repetitions)
            click.echo(f"| {replicates} | {rho:g} | {combining:.1%} | {pooling:.1%} |")
    click.echo(
        "\n| rank correlation | completeness | mean error (rms) over those found | weighted |\n|---|---|---|---|"
    )
    for rho in (0.0, 0.3):
        for completeness in (0.2, 0.5, 0.9):
            drawn = sampled_correlations(rho, completeness, max(1, repetitions // 5))
            errors = [
                f"{(one - drawn.truth).mean():+.3f} ({np.sqrt(np.mean((one - drawn.truth) ** 2)):.3f})"
                for one in (drawn.found, drawn.weighted)
            ]
            click.echo(f"| {rho:g} | {completeness:.0%} | {errors[0]} | {errors[1]} |")


if __name__ == "__main__":
    main()
