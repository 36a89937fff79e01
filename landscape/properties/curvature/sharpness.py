"""Sharpness: the rise of the energy within a small neighbourhood of a minimum.

- Keskar sharpness (Keskar et al. 2017, arXiv 1609.04836, metric 2.1 with A = I): 100 (max E - E) / (1 + E), in percent,
  over the box |delta_i| <= KESKAR_EPSILON (|theta_i| + 1).
- SAM sharpness (Foret et al. 2021, arXiv 2010.01412): max E - E over the ball |delta| <= SAM_RADIUS. The paper's
  first-order step, SAM_RADIUS g / |g|, says nothing about E, whose gradient g is zero at a minimum; it is measured for
  the loss without its L2 part.

The same ascent searches both maxima: from delta to the point of the neighbourhood that is farthest along the gradient
at theta + delta; for the ball this repeats SAM's step. Where the energy is convex, as near a minimum, no step goes
down, and ascents end at a corner of the box or on the sphere. There are DIRECTIONS ascents of STEPS steps: the first
along the gradient of the loss without its L2 part, the others in random directions that all minima share. The value is
the highest energy reached, so it is a lower bound of the maximum.

The canonical copy of a minimum is measured, so that symmetric copies have equal values. No Hessian is needed: kinks do
no harm.

Shapes: M minima, P parameters, D directions, W points.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.declaration import ENERGY, Property, Section
from landscape.numerics.streams import stream
from landscape.problems.problem import Problem
from landscape.properties.draws import SHARPNESS_STREAM

KESKAR_EPSILON = 1e-3
SAM_RADIUS = 0.05
DIRECTIONS = 16
STEPS = 6

EnergyAndGradient = Callable[[Float[Tensor, "W P"]], tuple[Float[Tensor, " W"], Float[Tensor, "W P"]]]
Farthest = Callable[[Float[Tensor, "W P"], Float[Tensor, "W P"]], Float[Tensor, "W P"]]
"""From points and gradients to the displacements in the neighbourhood that lie farthest along the gradients."""


def sharpness(problem: Problem, theta: Float[Tensor, "M P"], seed: int = 0) -> dict[str, Float[Tensor, " M"]]:
    """Named sharpnesses [M] at theta of the energy and, as task_*, of the loss without the L2 part."""
    theta = canonical(problem, theta)
    directions = _directions(problem, theta, seed)
    found = {}
    for prefix, energy in (("", problem.energy_and_gradient), ("task_", lambda point: task_loss(problem, point))):
        rise = largest_rise(energy, theta, box_corner, directions)
        found[f"{prefix}keskar_sharpness"] = 100.0 * rise / (1.0 + energy(theta)[0])
        found[f"{prefix}sam_sharpness"] = largest_rise(energy, theta, ball_point, directions)
    return found | {"task_sam_first_order": first_order_rise(lambda point: task_loss(problem, point), theta)}


def canonical(problem: Problem, theta: Float[Tensor, "M P"]) -> Float[Tensor, "M P"]:
    """The canonical copies of theta."""
    return torch.from_numpy(problem.symmetry.canonical(theta.cpu().numpy())).to(theta.device)


def task_loss(problem: Problem, theta: Float[Tensor, "M P"]) -> tuple[Float[Tensor, " M"], Float[Tensor, "M P"]]:
    """The mean loss without the L2 part and its gradient."""
    energy, gradient = problem.energy_and_gradient(theta)
    return energy - problem.l2 * theta.square().sum(1), gradient - 2.0 * problem.l2 * theta


def box_corner(theta: Float[Tensor, "M P"], gradient: Float[Tensor, "M P"]) -> Float[Tensor, "M P"]:
    """The corner of Keskar's box that is farthest along the gradient."""
    reach = KESKAR_EPSILON * (theta.abs() + 1.0)
    return torch.where(gradient >= 0.0, reach, -reach)


def ball_point(theta: Float[Tensor, "M P"], gradient: Float[Tensor, "M P"]) -> Float[Tensor, "M P"]:
    """The point of SAM's ball that is farthest along the gradient; the centre if the gradient is zero."""
    length = gradient.norm(dim=1, keepdim=True)
    return torch.where(length > 0.0, SAM_RADIUS * gradient / length, torch.zeros_like(theta))


def largest_rise(
    energy: EnergyAndGradient,
    theta: Float[Tensor, "M P"],
    farthest: Farthest,
    directions: Float[Tensor, "M D P"],
    steps: int = STEPS,
) -> Float[Tensor, " M"]:
    """Largest rise of the energy above that of theta, over all ascents along the directions."""
    centre = theta.repeat_interleave(directions.shape[1], 0)
    point = centre + farthest(centre, directions.flatten(0, 1))
    value, gradient = energy(point)
    highest = value
    for _ in range(steps):
        value, gradient = energy(centre + farthest(centre, gradient))
        highest = torch.maximum(highest, value)
    return highest.view(directions.shape[:2]).amax(1) - energy(theta)[0]


def first_order_rise(energy: EnergyAndGradient, theta: Float[Tensor, "M P"]) -> Float[Tensor, " M"]:
    """Rise of the energy by SAM's first-order step from theta."""
    value, gradient = energy(theta)
    return energy(theta + ball_point(theta, gradient))[0] - value


def _directions(problem: Problem, theta: Float[Tensor, "M P"], seed: int) -> Float[Tensor, "M D P"]:
    """Directions: the gradient of the task loss, then random ones that are the same for all minima."""
    random = stream(seed, SHARPNESS_STREAM).standard_normal((DIRECTIONS - 1, theta.shape[1]))
    shared = torch.tensor(random, device=theta.device).expand(len(theta), -1, -1)
    return torch.cat([task_loss(problem, theta)[1][:, None], shared], 1)


BOX = f"max over the box of half-widths {KESKAR_EPSILON:g} (|theta_i| + 1)"
BALL = f"max over the ball of radius {SAM_RADIUS:g}"
ASCENT = f"the highest seen by {DIRECTIONS} ascents of {STEPS} steps"

PROPERTIES = (
    Property(
        name="keskar_sharpness",
        description=f"100 (max E - E) / (1 + E), {BOX}; {ASCENT}",
        units="percent",
        trait="flatness",
        sign=-1,
        section=Section.SHARPNESS,
        spellings=("Keskar",),
    ),
    Property(
        name="task_keskar_sharpness",
        description=f"100 (max L - L) / (1 + L) of the loss L without the L2 term, {BOX}; {ASCENT}",
        units="percent",
        trait="flatness",
        sign=-1,
    ),
    Property(
        name="sam_sharpness",
        description=f"max E - E, {BALL}; {ASCENT}",
        units=ENERGY,
        trait="flatness",
        sign=-1,
        section=Section.SHARPNESS,
        spellings=("SAM",),
    ),
    Property(
        name="task_sam_sharpness",
        description=f"max L - L of the loss L without the L2 term, {BALL}; {ASCENT}",
        units=ENERGY,
        trait="flatness",
        sign=-1,
    ),
    Property(
        name="task_sam_first_order",
        description=f"rise of the loss without the L2 term by a step of {SAM_RADIUS:g} along its gradient (SAM's "
        "first-order step)",
        units=ENERGY,
        trait="flatness",
        sign=-1,
    ),
)
