"""The mean of an effect over replicates, and what a further replicate would show.

Every replicate has one effect, all of one weight. Then the random-effects interval of Hartung, Knapp, Sidik and Jonkman
is that of Student for the mean, whatever the variance within replicates is (Hartung and Knapp 2001, doi
10.1002/sim.791), and the prediction interval is mean +- t of R - 2 degrees of freedom times the root of tau^2 + se^2
(Higgins, Thompson and Spiegelhalter 2009, doi 10.1111/j.1467-985X.2008.00552.x). Effects of complete landscapes have no
error of sampling, so all of their variance is tau^2.

Replicates that share samples are correlated. For a shared part f of the samples the variance of the mean is
tau^2 (1 / R + f / (1 - f)) (Nadeau and Bengio 2003, doi 10.1023/A:1024068626366).

Shapes: R replicates.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Combined:
    """A mean over replicates with its 95 % interval, the 95 % interval of a further replicate, and the standard
    deviation tau between replicates; nan where they are too few.
    """

    replicates: int
    mean: float
    low: float
    high: float
    predicted_low: float
    predicted_high: float
    tau: float


def combined(effects: Float[np.ndarray, " R"], shared: float = 0.0) -> Combined:
    """The combination of the effects [R] that are finite; `shared` is the part of the samples that two replicates have
    in common, from 0 to less than 1.
    """
    from scipy import stats  # noqa: PLC0415 - costs a third of a second, which only those who need it wait

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
