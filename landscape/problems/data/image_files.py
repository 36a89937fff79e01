"""Images in their published files: MNIST and similar sets (IDX), CIFAR-10 and STL-10 (binary versions).

A set of images is a folder with files of the official names, unchanged or with .gz after the name. Only plain bytes are
read, no pickle. N images of C channels, height H and width W.

Formats: LeCun, Cortes and Burges, "The MNIST database of handwritten digits"; Krizhevsky, "The CIFAR-10 dataset";
Coates, Lee and Ng, "STL-10 dataset" (the pages that offer the files).
"""

import gzip
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landscape.errors import DataError, MissingDataError
from landscape.limits import DATA

Bytes = NDArray[np.uint8]
Part = tuple[Bytes, NDArray[np.int64]]
"""Pixels [N, C, H, W] from 0 to 255 and labels [N] from 0 on."""

N_CLASSES = 10


@dataclass(frozen=True, kw_only=True)
class ImageFormat:
    """The files of the training and of the test images, and the function that reads them."""

    train: tuple[str, ...]
    test: tuple[str, ...]
    read: Callable[[Sequence[Path]], Part]

    def train_part(self, folder: Path) -> Part:
        """The training images in the folder; raises `DataError` if files are missing or not of this format."""
        return self.read(_required(folder, self.train))

    def test_part(self, folder: Path) -> Part | None:
        """The test images in the folder, None if none of their files exists; raises `DataError` like `train_part`."""
        if not any(_found(folder, name) for name in self.test):
            return None
        return self.read(_required(folder, self.test))


def _required(folder: Path, names: tuple[str, ...]) -> list[Path]:
    paths = [_found(folder, name) for name in names]
    missing = [name for name, path in zip(names, paths, strict=True) if path is None]
    if missing:
        found = f"no {', '.join(missing)}" if folder.is_dir() else "no such folder"
        raise MissingDataError(
            f"{folder}: expected a folder with the files {', '.join(names)} (or these with .gz after the name), "
            f"found {found}; put the published files there"
        )
    return [path for path in paths if path is not None]


def _found(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _read_idx(paths: Sequence[Path]) -> Part:
    """IDX: a magic number with the type (08: unsigned bytes) and the number of axes, then sizes and bytes."""
    images, labels = _idx(paths[0], 3), _idx(paths[1], 1)
    return _paired(images[:, None], _labels(paths[1], labels, 0), paths)


def _idx(path: Path, axes: int) -> Bytes:
    content = _content(path)
    magic, expected = bytes(content[:4]).hex(" "), bytes([0, 0, 8, axes]).hex(" ")
    if magic != expected:
        raise DataError(
            f"{path}: expected the first bytes {expected} of an IDX file with {'images' if axes == 3 else 'labels'}, "
            f"found {magic or 'an empty file'}; put the published file of that name there"
        )
    start = 4 + 4 * axes
    if len(content) < start:
        raise _cut(path, f"a header of {start} bytes", len(content))
    sizes = [int(size) for size in np.frombuffer(bytes(content[4:start]), ">u4")]
    if len(content) != start + prod(sizes):
        of = " x ".join(map(str, sizes))
        raise _cut(path, f"{start + prod(sizes)} bytes, a header of {start} and {of} after it", len(content))
    return content[start:].reshape(sizes)


def _read_cifar10(paths: Sequence[Path]) -> Part:
    """A label and 3 x 32 x 32 bytes per image: red, green, blue, each row by row."""
    batches = [_records(path, 1 + 3 * 32 * 32) for path in paths]
    labels = [_labels(path, batch[:, 0], 0) for path, batch in zip(paths, batches, strict=True)]
    return np.concatenate([batch[:, 1:] for batch in batches]).reshape(-1, 3, 32, 32), np.concatenate(labels)


def _read_stl10(paths: Sequence[Path]) -> Part:
    """3 x 96 x 96 bytes per image: red, green, blue, each column by column; labels from 1 on in a separate file."""
    images = _records(paths[0], 3 * 96 * 96).reshape(-1, 3, 96, 96).swapaxes(2, 3)
    return _paired(images, _labels(paths[1], _content(paths[1]), 1), paths)


def _records(path: Path, size: int) -> Bytes:
    """The bytes [N, size] of a file without a header."""
    content = _content(path)
    if len(content) % size:
        raise _cut(path, f"whole images of {size} bytes each", len(content))
    return content.reshape(-1, size)


def _labels(path: Path, labels: Bytes, first: int) -> NDArray[np.int64]:
    """The labels counted from 0 instead of `first`."""
    strange = np.flatnonzero((labels < first) | (labels >= first + N_CLASSES))
    if len(strange):
        raise DataError(
            f"{path}: expected labels {first}..{first + N_CLASSES - 1}, found {labels[strange[0]]} for image "
            f"{strange[0] + 1}; the file is damaged or of another data set, take the published one"
        )
    return labels.astype(np.int64) - first


def _paired(images: Bytes, labels: NDArray[np.int64], paths: Sequence[Path]) -> Part:
    if len(images) != len(labels):
        raise DataError(
            f"{paths[0]}: expected as many images as there are labels in {paths[1].name}, found {len(images)} images "
            f"and {len(labels)} labels; take both files from the same place"
        )
    return images, labels


def _content(path: Path) -> Bytes:
    """The bytes of a file, decompressed; of an uncompressed file only the bytes that are used are read from disk."""
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                content = np.frombuffer(file.read(DATA.most_bytes() // 8 + 1), np.uint8)
            DATA.require_room(path, "the decompressed file", len(content))
            return content
        return np.memmap(path, np.uint8, "r") if path.stat().st_size else np.zeros(0, np.uint8)
    except (OSError, EOFError, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: expected a readable file, found: {reason}; take the published one") from error


def _cut(path: Path, expected: str, found: int) -> DataError:
    return DataError(f"{path}: expected {expected}, found {found} bytes; the file is cut off or damaged, get it again")


IDX = ImageFormat(
    train=("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    test=("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    read=_read_idx,
)
CIFAR10 = ImageFormat(
    train=tuple(f"data_batch_{batch}.bin" for batch in range(1, 6)), test=("test_batch.bin",), read=_read_cifar10
)
STL10 = ImageFormat(train=("train_X.bin", "train_y.bin"), test=("test_X.bin", "test_y.bin"), read=_read_stl10)
