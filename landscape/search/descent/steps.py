"""One step of the gradient flow dx/dt = -g by either of two Runge-Kutta methods for stiff equations.

- `chebyshev_steps`: RKC of second order (Sommeijer, Shampine and Verwer 1997, doi 10.1016/S0377-0427(97)00219-7),
  explicit. With s stages of one gradient each it is stable up to a time of 0.65 s^2 over the largest curvature.
- `rosenbrock_steps`: RODAS of fourth order (Hairer and Wanner 1996, Solving Ordinary Differential Equations II, IV.7),
  linearly implicit: a Hessian, its Cholesky factor and six gradients, stable for any time. The shifted Hessian
  H + 1 / (GAMMA time) must be positive definite, which bounds the time where the flow diverges.

Both return the end, its gradient and an estimate of its error, from a method of lower order.
Shapes: W walkers, P parameters, S stages.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics.spectra import difference_products, krylov
from landscape.objective import Objective
from landscape.search.descent.kernel import chebyshev_ends

DAMPING = 2.0 / 13.0
CURVATURE_MARGIN = 1.25
DIFFERENCE = 1e-5  # displacement by which gradient differences measure curvatures
CARRYING_VECTORS = 4
MOST_GROWTH = 40.0  # largest logarithm of the factor by which a displacement grows in a step
GAMMA = 0.25
# Coefficients of `rosenbrock_steps`: in each row, that of a stage, the weights of the earlier stages. The sum with the
# weights of ARGUMENT leads to the point of the next gradient. The sum with those of ADDED is divided by the time, and
# the gradient is subtracted from it.
ARGUMENT = (
    (),
    (1.544,),
    (0.9466785280815826, 0.2557011698983284),
    (3.314825187068521, 2.896124015972201, 0.9986419139977817),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0),
)
ADDED = (
    (),
    (-5.6688,),
    (-2.430093356833875, -0.2063599157091915),
    (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
    (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160),
    (8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054),
)


def largest_curvatures(
    objective: Objective,
    theta: Float[Tensor, "W P"],
    gradient: Float[Tensor, "W P"],
    steepest: Float[Tensor, "W P"],
    iterations: int,
) -> tuple[Float[Tensor, " W"], Float[Tensor, "W P"]]:
    """The largest curvatures [W] with a margin, and their directions, by power iterations on gradient differences."""
    curvature, product = torch.zeros_like(theta[:, 0]), difference_products(objective, theta, gradient, DIFFERENCE)
    for _ in range(iterations):
        image = product(steepest)
        curvature = image.norm(dim=1)
        bent = curvature[:, None] > 0.0  # elsewhere the last direction is kept
        steepest = torch.where(bent, image / curvature[:, None].clamp_min(1e-300), steepest)
    return CURVATURE_MARGIN * curvature, steepest


class Steps(NamedTuple):
    """Ends of steps with their energies and gradients, and estimates of the errors of the ends."""

    theta: Float[Tensor, "W P"]
    energy: Float[Tensor, " W"]
    gradient: Float[Tensor, "W P"]
    error: Float[Tensor, "W P"]


def stages_needed(time: Float[Tensor, " W"], curvature: Float[Tensor, " W"]) -> Int[Tensor, " W"]:
    """Fewest stages [W] with which a Chebyshev step of these times is stable, given the largest curvatures."""
    return (1.0 + 1.54 * time * curvature).sqrt().ceil().clamp(2, 1e6).long()


def chebyshev_steps(
    objective: Objective,
    theta: Float[Tensor, "W P"],
    gradient: Float[Tensor, "W P"],
    time: Float[Tensor, " W"],
    stages: Int[Tensor, " W"],
) -> Steps:
    """Explicit steps from theta [W, P], each with its own time [W] and number of stages [W]."""
    weights = [torch.tensor(_chebyshev(count), device=theta.device) for count in stages.tolist()]
    table = torch.nn.utils.rnn.pad_sequence(weights, batch_first=True)  # [W, S, 5]
    flow, kernel = -time[:, None] * gradient, objective.kernel()
    if kernel is None:
        end = _chebyshev_ends(objective, theta, flow, time, stages, table)
    else:
        end = torch.empty_like(theta, memory_format=torch.contiguous_format)
        arrays = (part.contiguous().numpy() for part in (theta, flow, time, stages, table, end))
        chebyshev_ends(kernel.function, *arrays)
        kernel.called(int(stages.sum()) - len(stages))
    energy, slope = objective.energy_and_gradient(end)
    error = 0.8 * (theta - end) + 0.4 * (flow - time[:, None] * slope)
    return Steps(end, energy, slope, error)


def _chebyshev_ends(
    objective: Objective,
    theta: Float[Tensor, "W P"],
    flow: Float[Tensor, "W P"],
    time: Float[Tensor, " W"],
    stages: Int[Tensor, " W"],
    table: Float[Tensor, "W S 5"],
) -> Float[Tensor, "W P"]:
    """Ends of steps from theta [W, P]; each stage is computed for all walkers side by side."""
    order = stages.argsort(descending=True, stable=True)  # walkers that need more stages come first
    counts = stages[order].cpu().numpy()
    first, flow, time, table = theta[order], flow[order], time[order, None], table[order]
    before, now = first, first + table[:, 0, 3:4] * flow
    for stage in range(1, int(counts[0])):
        left = int((counts > stage).sum())
        slope = -time[:left] * objective.energy_and_gradient(now[:left])[1]
        own, last, older, at_last, at_first = table[:left, stage, :, None].unbind(1)
        following = own * first[:left] + last * now[:left] + older * before[:left]
        following += at_last * slope + at_first * flow[:left]
        before, now = now, torch.cat([following, now[left:]])
    return now[order.argsort()]


@cache
def _chebyshev(stages: int) -> np.ndarray:
    """Weights [S, 5] of five terms in each stage.

    The terms are the start, the previous stage, the stage before that, the flow at the previous stage, and the flow at
    the start.
    """
    argument = 1.0 + DAMPING / stages**2
    value, slope, curve = (np.zeros(stages + 1) for _ in range(3))  # of the Chebyshev polynomials
    value[:2], slope[1] = (1.0, argument), 1.0
    for j in range(2, stages + 1):
        value[j] = 2.0 * argument * value[j - 1] - value[j - 2]
        slope[j] = 2.0 * value[j - 1] + 2.0 * argument * slope[j - 1] - slope[j - 2]
        curve[j] = 4.0 * slope[j - 1] + 2.0 * argument * curve[j - 1] - curve[j - 2]
    scale = slope[-1] / curve[-1]
    b = np.empty(stages + 1)
    b[2:] = curve[2:] / slope[2:] ** 2
    b[:2] = b[2]
    a = 1.0 - b * value
    table = np.zeros((stages, 5))
    table[0, 3] = b[1] * scale
    for j in range(2, stages + 1):
        last, older, at_last = 2.0 * b[j] * argument / b[j - 1], -b[j] / b[j - 2], 2.0 * b[j] * scale / b[j - 1]
        table[j - 1] = 1.0 - last - older, last, older, at_last, -a[j - 1] * at_last
    return table


class ShiftedFactors(NamedTuple):
    """Cholesky factors of H + 1 / (GAMMA time), and true where such a factor exists."""

    lower: Float[Tensor, "W P P"]
    exists: Bool[Tensor, " W"]
    first: Float[Tensor, "W P"]  # the first stage of a step with them

    def take(self, rows: Int[Tensor, " R"]) -> "ShiftedFactors":
        """The factors of some walkers."""
        return ShiftedFactors(*(part[rows] for part in self))


def shifted_factors(
    hessian: Float[Tensor, "W P P"], gradient: Float[Tensor, "W P"], time: Float[Tensor, " W"]
) -> ShiftedFactors:
    """The factors for `rosenbrock_steps` of these times [W], and the first stages of the steps."""
    shifted = hessian.clone()
    shifted.diagonal(dim1=1, dim2=2).add_(1.0 / (GAMMA * time[:, None]))
    lower, failed = torch.linalg.cholesky_ex(shifted)
    return ShiftedFactors(lower, failed == 0, solve_factored(lower, -gradient))


def rosenbrock_steps(
    objective: Objective, theta: Float[Tensor, "W P"], factors: ShiftedFactors, time: Float[Tensor, " W"]
) -> Steps:
    """Linearly implicit steps from theta [W, P], for the times [W] with which the factors were made."""
    found = [factors.first]
    point = theta
    for argument, added in zip(ARGUMENT[1:], ADDED[1:], strict=True):
        point = theta + _combined(argument, found)
        slope = objective.energy_and_gradient(point)[1]
        found.append(solve_factored(factors.lower, _combined(added, found) / time[:, None] - slope))
    end = point + found[-1]
    return Steps(end, *objective.energy_and_gradient(end), found[-1])


def carried_by_factors(
    factors: ShiftedFactors, vectors: Float[Tensor, "W P"], time: Float[Tensor, " W"]
) -> Float[Tensor, "W P"]:
    """Displacements [W, P] of the ends of implicit steps for small displacements `vectors` [W, P] of their starts.

    They are propagated by implicit Euler steps with the given factors, a quarter of the time each, and grow a little
    too fast where the curvature is negative.
    """
    for _ in range(round(1.0 / GAMMA)):
        vectors = solve_factored(factors.lower, vectors) / (GAMMA * time[:, None])
    return vectors


def carried_by_differences(
    objective: Objective,
    theta: Float[Tensor, "W P"],
    gradient: Float[Tensor, "W P"],
    vectors: Float[Tensor, "W P"],
    time: Float[Tensor, " W"],
) -> Float[Tensor, "W P"]:
    """`carried_by_factors` for explicit steps, from the curvatures in a small Krylov space of the displacements."""
    found = krylov(difference_products(objective, theta, gradient, DIFFERENCE), CARRYING_VECTORS, vectors)
    growth = (-time[:, None] * found.values).clamp(max=MOST_GROWTH).exp()
    parts = torch.bmm(vectors[:, None], found.vectors)[:, 0] * growth
    carried: Tensor = torch.bmm(found.vectors, parts[:, :, None])[:, :, 0]
    return carried


def _combined(weights: tuple[float, ...], stages: list[Float[Tensor, "W P"]]) -> Float[Tensor, "W P"]:
    """The weighted sum [W, P] of stages."""
    total = weights[0] * stages[0]
    for weight, stage in zip(weights[1:], stages[1:], strict=True):
        total = total.add_(stage, alpha=weight)
    return total


def across(vectors: Float[Tensor, "W P"], along: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
    """The parts of vectors [W, P] normal to the directions `along` [W, P]."""
    unit = along / along.norm(dim=1, keepdim=True).clamp_min(1e-300)
    normal: Tensor = vectors - (vectors * unit).sum(1, keepdim=True) * unit
    return normal


def solve_factored(lower: Float[Tensor, "W P P"], right: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
    """Solutions [W, P] of L L' x = right for lower factors L [W, P, P]."""
    solution: Tensor = torch.cholesky_solve(right[:, :, None], lower)[:, :, 0]
    return solution
