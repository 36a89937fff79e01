"""The mean of an effect over replicates, and the prediction for a further replicate.

Every replicate has one effect, and all effects have equal weight. Then the random-effects interval of Hartung, Knapp,
Sidik and Jonkman is Student's interval of the mean, whatever the variance within replicates is (Hartung and Knapp 2001,
doi 10.1002/sim.791). The prediction interval is mean +- t times the root of tau^2 + se^2, t with R - 2 degrees of
freedom (Higgins, Thompson and Spiegelhalter 2009, doi 10.1111/j.1467-985X.2008.00552.x). Effects of complete landscapes
have no sampling error, so all of their variance is tau^2.

Replicates that share samples are correlated. If they share a part f of the samples, the variance of the mean is
tau^2 (1 / R + f / (1 - f)) (Nadeau and Bengio 2003, doi 10.1023/A:1024068626366).

Many effects of the same replicates are tested together by step-down max-T (Westfall and Young 1993, Resampling-Based
Multiple Testing, algorithm 4.1) under sign flips of whole replicates. The test is exact if effects are symmetric about
zero under the null hypothesis, however the effects depend on each other.

Shapes: R replicates, L landscapes of these, C effects.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

LEVEL = 0.95
PERFECT = 1.0 - 1e-6  # correlations are clipped there, since the Fisher z of 1 is infinite
MOST_FLIPS = 10_000  # patterns of signs; if more are possible, this number of patterns is drawn


@dataclass(frozen=True, kw_only=True)
class Combined:
    """A mean over replicates with its 95 % interval, the 95 % interval of a further replicate, and the standard
    deviation tau between replicates; nan where replicates are too few.
    """

    replicates: int
    mean: float
    low: float
    high: float
    predicted_low: float
    predicted_high: float
    tau: float


def combined(effects: Float[np.ndarray, " R"], shared: float = 0.0) -> Combined:
    """Combines the finite effects [R]; `shared` is the part of the samples that two replicates have in common, from 0
    to less than 1.
    """
    from scipy import stats  # noqa: PLC0415 - takes a third of a second and is not always needed

    known = effects[np.isfinite(effects)]
    count, nan = len(known), float("nan")
    mean = float(known.mean()) if count else nan
    tau = float(known.std(ddof=1)) if count > 1 else nan
    error = tau * float(np.sqrt(1.0 / max(count, 1) + shared / (1.0 - shared)))
    half = float(stats.t.ppf(0.5 + LEVEL / 2, count - 1)) * error if count > 1 else nan
    beyond = float(stats.t.ppf(0.5 + LEVEL / 2, count - 2)) * float(np.hypot(tau, error)) if count > 2 else nan
    return Combined(
        replicates=count,
        mean=mean,
        low=mean - half,
        high=mean + half,
        predicted_low=mean - beyond,
        predicted_high=mean + beyond,
        tau=tau,
    )


def replicate_means(rho: Float[np.ndarray, " L"], place: Int[np.ndarray, " L"]) -> Float[np.ndarray, " R"]:
    """Mean Fisher z [R] of the correlations rho [L] of the landscapes of each replicate; nan where none is finite.

    `place` [L] is the number of the replicate of each landscape.
    """
    z = np.arctanh(np.clip(rho, -PERFECT, PERFECT))
    known = np.isfinite(z)
    count = np.bincount(place[known], minlength=place.max() + 1)
    total = np.bincount(place[known], weights=z[known], minlength=place.max() + 1)
    means: np.ndarray = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return means


def combined_correlations(z: Float[np.ndarray, " R"], shared: float = 0.0) -> Combined:
    """Combines Fisher z of replicates; the result, except tau, is on the scale of correlations."""
    found = combined(z, shared)
    return replace(
        found,
        mean=float(np.tanh(found.mean)),
        low=float(np.tanh(found.low)),
        high=float(np.tanh(found.high)),
        predicted_low=float(np.tanh(found.predicted_low)),
        predicted_high=float(np.tanh(found.predicted_high)),
    )


def adjusted_p(effects: Float[np.ndarray, "R C"]) -> Float[np.ndarray, " C"]:
    """Two-sided p [C] of the hypotheses that effects have mean zero, adjusted for all effects together.

    p is nan for an effect that is unknown in some replicate. The least possible p is `least_p`.
    """
    tested = np.isfinite(effects).all(axis=0)
    found = np.full(effects.shape[1], np.nan)
    if not tested.any():
        return found
    # Student's t grows with the size of the sum over the root of the sum of squares, which sign flips do not change.
    values = effects[:, tested]
    scale = np.sqrt(np.sum(values**2, axis=0))
    size = np.abs(_signs(len(values)) @ (values / np.where(scale > 0.0, scale, 1.0)))
    order = np.argsort(-size[0], kind="stable")
    falling = size[:, order]
    largest = np.maximum.accumulate(falling[:, ::-1], axis=1)[:, ::-1]  # of each effect and all smaller ones
    p = np.mean(largest >= falling[0] - 1e-9, axis=0)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(p)
    found[tested] = adjusted
    return found


def least_p(replicates: int) -> float:
    """The least p that this number of replicates can give."""
    return 1.0 / float(min(2 ** (replicates - 1), MOST_FLIPS))


def _signs(replicates: int) -> Float[np.ndarray, "F R"]:
    """Patterns of signs of replicates, the one without flips first: all patterns, or drawn ones if they are too many.

    A pattern and its opposite are equivalent, so in the list of all patterns the first sign is never flipped.
    """
    if 2 ** (replicates - 1) <= MOST_FLIPS:
        return np.array([(1.0, *signs) for signs in itertools.product((1.0, -1.0), repeat=replicates - 1)])
    drawn = np.random.default_rng(0).choice([1.0, -1.0], size=(MOST_FLIPS, replicates))
    drawn[0] = 1.0
    return drawn
