"""Curvature of a minimum from the spectrum of its Hessian, with and without the part of the L2 term.

The L2 term l2 * sum(theta^2) adds exactly 2 * l2 to every eigenvalue. So the data contribute each eigenvalue less 2 *
l2, and the trace less 2 * l2 * P. The Hessian of an energy with kinks (ReLU) does not describe the curvature of a
minimum, and its measurement is refused. Up to DENSE_LIMIT parameters the spectrum is exact; beyond, it is estimated
(`estimates.py`).

Shapes: M minima, P parameters.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.declaration import ENERGY, Property, Requirement, Section
from landscape.errors import PropertyError
from landscape.numerics.batching import rows_per_chunk
from landscape.numerics.spectra import DENSE_LIMIT
from landscape.problems.problem import Problem
from landscape.properties.curvature.estimates import HUTCH, LANCZOS, QUADRATURE, VECTORS, Method, estimated_curvature
from landscape.properties.curvature.spectral_functions import (
    SCALE_WITHOUT_L2,
    effective_parts,
    logarithms,
    task_effective_parts,
    task_logarithms,
)
from landscape.properties.group import Group, Named
from landscape.properties.measurement import Measurement


def measured_curvature(measurement: Measurement, theta: Float[Tensor, "M P"]) -> Named:
    """The properties of the group at theta, each [M]."""
    if is_large(measurement.problem):
        return estimated_curvature(measurement.problem, theta, measurement.seed)
    return curvature(measurement.problem, theta)


def curvature(problem: Problem, theta: Float[Tensor, "M P"]) -> Named:
    """Named curvatures [M] of theta. Raises PropertyError for an energy with kinks."""
    require_smooth(problem)
    return spectrum_summary(torch.linalg.eigvalsh(problem.hessian(theta)), problem.l2, problem.curvature_threshold)


def spectrum_summary(eigenvalues: Float[Tensor, "M P"], l2: float, threshold: float) -> Named:
    """Named curvatures [M] from eigenvalues [M, P] in ascending order.

    The log-determinant of the Hessian sums over the eigenvalues above `threshold`, whose number is a property of its
    own. With l2 > 0 these are all P at a minimum; without L2 the zero directions of the softmax are left out. The sums
    of the task loss run over all eigenvalues and are nan if, with l2 > 0, any eigenvalue of the Hessian is not
    positive.
    """
    found: Named = {
        "hessian_log_determinant": logarithms(eigenvalues, threshold).sum(1),
        "task_hessian_log_determinant": task_logarithms(eigenvalues, l2).sum(1),
        "hessian_effective_dimension": effective_parts(eigenvalues, l2).sum(1),
        "task_hessian_effective_dimension": task_effective_parts(eigenvalues, l2).sum(1),
    }
    for prefix, values in (("hessian", eigenvalues), ("task_hessian", eigenvalues - 2.0 * l2)):
        found |= {
            f"{prefix}_trace": values.sum(1),
            f"{prefix}_largest": values[:, -1],
            f"{prefix}_smallest": values[:, 0],
            f"{prefix}_positive_eigenvalues": (values > threshold).sum(1).to(torch.float64),
        }
    return found


def require_smooth(problem: Problem) -> None:
    """Raises PropertyError unless the Hessian of the energy is continuous."""
    if not problem.smooth:
        raise PropertyError(
            f"curvature needs a smooth energy, found {problem.kinks}, which the Hessian does not see: leave the group "
            "'curvature' out, or use a smooth activation such as softplus or gelu and no adversarial_weight"
        )


def is_large(problem: Problem) -> bool:
    """True if the Hessian is too large to be diagonalised."""
    return problem.n_parameters > DENSE_LIMIT


def minima_per_curvature_block(problem: Problem) -> int:
    """Number of minima whose Hessians, or Lanczos vectors instead, fill a working set."""
    rows = VECTORS if is_large(problem) else problem.n_parameters
    return rows_per_chunk(rows * problem.n_parameters, problem.device)


EXACT = Requirement(
    holds=lambda problem: not is_large(problem), words=f"an exact Hessian, of at most {DENSE_LIMIT} parameters"
)
EXACT_OR_L2 = Requirement(
    holds=lambda problem: not is_large(problem) or problem.l2 > 0.0,
    words=f"l2 > 0 or at most {DENSE_LIMIT} parameters",
)
ESTIMATED = Requirement(holds=is_large, words=f"more than {DENSE_LIMIT} parameters")


@dataclass(frozen=True, kw_only=True)
class Curvature(Property):
    """A property of the spectrum, and the method that estimates it if the Hessian is too large."""

    method: Method | None = None
    spellings: tuple[str, ...] = ("Hessian",)

    def meaning(self, problem: Any = None) -> str:  # noqa: ANN401 - as of `Property`
        """The description, with the method if the values on this problem are estimates."""
        if self.method is None or problem is None or not is_large(problem):
            return self.description
        return f"{self.description}, estimated: {self.method.words}"

    def with_error(self) -> Iterator[Property]:
        """The property, then the property for the error of its estimates, if there are any."""
        yield self
        if self.method is not None:
            yield Property(
                name=f"{self.name}_{self.method.ending}",
                description=f"{self.method.error} {self.description}, estimated: {self.method.words}",
                units=self.units,
                requires=(ESTIMATED, *self.requires),
            )


SCALE = f"z = 2 * l2, or {SCALE_WITHOUT_L2:g} where l2 = 0"
LOG_ENERGY = "log energy, summed over eigenvalues"

# For the trace, the largest eigenvalue and, with l2 > 0, the log-determinant, the L2 part is the same for all minima of
# a landscape: values with and without it have equal ranks, and count once as flatness.
PROPERTIES = (
    Curvature(
        name="hessian_trace", description="trace of the Hessian", units=ENERGY, method=HUTCH, trait="flatness", sign=-1
    ),
    Curvature(
        name="task_hessian_trace",
        description="trace of the Hessian less the L2 part, 2 * l2 * P",
        units=ENERGY,
        method=HUTCH,
        section=Section.SHARPNESS,
    ),
    Curvature(
        name="hessian_largest",
        description="largest eigenvalue of the Hessian",
        units=ENERGY,
        method=LANCZOS,
        trait="flatness",
        sign=-1,
    ),
    Curvature(
        name="task_hessian_largest",
        description="largest eigenvalue of the Hessian less the L2 part, 2 * l2",
        units=ENERGY,
        method=LANCZOS,
        section=Section.SHARPNESS,
    ),
    Curvature(name="hessian_smallest", description="smallest eigenvalue of the Hessian", units=ENERGY, method=LANCZOS),
    Curvature(
        name="task_hessian_smallest",
        description="smallest eigenvalue of the Hessian less the L2 part, 2 * l2",
        units=ENERGY,
        method=LANCZOS,
    ),
    Curvature(
        name="hessian_log_determinant",
        description="sum of the logarithms of the Hessian's eigenvalues above the curvature threshold",
        units=LOG_ENERGY,
        requires=(EXACT_OR_L2,),
        method=QUADRATURE,
        trait="flatness",
        sign=-1,
    ),
    Curvature(
        name="task_hessian_log_determinant",
        description=f"log det(I + T / z), T the Hessian less the L2 part, {SCALE}",
        units="nats",
        method=QUADRATURE,
        trait="flatness",
        sign=-1,
    ),
    Curvature(
        name="hessian_positive_eigenvalues",
        description="number of eigenvalues above the curvature threshold",
        units="count",
        requires=(EXACT,),
    ),
    Curvature(
        name="task_hessian_positive_eigenvalues",
        description="number of eigenvalues less 2 * l2 above the curvature threshold",
        units="count",
        requires=(EXACT,),
    ),
    Curvature(
        name="hessian_effective_dimension",
        description=f"sum of lambda / (lambda + z) over the Hessian's eigenvalues, {SCALE}",
        units="count",
        method=QUADRATURE,
        trait="flatness",
        sign=-1,
    ),
    Curvature(
        name="task_hessian_effective_dimension",
        description=f"sum of mu / (mu + z) over the Hessian's eigenvalues less 2 * l2, {SCALE}",
        units="count",
        method=QUADRATURE,
        trait="flatness",
        sign=-1,
    ),
)
CURVATURE = Group(
    name="curvature",
    compute=measured_curvature,
    block=minima_per_curvature_block,
    require=require_smooth,
    settings=("seed",),
    properties=tuple(one for declared in PROPERTIES for one in declared.with_error()),
)
