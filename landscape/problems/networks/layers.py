"""The linear layers of a network: the columns that enter them, and the weights that multiply these columns.

Every layer multiplies its weight [out, in] by columns of numbers and adds its bias. A dense layer has one column per
sample; a convolution has one per sample and position of its window, the patch of the image at that position. `enter`
makes the columns from the activations below; `leave`, its transpose, carries gradients back. Average pooling is linear
too and belongs to the layer above it, as its first operation.

Shapes: [...] any leading axes, L positions, N samples, which come last. An image of C channels is C * H * W rows,
flattened as in torch; the weight of a convolution is [out, C, rows, columns of its window], flattened.
"""

from dataclasses import dataclass
from functools import cached_property
from math import prod

import torch
from torch import Tensor
from torch.nn import functional

from landscape.errors import ConfigError

Pair = tuple[int, int]
Image = tuple[int, int, int]


@dataclass(frozen=True)
class Window:
    """A window that slides over an image (C, H, W) padded with zeros; sizes are pairs (rows, columns).

    Raises `ConfigError` if the window is larger than the padded image.
    """

    image: Image
    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)

    def __post_init__(self) -> None:
        if min(self.places) < 1:
            raise ConfigError(
                "expected the window of a convolution or pooling to fit into its image, found one of "
                f"{_by(self.kernel)} on an image of {_by(self.image[1:])} with {_by(self.padding)} zeros on either "
                "side: take a smaller window, more padding, or less pooling and smaller strides before it"
            )

    @cached_property
    def places(self) -> Pair:
        """Numbers of rows and columns of the places of the window."""
        sides = zip(self.image[1:], self.kernel, self.stride, self.padding, strict=True)
        rows, columns = ((size + 2 * zeros - inside) // step + 1 for size, inside, step, zeros in sides)
        return rows, columns

    @property
    def pooled(self) -> Image:
        """Channels, rows and columns of the means over the window."""
        return self.image[0], *self.places

    def patches(self, values: Tensor) -> Tensor:
        """The patches [..., C * kernel, L * N] of images [..., C * H * W, N]."""
        (rows, columns), (down, right) = self.padding, self.stride
        images = functional.pad(torch.unflatten(values, -2, self.image), (0, 0, columns, columns, rows, rows))
        windows = images.unfold(-3, self.kernel[0], down).unfold(-3, self.kernel[1], right)
        return windows.movedim((-2, -1), (-5, -4)).flatten(-6, -4).flatten(-3)

    def images(self, patches: Tensor) -> Tensor:
        """The transpose of `patches`: sums [..., C * H * W, N] of patches [..., C * kernel, L * N]."""
        (rows, columns), (channels, height, width) = self.padding, self.image
        inside = torch.unflatten(torch.unflatten(patches, -2, (channels, *self.kernel)), -1, (*self.places, -1))
        padded = height + 2 * rows, width + 2 * columns
        total = inside.new_zeros(*patches.shape[:-2], channels, *padded, inside.shape[-1])
        for row in range(self.kernel[0]):
            for column in range(self.kernel[1]):
                self._under(total, row, column).add_(inside[..., row, column, :, :, :])
        return total[..., rows : rows + height, columns : columns + width, :].flatten(-4, -2)

    def means(self, values: Tensor) -> Tensor:
        """Means [..., C * L, N] of images [..., C * H * W, N] over the window; there is no padding."""
        images = torch.unflatten(values, -2, self.image)
        total = images.new_zeros(*images.shape[:-4], self.image[0], *self.places, images.shape[-1])
        for row in range(self.kernel[0]):
            for column in range(self.kernel[1]):
                total += self._under(images, row, column)
        return (total / prod(self.kernel)).flatten(-4, -2)

    def spread(self, means: Tensor) -> Tensor:
        """The transpose of `means`: images [..., C * H * W, N] over which means [..., C * L, N] are spread."""
        shares = torch.unflatten(means, -2, (self.image[0], *self.places)) / prod(self.kernel)
        total = shares.new_zeros(*means.shape[:-2], *self.image, means.shape[-1])
        for row in range(self.kernel[0]):
            for column in range(self.kernel[1]):
                self._under(total, row, column).add_(shares)
        return total.flatten(-4, -2)

    def _under(self, images: Tensor, row: int, column: int) -> Tensor:
        """View [..., C, rows, columns, N] of the pixels under entry (row, column) of the window at all its places."""
        (down, right), (rows, columns) = self.stride, self.places
        return images[..., row : row + down * rows : down, column : column + right * columns : right, :]


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: outputs = weight @ inputs + bias, or without a bias; inputs may be pooled first."""

    n_in: int
    n_out: int
    pool: Window | None = None
    bias: bool = True

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return self.n_out * (self.n_in + self.bias)

    @property
    def n_below(self) -> int:
        """Number of rows that enter, before pooling."""
        return self.n_in if self.pool is None else prod(self.pool.image)

    @property
    def n_units(self) -> int:
        """Number of rows that leave."""
        return self.n_out

    @property
    def doubles(self) -> int:
        """Number of float64 values that a gradient touches for each walker and sample."""
        return 3 * self.n_out + (0 if self.pool is None else 2 * self.n_in)

    def enter(self, values: Tensor) -> Tensor:
        """Columns [..., in, N] of values [..., n_below, N]."""
        return values if self.pool is None else self.pool.means(values)

    def leave(self, columns: Tensor) -> Tensor:
        """The transpose of `enter`: gradients [..., n_below, N] from those of the columns."""
        return columns if self.pool is None else self.pool.spread(columns)


@dataclass(frozen=True)
class Convolution:
    """A layer that multiplies its weight by the patches of an image under a sliding window; the image may be pooled
    first. `n_out` is the number of channels, `n_in` the length of a patch.
    """

    window: Window
    n_out: int
    pool: Window | None = None
    bias: bool = True

    @property
    def n_in(self) -> int:
        """Length of a flattened patch."""
        return self.window.image[0] * prod(self.window.kernel)

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return self.n_out * (self.n_in + self.bias)

    @property
    def image(self) -> Image:
        """Channels, rows and columns of the output."""
        return self.n_out, *self.window.places

    @property
    def n_below(self) -> int:
        """Number of rows that enter, before pooling."""
        return prod((self.pool or self.window).image)

    @property
    def n_units(self) -> int:
        """Number of rows that leave."""
        return prod(self.image)

    @property
    def doubles(self) -> int:
        """Number of float64 values that a gradient touches for each walker and sample."""
        return 3 * self.n_units + 2 * self.n_in * prod(self.window.places)

    def enter(self, values: Tensor) -> Tensor:
        """Columns [..., in, L * N] of values [..., n_below, N]."""
        return self.window.patches(values if self.pool is None else self.pool.means(values))

    def leave(self, columns: Tensor) -> Tensor:
        """The transpose of `enter`: gradients [..., n_below, N] from those of the columns."""
        images = self.window.images(columns)
        return images if self.pool is None else self.pool.spread(images)


Layer = Dense | Convolution


def matrix(layer: Layer, weight: Tensor) -> Tensor:
    """The linear map of a layer as a matrix [..., n_units, n_below], for its weight [..., out, in]."""
    if isinstance(layer, Dense) and layer.pool is None:
        return weight
    units = torch.eye(layer.n_units, dtype=weight.dtype, device=weight.device)
    columns = weight.mT @ units.view(layer.n_out, -1)
    return layer.leave(columns).mT


def _by(sizes: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in sizes)
