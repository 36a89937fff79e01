"""Image files written byte by byte, as the pages of MNIST, CIFAR-10 and STL-10 describe; no reader code.

Pixels [N, C, H, W] are whole numbers from 0 to 255.
"""

import gzip
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

Labels = Sequence[int]
SIDE = {"mnist": (1, 28), "fashion_mnist": (1, 28), "cifar10": (3, 32), "stl10": (3, 96)}


def random_pixels(kind: str, n: int, seed: int = 0) -> np.ndarray:
    channels, side = SIDE[kind]
    return np.random.default_rng(seed).integers(0, 256, (n, channels, side, side))


def idx_images(pixels: np.ndarray) -> bytes:
    n, _, height, width = pixels.shape
    return struct.pack(">IIII", 2051, n, height, width) + b"".join(image.tobytes() for image in pixels.astype(np.uint8))


def idx_labels(labels: Labels) -> bytes:
    return struct.pack(">II", 2049, len(labels)) + bytes(labels)


def cifar10_batch(pixels: np.ndarray, labels: Labels) -> bytes:
    """Bytes of each image: the label, then 1024 of red, of green and of blue, row by row."""
    images = pixels.astype(np.uint8)
    return b"".join(bytes([label]) + image.tobytes() for image, label in zip(images, labels, strict=True))


def stl10_images(pixels: np.ndarray) -> bytes:
    """Bytes of each image: red, green and blue, each column by column."""
    return b"".join(
        bytes(int(colour[y][x]) for x in range(len(colour[0])) for y in range(len(colour)))
        for image in pixels
        for colour in image
    )


def write_mnist(folder: Path, part: str, pixels: np.ndarray, labels: Labels, *, packed: bool = False) -> None:
    pack: Callable[[bytes], bytes] = gzip.compress if packed else bytes
    for name, content in (
        (f"{part}-images-idx3-ubyte", idx_images(pixels)),
        (f"{part}-labels-idx1-ubyte", idx_labels(labels)),
    ):
        (folder / f"{name}{'.gz' if packed else ''}").write_bytes(pack(content))


def write_cifar10(folder: Path, part: str, pixels: np.ndarray, labels: Labels) -> None:
    if part == "test":
        (folder / "test_batch.bin").write_bytes(cifar10_batch(pixels, labels))
        return
    for batch, rows in enumerate(np.array_split(np.arange(len(labels)), 5)):
        content = cifar10_batch(pixels[rows], [labels[row] for row in rows])
        (folder / f"data_batch_{batch + 1}.bin").write_bytes(content)


def write_stl10(folder: Path, part: str, pixels: np.ndarray, labels: Labels) -> None:
    """Write images and labels; labels start from 0 here and from 1 in the file."""
    (folder / f"{part}_X.bin").write_bytes(stl10_images(pixels))
    (folder / f"{part}_y.bin").write_bytes(bytes(label + 1 for label in labels))


def write(kind: str, folder: Path, part: str, pixels: np.ndarray, labels: Labels) -> None:
    """Write a folder of images of the given kind; `part` is train or test."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind.endswith("mnist"):
        write_mnist(folder, {"train": "train", "test": "t10k"}[part], pixels, labels)
    else:
        {"cifar10": write_cifar10, "stl10": write_stl10}[kind](folder, part, pixels, labels)
