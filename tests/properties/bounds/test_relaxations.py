import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from landscape.problems.activations import ACTIVATIONS, Convex, ScaledTanh, Valley
from landscape.properties.bounds import relaxations
from landscape.properties.bounds.boxes import Box
from landscape.properties.bounds.relaxations import Lines, relax
from tests.properties.small_problems import FUNCTIONS


def box(lower: np.ndarray | list[float], upper: np.ndarray | list[float]) -> Box:
    return Box(torch.tensor(lower, dtype=torch.float64), torch.tensor(upper, dtype=torch.float64))


def worst_breach(name: str, lines: Lines, places: np.ndarray) -> float:
    """Largest excess of the function over the lines, in extended precision except for the function itself."""
    values, wide = FUNCTIONS[name](places), places.astype(np.longdouble)
    below, lower, above, upper = (part.numpy() for part in lines)
    return float(max((below * wide + lower - values).max(), (values - above * wide - upper).max()))


@pytest.mark.parametrize("spread", [1e-14, 1e-8, 1e-3, 1.0, 5.0, 50.0, 1e4])
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_no_value_leaves_the_lines(name: str, spread: float) -> None:
    rng = np.random.default_rng(3)
    centre = np.concatenate([rng.normal(size=3000) * scale for scale in (0.0, 1.0, 3.0, 30.0)])
    lower = centre - spread * rng.uniform(size=centre.shape) ** 3
    upper = np.maximum(centre + spread * rng.uniform(size=centre.shape) ** 3, lower)
    lines = relax(ACTIVATIONS[name], box(lower, upper))
    places = np.clip(lower + np.linspace(0.0, 1.0, 101)[:, None] * (upper - lower), lower, upper)
    assert all(torch.isfinite(part).all() for part in lines)
    assert worst_breach(name, lines, places) <= 0.0


@settings(max_examples=300)
@given(
    name=st.sampled_from(sorted(ACTIVATIONS)),
    ends=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(sorted) | st.just([0.0, 0.0]),
    share=st.floats(0, 1),
)
def test_lines_hold_at_any_interval(name: str, ends: list[float], share: float) -> None:
    lower, upper = ends
    inner = min(max(lower + share * (upper - lower), lower), upper)
    assert worst_breach(name, relax(ACTIVATIONS[name], box([lower], [upper])), np.array([inner])) <= 0.0


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_the_gap_shrinks_with_the_square_of_the_width(name: str) -> None:
    middle = np.linspace(-6.0, 6.0, 240) + 1e-3  # no interval contains the kink of relu
    for width in (1e-2, 1e-3):
        below, lower, above, upper = relax(ACTIVATIONS[name], box(middle - 0.5 * width, middle + 0.5 * width))
        gap = (above - below) * torch.tensor(middle) + upper - lower
        assert (
            gap.max() < 0.25 * width**2
        )  # half the largest curvature, over 4, is at most 0.13; tangents through an end


@pytest.mark.parametrize("lower", [-1e-3, -0.1, -0.5, -1.0, -2.0, -5.0, -20.0, -300.0])
def test_the_tangent_of_tanh_passes_through_the_end(lower: float) -> None:
    def excess(place: float) -> float:
        return float((1 - np.tanh(place) ** 2) * (place - lower) - np.tanh(place) + np.tanh(lower))

    place = brentq(excess, 1e-9, 20.0, xtol=1e-14)
    point = torch.tensor([lower], dtype=torch.float64)
    slope = relaxations._tangent_slope(point, point.tanh())
    assert slope.item() == pytest.approx(1 - np.tanh(place) ** 2, rel=6e-8)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_an_activation_has_the_shape_that_it_names(name: str) -> None:
    activation, z = ACTIVATIONS[name], torch.linspace(-9.0, 9.0, 181, dtype=torch.float64)
    value = activation.value(z)
    match activation.shape:
        case Convex():
            assert (value[:-2] + value[2:] - 2.0 * value[1:-1]).min() >= -1e-14
        case ScaledTanh(shift, height, rate):
            torch.testing.assert_close(value, shift + height * torch.tanh(rate * z), rtol=0, atol=1e-15)
        case Valley(unit_slope, inflection):
            torch.testing.assert_close(value, z + activation.value(-z), rtol=0, atol=1e-14)
            marks = torch.tensor([unit_slope, inflection], dtype=torch.float64)
            assert activation.derivative(marks[0]).item() == pytest.approx(1.0, abs=1e-14)
            assert activation.second_derivative(marks[1]).item() == pytest.approx(0.0, abs=1e-14)
            assert torch.equal(activation.second_derivative(z) > 0.0, z.abs() < inflection)
