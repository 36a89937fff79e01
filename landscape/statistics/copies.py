"""Numbers of symmetric copies of points, which may be larger than a float can be.

Shapes: M points.
"""

import math
from decimal import Context, Decimal

import numpy as np
from jaxtyping import Float


def copies(log_orbit_size: Float[np.ndarray, " M"]) -> Float[np.ndarray, " M"]:
    """Numbers [M] of copies from their logarithms; NaN where one is not known or larger than a float can be."""
    with np.errstate(over="ignore"):
        found = np.rint(np.exp(log_orbit_size))
    return np.where(np.isfinite(found), found, np.nan)


def copies_text(log_orbit_size: float, digits: int) -> str:
    """A number of copies with so many digits, however large it is; "nan" if it is not known."""
    number = copies(np.array([log_orbit_size]))[0]
    if math.isfinite(log_orbit_size) and not math.isfinite(number):
        return f"{Decimal(log_orbit_size).exp(Context(prec=digits)).normalize():e}"
    return f"{number:.{digits}g}"
