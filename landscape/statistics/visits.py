"""Probabilities that independent quenches meet each basin, estimated from the number of visits of each basin.

Large basins are met first, and large basins are deep and flat: the minima found by a few quenches are no fair sample of
all minima. A basin of probability p is met by n quenches with probability pi = 1 - exp(-lambda), lambda = n p. Each
basin that was met stands for 1 / pi basins (Horvitz and Thompson, J. Am. Stat. Assoc. 47, 663, 1952). lambda is
unknown, but assumed to follow a law: log lambda is normal around a linear function of covariates, and hits are Poisson,
observed only if not zero (Poisson-lognormal regression, truncated at zero: Bulmer, Biometrics 30, 101, 1974). The
parameters of the law are those of maximum likelihood. The weight of a basin is the mean of 1 / pi over the law of
lambda given the hits and covariates of the basin. Weights above their 99.9th percentile are clipped to it.

Integrals over log lambda are sums over a grid on which the normal law and the Poisson law of every number of hits are
smooth.

Shapes: K basins that were met, C covariates, G grid points, R basins that simulated quenches meet.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

STEP = 0.1  # spacing of the grid in log lambda
LOWEST = -16.0  # first point of the grid in log lambda
LEAST_MEAN = -8.0  # least mean of log lambda: below it, one basin would stand for thousands
LEAST_SPREAD = 0.3  # least standard deviation of log lambda: three steps of the grid
CUT = 99.9  # percentile of the weights to which larger ones are clipped


@dataclass(frozen=True, kw_only=True)
class VisitLaw:
    """The normal law of log lambda, whose mean is a constant plus slopes times standardised covariates."""

    coefficients: np.ndarray  # [1 + C] constant and slopes
    spread: float  # standard deviation of log lambda around its mean


def fitted(
    hits: Int[np.ndarray, " K"], covariates: Float[np.ndarray, "K C"], start: VisitLaw | None = None
) -> VisitLaw:
    """The law of maximum likelihood for basins that were met `hits` times, at least once each.

    The optimisation begins at the law `start`. For a resample, the law of the sample is a good start.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - takes a third of a second and is not always needed

    design, grid = _design(covariates), _grid(hits)
    poisson = _poisson(hits, grid)
    if start is None:
        start = VisitLaw(
            coefficients=np.array([np.log(np.median(hits)) - 0.5, *np.zeros(covariates.shape[1])]), spread=1.0
        )
    found = minimize(
        _cost,
        np.append(start.coefficients, np.log(start.spread)),
        args=(poisson, design, grid),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LEAST_MEAN, grid[-1]), *[(-10.0, 10.0)] * covariates.shape[1], (np.log(LEAST_SPREAD), np.log(6.0))],
    )
    return VisitLaw(coefficients=found.x[:-1], spread=float(np.exp(found.x[-1])))


def inverse_weights(
    hits: Int[np.ndarray, " K"], covariates: Float[np.ndarray, "K C"], law: VisitLaw
) -> Float[np.ndarray, " K"]:
    """Weights [K] of the basins that were met: the number of basins that each stands for."""
    design, grid = _design(covariates), _grid(hits)
    density = _poisson(hits, grid) * _normal(grid, design @ law.coefficients, law.spread)
    weights = (density / -np.expm1(-np.exp(grid))).sum(axis=1) / density.sum(axis=1)
    cut: np.ndarray = np.minimum(weights, np.percentile(weights, CUT))
    return cut


def redrawn(
    covariates: Float[np.ndarray, "K C"], law: VisitLaw, weights: Float[np.ndarray, " K"], random: np.random.Generator
) -> tuple[Int[np.ndarray, " R"], Int[np.ndarray, " R"]]:
    """The basins that simulated quenches meet: their rows int64[R] among the K basins, and their hits int64[R].

    The quenches meet a simulated landscape like that of the sample. Its number of basins is the sum of the weights.
    Each of its basins copies one of the K basins, chosen by weight, and has its own lambda, drawn from the law.
    (Quenches resampled from those of the sample would meet no basin that the sample has missed.)
    """
    copies = random.multinomial(round(weights.sum()), weights / weights.sum())
    rows = np.repeat(np.arange(len(weights)), copies)
    mean = (_design(covariates) @ law.coefficients)[rows]
    hits = random.poisson(np.exp(random.normal(mean, law.spread)))
    return rows[hits > 0], hits[hits > 0]


def _design(covariates: np.ndarray) -> np.ndarray:
    """Ones and standardised covariates [K, 1 + C]; a covariate that is constant is zero."""
    spread = covariates.std(axis=0)
    scaled = (covariates - covariates.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    return np.concatenate([np.ones((len(covariates), 1)), scaled], axis=1)


def _grid(hits: np.ndarray) -> np.ndarray:
    """Grid points [G] of log lambda, from `LOWEST` to beyond the logarithm of the most hits."""
    return np.arange(LOWEST, np.log(hits.max()) + 3.0, STEP)


def _poisson(hits: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Poisson probabilities [K, G] of the hits."""
    from scipy.special import gammaln  # noqa: PLC0415

    rate = np.exp(grid)
    found: np.ndarray = np.exp(hits[:, None] * grid - rate - gammaln(hits + 1.0)[:, None])
    return found


def _normal(grid: np.ndarray, mean: np.ndarray, spread: float) -> np.ndarray:
    """Normal densities [K, G] times the step."""
    found: np.ndarray = np.exp(-0.5 * ((grid - mean[:, None]) / spread) ** 2) * (STEP / (spread * np.sqrt(2.0 * np.pi)))
    return found


def _cost(
    parameters: np.ndarray, poisson: np.ndarray, design: np.ndarray, grid: np.ndarray
) -> tuple[float, np.ndarray]:
    """Minus the log likelihood of the hits, given that none is zero, and its gradient."""
    mean, spread = design @ parameters[:-1], float(np.exp(parameters[-1]))
    normal, off = _normal(grid, mean, spread), (grid - mean[:, None]) / spread
    met = -np.expm1(-np.exp(grid))
    cost, by_mean, by_spread = 0.0, np.zeros(len(mean)), 0.0
    for density, sign in ((poisson * normal, 1.0), (met * normal, -1.0)):
        total = np.maximum(density.sum(axis=1), 1e-300)
        cost -= sign * float(np.log(total).sum())
        by_mean -= sign * (density * off).sum(axis=1) / (total * spread)
        by_spread -= sign * float(((density * (off**2 - 1.0)).sum(axis=1) / total).sum())
    return cost, np.append(design.T @ by_mean, by_spread)
