"""Types of the values in a run file, with their bounds and messages."""

import math
import re
from itertools import pairwise
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from landscape.messages import LIST, NUMBER

DataSetName = Literal["xor", "iris", "wine", "breast_cancer", "digits", "moons", "mnist_5k"]
ActivationName = Literal["tanh", "sigmoid", "softplus", "gelu", "silu", "relu", "identity"]
LossName = Literal["cross_entropy", "mse"]
LockName = Literal["flock", "exclusive"]
SensitivityName = Literal["log_volume", "mean_width"]

DATASETS: tuple[str, ...] = get_args(DataSetName)
FILE_SUFFIXES = (".npz", ".h5", ".csv")
IMAGE_FOLDERS = ("mnist", "fashion_mnist", "cifar10", "stl10")
Radius = float | tuple[float, ...]


def _class_name(name: object) -> object:
    """The name of a class of samples; an integer becomes text, so that a run file may list it without quotes."""
    return str(name) if isinstance(name, int) and not isinstance(name, bool) else name


def _several(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) == 1:
        raise ValueError("expected at least two classes, or [] for all")
    return names


def _level(energy: float) -> float:
    if math.isnan(energy):
        raise ValueError("expected an energy, or inf for no limit")
    return energy


def _saddle_index(index: int) -> int:
    if index == 1:
        raise ValueError("expected 0 for none or at least 2; [connect] finds transition states, of index 1")
    return index


def _device(name: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:[0-9]+)?", name):
        raise ValueError("expected auto, cpu, cuda or cuda:1 (any number)")
    return name


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("expected each name at most once")
    return names


def _ordered(bounds: tuple[float, ...]) -> tuple[float, ...]:
    if bounds and (len(bounds) != 2 or bounds[0] >= bounds[1]):
        raise ValueError("expected [low, high] with low < high, or [] for no bounds")
    return bounds


def _three(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if len(sizes) not in (0, 3):
        raise ValueError("expected [channels, height, width], or [] for those of the data set")
    return sizes


def _rising(values: tuple[Radius, ...]) -> tuple[Radius, ...]:
    numbers = [value for value in values if not isinstance(value, tuple)]
    if len(numbers) == len(values) and any(first >= second for first, second in pairwise(numbers)):
        raise ValueError("expected rising values, each once")
    return values


Count = Annotated[int, Field(ge=1, lt=2**63)]
Natural = Annotated[int, Field(ge=0, lt=2**63)]
SaddleIndex = Annotated[Natural, AfterValidator(_saddle_index)]
SubsetSeed = Annotated[int, Field(ge=-1, lt=2**63)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Level = Annotated[float, AfterValidator(_level)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
ProperFraction = Annotated[float, Field(ge=0.0, lt=1.0)]
# Values in a list are checked as strictly as single values; only the list itself may be any sequence.
Hidden = Annotated[tuple[Count, ...], Field(strict=False)]
ImageShape = Annotated[tuple[Count, ...], Field(strict=False), AfterValidator(_three)]
Positives = Annotated[tuple[Positive, ...], Field(strict=False, min_length=1)]
Bounds = Annotated[tuple[Finite, ...], Field(strict=False), AfterValidator(_ordered)]
Entry = Annotated[
    Annotated[Positive, Tag(NUMBER)] | Annotated[Positives, Tag(LIST)],
    Discriminator(lambda value: LIST if isinstance(value, list | tuple) else NUMBER),
]
Radii = Annotated[tuple[Entry, ...], Field(strict=False, min_length=1), AfterValidator(_rising)]
Names = Annotated[tuple[str, ...], Field(strict=False, min_length=1), AfterValidator(_distinct)]
ClassNames = Annotated[
    tuple[Annotated[str, BeforeValidator(_class_name)], ...],
    Field(strict=False),
    AfterValidator(_distinct),
    AfterValidator(_several),
]

Device = Annotated[str, AfterValidator(_device)]
