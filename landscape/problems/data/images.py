"""Sets of images: selection of classes, and conversion of pixels to inputs.

Pixels are read as bytes, and a subset is drawn from them. Only then are pixels converted to numbers between 0 (black)
and 1 (white), downscaled or grey on request. N images of C channels, height H and width W.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np

from landscape.errors import DataError
from landscape.messages import did_you_mean
from landscape.problems.data.image_files import CIFAR10, IDX, N_CLASSES, STL10, ImageFormat, Part
from landscape.problems.data.packaged_images import digits, mnist_5k
from landscape.problems.data.samples import Arrays

Shape = tuple[int, int, int]
"""Channels, height and width of an image."""

LUMINANCE = np.array([299, 587, 114])  # thousandths of red, green and blue in grey: ITU-R BT.601


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """Names of classes in the order of their labels, source of the images (files or a package), and value of white."""

    classes: tuple[str, ...]
    source: ImageFormat | Callable[[], Part]
    white: int = 255

    @property
    def in_folder(self) -> bool:
        """True if the images are files in a folder."""
        return isinstance(self.source, ImageFormat)


_NUMERALS = tuple("0123456789")
_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_STL10 = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")

IMAGE_SETS = {
    "digits": ImageSet(classes=_NUMERALS, source=digits, white=16),
    "mnist_5k": ImageSet(classes=_NUMERALS, source=mnist_5k),
    "mnist": ImageSet(classes=_NUMERALS, source=IDX),
    "fashion_mnist": ImageSet(classes=_FASHION, source=IDX),
    "cifar10": ImageSet(classes=_CIFAR10, source=CIFAR10),
    "stl10": ImageSet(classes=_STL10, source=STL10),
}
IMAGES = tuple(name for name, images in IMAGE_SETS.items() if not images.in_folder)
IMAGE_FOLDERS = tuple(name for name, images in IMAGE_SETS.items() if images.in_folder)


def image_set(source: str) -> ImageSet | None:
    """The set named by a `dataset` value, `digits` or `KIND:FOLDER`; None if the value names no images."""
    kind, colon, _ = source.partition(":")
    images = IMAGE_SETS.get(kind)
    return images if images is not None and images.in_folder == bool(colon) else None


def read_images(images: ImageSet, source: str, classes: Sequence[str], *, test: bool) -> Arrays:
    """Pixels [N, C, H, W] and labels int64[N] of the named classes, relabelled in this order; of all if none is named.

    With `test`, the images of test files, if these exist, are `test_inputs` and `test_targets`. Raises `DataError` for
    unusable files and classes.
    """
    kept = tuple(classes) or images.classes
    labels = [_label(name, images.classes, source) for name in kept]
    parts = {name: _kept(part, labels) for name, part in _parts(images, source, test=test).items()}
    absent = [name for label, name in enumerate(kept) if label not in parts[""][1]]
    if absent:
        raise DataError(
            f"{source}: expected training images of every class, found none of {', '.join(absent)}; "
            "name the classes to keep, without these, in classes"
        )
    arrays = {f"{name}inputs": pixels for name, (pixels, _) in parts.items()}
    return arrays | {f"{name}targets": targets for name, (_, targets) in parts.items()}


def as_inputs(images: ImageSet, arrays: Arrays, source: str, *, downscale: int, grey: bool) -> tuple[Arrays, Shape]:
    """The arrays with inputs float64[N, C * H * W] from 0 to 1 instead of pixels, and the shape of an image.

    Blocks of `downscale` x `downscale` pixels are replaced by their mean and, with `grey`, colours by their luminance.
    Raises `DataError` if blocks do not fill an image, if images are grey already, or if test images differ in shape.
    """
    channels, height, width = arrays["inputs"].shape[1:]
    test = arrays.get("test_inputs", arrays["inputs"])
    if test.shape[1:] != arrays["inputs"].shape[1:]:
        raise DataError(
            f"{source}: expected test images like the training images, {height} x {width} pixels, "
            f"found {test.shape[2]} x {test.shape[3]}; take all files from the same place"
        )
    if height % downscale or width % downscale:
        common = gcd(height, width)
        choices = ", ".join(str(size) for size in range(1, common + 1) if common % size == 0)
        raise DataError(
            f"{source}: expected a downscale that divides the {height} x {width} pixels of an image, "
            f"found {downscale}; take one of {choices}"
        )
    if grey and channels != 3:
        raise DataError(
            f"{source}: expected colours to make grey, found images that are grey already; set grey = false"
        )
    values = {
        name: _values(array, downscale, images.white, grey=grey) for name, array in arrays.items() if array.ndim == 4
    }
    shape = (1 if grey else channels, height // downscale, width // downscale)
    return arrays | {name: array.reshape(len(array), -1) for name, array in values.items()}, shape


def _label(name: str, known: Sequence[str], source: str) -> int:
    if name not in known:
        raise DataError(
            f"{source}: expected classes out of {', '.join(known)}, found {name!r}; {did_you_mean(name, known)}"
        )
    return known.index(name)


def _parts(images: ImageSet, source: str, *, test: bool) -> dict[str, Part]:
    """The training images, under an empty prefix, and the test images, under `test_`, if requested and present."""
    if not isinstance(images.source, ImageFormat):
        return {"": images.source()}
    folder = Path(source.partition(":")[2])
    held_out = images.source.test_part(folder) if test else None
    return {"": images.source.train_part(folder)} | ({} if held_out is None else {"test_": held_out})


def _kept(part: Part, labels: Sequence[int]) -> Part:
    pixels, targets = part
    new = np.full(N_CLASSES, -1)
    new[labels] = np.arange(len(labels))
    rows = new[targets] >= 0
    return pixels if rows.all() else pixels[rows], new[targets][rows]


def _values(pixels: np.ndarray, downscale: int, white: int, *, grey: bool) -> np.ndarray:
    """Values [N, C, H, W] from 0 to 1: sums of whole numbers are exact, so that white is exactly 1."""
    n, channels, height, width = pixels.shape
    blocks = pixels.reshape(n, channels, height // downscale, downscale, width // downscale, downscale)
    sums = blocks.sum(axis=(3, 5), dtype=np.float64)
    whole = downscale**2 * white
    if grey:
        sums, whole = np.einsum("c,nchw->nhw", LUMINANCE, sums)[:, None], whole * LUMINANCE.sum()
    values: np.ndarray = sums / whole
    return values
