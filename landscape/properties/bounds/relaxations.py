"""Two straight lines that enclose an activation on an interval, one below and one above.

The choice depends on the shape of the activation, see `landscape.problems.activations`. A line above of any slope s is
sound with the right intercept: the largest f(z) - s z on [l, u], which is at an end or where f' = s. So slopes are
chosen for tightness (Zhang et al. 2018, arXiv 1811.00866, section 3) and the intercepts make them sound:

- convex: the chord above, the tangent at the middle below;
- a scaled tanh: above, the chord if its slope is at most f'(u); otherwise the tangent at the middle, or the tangent
  through (l, f(l)) if it touches further right: this leaves the least area, and is tighter than the paper's rule, which
  takes the second tangent whenever l < 0 < u; below, the same for -f(-z), reflected back;
- a valley (f(z) - z/2 is even, convex between two inflections, concave outside): intervals left of 0 are reflected.
  The slope lies in [0, 1] between the two points where f' = 0 and f' = 1, and nowhere else; for such a slope the chord
  is above f and the tangent below it everywhere. Steeper chords occur right of 0 only, where f is S-shaped.

In floating point the ends, the intercept's product and a slope off by a few roundoffs (times u - l) cost at most 22
machine epsilons times max(1, |argument|); the intercepts are moved outwards by 32.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.problems.activations import Activation, Convex, ScaledTanh, Valley
from landscape.properties.bounds.boxes import MACHINE_EPSILON, Box


class Lines(NamedTuple):
    """lower_slope z + lower_intercept <= f(z) <= upper_slope z + upper_intercept, all of one shape."""

    lower_slope: Float[Tensor, "*shape"]
    lower_intercept: Float[Tensor, "*shape"]
    upper_slope: Float[Tensor, "*shape"]
    upper_intercept: Float[Tensor, "*shape"]


Line = tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]  # slope and intercept


def relax(activation: Activation, box: Box) -> Lines:
    """Lines that enclose the activation on the intervals of a box."""
    (below, lower), (above, upper) = _lines(activation, box)
    slack = 32 * MACHINE_EPSILON * box.magnitude.clamp(min=1.0)
    return Lines(below, lower - slack, above, upper + slack)


def _lines(activation: Activation, box: Box) -> tuple[Line, Line]:
    """The lower and the upper line, in exact arithmetic."""
    match activation.shape:
        case Convex():
            return _convex(activation, box)
        case ScaledTanh(shift, height, rate):
            lines = _tanh(Box(rate * box.lower, rate * box.upper))
            below, above = ((height * rate * slope, shift + height * intercept) for slope, intercept in lines)
            return below, above
        case Valley() as valley:
            return _Valley(activation, *valley).lines(box)


def _convex(activation: Activation, box: Box) -> tuple[Line, Line]:
    middle, at_lower, at_upper = box.middle, activation.value(box.lower), activation.value(box.upper)
    value = activation.value(middle)
    slope, chord = activation.slope(middle, value), _chord(box, at_lower, at_upper)
    upper = torch.maximum(at_lower - chord * box.lower, at_upper - chord * box.upper)
    return (slope, value - slope * middle), (chord, upper)


def _tanh(box: Box) -> tuple[Line, Line]:
    at_lower, at_upper, at_middle = box.lower.tanh(), box.upper.tanh(), box.middle.tanh()
    chord, at_middle = _chord(box, at_lower, at_upper), 1.0 - at_middle.square()
    slope, intercept = _above_tanh(-box.upper, -box.lower, -at_upper, -at_lower, chord, at_middle)
    return (slope, -intercept), _above_tanh(box.lower, box.upper, at_lower, at_upper, chord, at_middle)


def _above_tanh(
    lower: Float[Tensor, "*shape"],
    upper: Float[Tensor, "*shape"],
    at_lower: Float[Tensor, "*shape"],
    at_upper: Float[Tensor, "*shape"],
    chord: Float[Tensor, "*shape"],
    middle_slope: Float[Tensor, "*shape"],
) -> Line:
    direct = chord <= 1.0 - at_upper.square()
    at_most = torch.where(lower + upper > 0.0, middle_slope, 1.0)
    tangent = torch.where(lower < 0.0, torch.minimum(_tangent_slope(lower, at_lower), at_most), middle_slope)
    value, place = _tanh_of_slope(tangent)
    slope = torch.where(direct, chord, tangent)
    intercept = torch.where(direct, at_upper - chord * upper, value - tangent * place)
    return slope, torch.maximum(intercept, at_lower - slope * lower)


def _tangent_slope(lower: Float[Tensor, "*shape"], at_lower: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Slope of the tangent of tanh at some d > 0 through the point of tanh at lower < 0.

    The chord from `lower` to d is steepest at the right d. A step takes the slope of the chord and goes to the place
    where tanh has this slope, which squares the error. From d = arsinh(-lower) / 2, the second slope is right to 5e-8.
    """
    place = 0.5 * torch.asinh(-lower)
    value = -lower / (1.0 + torch.sqrt(1.0 + lower.square()))
    value, place = _tanh_of_slope((value - at_lower) / (place - lower))
    return (value - at_lower) / (place - lower)


def _tanh_of_slope(slope: Float[Tensor, "*shape"]) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Value of tanh and place z >= 0 at which tanh has the slope."""
    value = (1.0 - slope).clamp(min=0.0).sqrt().clamp(max=1.0 - MACHINE_EPSILON)
    return value, value.atanh()


class _Valley(NamedTuple):
    """A valley-shaped activation, with the place where f' = 1 and the place right of it where f'' = 0."""

    activation: Activation
    unit_slope: float
    inflection: float

    def lines(self, box: Box) -> tuple[Line, Line]:
        """The lines below and above the activation.

        An interval whose middle is below 0 is reflected about 0 first, as the symmetry of f(z) - z/2 allows.
        """
        left = box.middle < 0.0
        right = Box(torch.where(left, -box.upper, box.lower), torch.where(left, -box.lower, box.upper))
        at_lower, at_upper = self.activation.value(right.lower), self.activation.value(right.upper)
        lines = self._below(right, at_lower, at_upper), self._above(right, at_lower, at_upper)
        below, above = ((torch.where(left, 1.0 - slope, slope), intercept) for slope, intercept in lines)
        return below, above

    def _above(self, box: Box, at_lower: Float[Tensor, "*shape"], at_upper: Float[Tensor, "*shape"]) -> Line:
        chord = _chord(box, at_lower, at_upper)
        direct = chord <= self.activation.slope(box.upper, at_upper).clamp(min=1.0)
        tangent, intercept = self._tangent(box.middle.clamp(min=self.inflection))
        slope = torch.where(direct, chord, tangent)
        ends = torch.maximum(at_lower - slope * box.lower, at_upper - slope * box.upper)
        return slope, torch.where(direct, ends, torch.maximum(ends, intercept))

    def _below(self, box: Box, at_lower: Float[Tensor, "*shape"], at_upper: Float[Tensor, "*shape"]) -> Line:
        """The lower line that is highest at the middle.

        It is a tangent of slope up to 1 or, in the convex part, the chord or a tangent.
        """
        chord, middle = _chord(box, at_lower, at_upper), box.middle
        direct = (chord > 1.0) & (chord <= self.activation.slope(box.lower, at_lower))
        gentle, gentle_intercept = self._tangent(middle.clamp(max=self.unit_slope))
        tangent, intercept = self._tangent(middle.clamp(max=self.inflection))
        steep = torch.where(direct, chord, tangent)
        ends = torch.minimum(at_lower - steep * box.lower, at_upper - steep * box.upper)
        steep_intercept = torch.where(direct, ends, torch.minimum(ends, intercept))
        higher = steep * middle + steep_intercept > gentle * middle + gentle_intercept
        return torch.where(higher, steep, gentle), torch.where(higher, steep_intercept, gentle_intercept)

    def _tangent(self, place: Float[Tensor, "*shape"]) -> Line:
        value = self.activation.value(place)
        slope = self.activation.slope(place, value)
        return slope, value - slope * place


def _chord(box: Box, at_lower: Float[Tensor, "*shape"], at_upper: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Slope of the chord; 0 if the ends of the interval are one point."""
    return (at_upper - at_lower) / (box.upper - box.lower).clamp(min=torch.finfo(torch.float64).tiny)
