"""Convolution and pooling as linear maps: against torch.nn.functional, and each against its transpose."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from landscape.errors import ConfigError
from landscape.problems.networks.layers import Convolution, Dense, Window, matrix

sides = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    image = draw(st.integers(1, 3)), draw(st.integers(3, 6)), draw(st.integers(3, 6))
    return Window(image, draw(sides), draw(sides), draw(st.tuples(st.integers(0, 2), st.integers(0, 2))))


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def rows(images: Tensor) -> Tensor:
    """Images [W, N, C, H, W] as rows [W, C * H * W, N]."""
    return images.flatten(2).mT


@given(window=windows())
@settings(max_examples=60, deadline=None)
def test_a_convolution_is_that_of_torch(window: Window) -> None:
    layer = Convolution(window, 4)
    images, weight = normal(2, 3, *window.image), normal(2, 4, layer.n_in)
    kernels = weight.view(2, 4, window.image[0], *window.kernel)
    pairs = zip(images, kernels, strict=True)
    expected = rows(torch.stack([functional.conv2d(x, k, None, window.stride, window.padding) for x, k in pairs]))
    found = (weight @ layer.enter(rows(images))).view(expected.shape)
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(matrix(layer, weight) @ rows(images), expected, rtol=1e-13, atol=1e-13)
    assert (layer.n_below, layer.n_units) == (images[0, 0].numel(), expected.shape[1])
    assert layer.n_parameters == 4 * (layer.n_in + 1)


@given(window=windows())
@settings(max_examples=60, deadline=None)
def test_pooling_is_that_of_torch(window: Window) -> None:
    pool = Window(window.image, window.kernel, window.stride)
    images = normal(2, 3, *pool.image)
    means = functional.avg_pool2d(images.flatten(0, 1), pool.kernel, pool.stride)
    expected = rows(means.unflatten(0, (2, 3)))  # type: ignore[no-untyped-call]
    layer = Dense(expected.shape[1], 2, pool)
    torch.testing.assert_close(layer.enter(rows(images)), expected, rtol=1e-13, atol=1e-13)
    weight = normal(2, 2, layer.n_in)
    torch.testing.assert_close(matrix(layer, weight) @ rows(images), weight @ expected, rtol=1e-13, atol=1e-13)


@given(window=windows(), pool=st.booleans())
@settings(max_examples=60, deadline=None)
def test_what_enters_and_what_leaves_are_transposes(window: Window, pool: bool) -> None:
    before = Window((window.image[0], 9, 8), (2, 2), (1, 2)) if pool else None
    layer = Convolution(window if before is None else Window(before.pooled, *((2, 2), (1, 1))), 2, before)
    values = normal(2, layer.n_below, 3)
    columns = normal(*layer.enter(values).shape).flip(1)
    torch.testing.assert_close((layer.enter(values) * columns).sum(), (values * layer.leave(columns)).sum())


def test_a_window_larger_than_its_image() -> None:
    with pytest.raises(
        ConfigError, match=r"found one of 4 x 2 on an image of 3 x 5 with 0 x 1 zeros .* take a smaller"
    ):
        Window((1, 3, 5), (4, 2), (1, 1), (0, 1))
