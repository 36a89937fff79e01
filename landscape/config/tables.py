"""The tables of a run file.

Each table is a frozen model whose fields carry type, bounds, default and description. So a new key is one line here and
a row of runs/README.md; a test keeps both equal. `landscape.messages.one_line` turns a failed check into a message.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from landscape.config.fields import (
    ActivationName,
    Bounds,
    ClassNames,
    Count,
    Device,
    Fraction,
    Hidden,
    ImageShape,
    Level,
    LockName,
    LossName,
    Names,
    Natural,
    NonNegative,
    Positive,
    Positives,
    ProperFraction,
    Radii,
    SaddleIndex,
    SensitivityName,
    SubsetSeed,
)
from landscape.config.sources import SOURCES, DataSetOrFile
from landscape.errors import ConfigError
from landscape.messages import one_line


class Table(BaseModel):
    """A table of the run file: immutable, without conversions of types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    @classmethod
    def from_table(cls, values: Mapping[str, object], source: str = "configuration") -> Self:
        """The table with these keys; raises `ConfigError`, whose message is one line that starts with `source`."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise ConfigError(f"{source}: {one_line(cls, error)}") from error


class ConvolutionConfig(Table):
    """An entry of problem.convolution: a convolution, its activation and the average pooling after it."""

    channels: Count = Field(description="channels that leave it")
    kernel: Count = Field(3, description="side of its window")
    stride: Count = Field(1, description="step of its window")
    padding: Natural = Field(0, description="zeros on each side of the image")
    pool: Count = Field(1, description="side of the blocks of pixels that become their mean afterwards")


Convolutions = Annotated[tuple[ConvolutionConfig, ...], Field(strict=False)]


class ProblemConfig(Table):
    """[problem]: the energy."""

    dataset: DataSetOrFile = Field(description=SOURCES)
    standardise: bool = Field(True, description="zero mean and unit population variance per feature")
    subset: Natural = Field(0, description="samples drawn, stratified and seeded; 0: all")
    subset_part: Natural = Field(0, description="which of the disjoint subsets of one seed, from 0")
    test_fraction: ProperFraction = Field(0.0, description="held-out part, stratified and seeded")
    held_out: Natural = Field(0, description="test samples instead, stratified, from what the subset leaves")
    subset_seed: SubsetSeed = Field(-1, description="seed of the subset and the held-out part; -1: that of the run")
    classes: ClassNames = Field((), description="of images, those kept, in the order of their new labels; all if empty")
    downscale: Count = Field(1, description="side of the blocks of pixels of an image that become their mean")
    grey: bool = Field(False, description="images in colour become grey")
    image: ImageShape = Field((), description="channels, height and width of a sample; none: as the data set has them")
    convolution: Convolutions = Field(
        (), description="tables of channels, kernel = 3, stride = 1, padding = 0 and pool = 1"
    )
    hidden: Hidden = Field((10,), description="units of each hidden layer, after the convolutions; [] for none")
    activation: ActivationName = Field("tanh", description="of the hidden units; identity: for one unit a layer")
    loss: LossName = Field("cross_entropy", description="of a sample")
    l2: NonNegative = Field(1e-3, description="E = mean loss + l2 * sum(theta^2), biases included")
    label_smoothing: ProperFraction = Field(0.0, description="share of each label that is spread over all classes")
    l1: NonNegative = Field(0.0, description="adds l1 * sum(sqrt(theta^2 + l1_width^2) - l1_width), biases included")
    l1_width: Positive = Field(1e-2, description="below which the absolute value of a parameter is rounded off")
    sensitivity_weight: NonNegative = Field(0.0, description="adds this times the size of the reachable logits, by IBP")
    sensitivity_epsilon: NonNegative = Field(0.0, description="half-width of the boxes of inputs; needed with a weight")
    sensitivity_measure: SensitivityName = Field(
        "log_volume", description="mean over samples of the log volume, or of the geometric mean of the widths"
    )
    sensitivity_width: Positive = Field(1e-2, description="below which |weight| and the logarithm are rounded off")
    adversarial_weight: NonNegative = Field(0.0, description="adds this times the mean loss at attacked inputs; kinks")
    adversarial_epsilon: NonNegative = Field(0.0, description="attack radius, infinity norm; needed with a weight")
    adversarial_steps: Count = Field(1, description="steps of the attack: 1 is FGSM, more are PGD from the sample")
    jacobian_weight: NonNegative = Field(0.0, description="adds this times the mean of |d logits / d inputs|^2")

    @model_validator(mode="after")
    def _part_of_a_subset(self) -> Self:
        if self.held_out and (self.test_fraction or not self.subset):
            raise ValueError(
                f"expected subset > 0 and no test_fraction where held_out is {self.held_out}, found {self.subset} and "
                f"{self.test_fraction:g}: held_out takes what the subset leaves"
            )
        if self.subset_part and not self.subset:
            raise ValueError(f"expected subset > 0 where subset_part is {self.subset_part}, found 0: give it")
        return self

    @model_validator(mode="after")
    def _radii_given(self) -> Self:
        terms = {
            "sensitivity": (self.sensitivity_weight, self.sensitivity_epsilon),
            "adversarial": (self.adversarial_weight, self.adversarial_epsilon),
        }
        for name, (weight, epsilon) in terms.items():
            if weight and not epsilon:
                raise ValueError(f"expected {name}_epsilon > 0 where {name}_weight is {weight:g}, found none: give it")
        return self


class ExploreConfig(Table):
    """[explore]: the goal of the search, and its limit."""

    lowest: Natural = Field(0, description="so many minima of lowest energy are to be complete; 0: all")
    energy: Level = Field(math.inf, description="only minima up to this energy are to be complete")
    searches: Natural = Field(
        10, description="single-ended searches from each, at least, before its barriers count as converged"
    )
    evaluations: Natural = Field(0, description="most evaluations of the energy by the search; 0: no limit")


class BasinHoppingConfig(Table):
    """[basin_hopping]: the search for minima."""

    walkers: Count = Field(64, description="independent walks")
    steps: Natural = Field(100, description="steps of each walk, at most")
    round_steps: Count = Field(10, description="steps of each walk in one round")
    task_walkers: Count = Field(32, description="walkers of one task")
    step: Positive = Field(0.5, description="first standard deviation of a step in each parameter; it adapts")
    temperature: NonNegative = Field(0.01, description="first temperature, over the unit of the energy; it adapts")
    patience: Count = Field(10, description="steps, exchanges too, with nothing new after which a walker starts afresh")
    start_scales: Positives = Field((0.1, 0.5, 1.0, 2.0), description="standard deviations of the starts, at random")


class QuenchConfig(Table):
    """[quench]: the minimiser that finds every minimum."""

    memory: Count = Field(40, description="correction pairs of L-BFGS")
    max_step: Positive = Field(1.0, description="longest step, Euclidean")
    max_energy_rise: NonNegative = Field(1e-10, description="largest rise of the energy in a step, over its unit")
    max_iterations: Count = Field(10000, description="iterations after which a quench counts as failed")


class ConnectConfig(Table):
    """[connect]: the search for transition states between minima."""

    strategies: Names = Field(("focus", "borders"), description="ways to choose pairs, in turn")
    pairs: Count = Field(64, description="pairs tried in a round")
    task_pairs: Count = Field(8, description="pairs of one task")
    rounds: Natural = Field(200, description="most rounds of connecting")
    image_density: Positive = Field(3.0, description="images of a band per unit length")
    min_images: Annotated[int, Field(ge=3, lt=2**63)] = Field(10, description="fewest images of a band")
    max_images: Annotated[int, Field(ge=3, lt=2**63)] = Field(50, description="most images of a band")
    retries: Natural = Field(2, description="further tries of a pair, each with 1.5 times the images")
    single_ended: Natural = Field(50, description="searches that start from a minimum alone, at most, per minimum")
    target: Fraction = Field(1.0, description="fraction of the minima that is to be connected with the lowest one")

    @model_validator(mode="after")
    def _images_ordered(self) -> Self:
        if self.max_images < self.min_images:
            raise ValueError(f"expected max_images >= min_images, found {self.max_images} < {self.min_images}")
        return self


class SaddlesConfig(Table):
    """[saddles]: the search for saddles of index 2 and more, after that for minima and transition states."""

    max_index: SaddleIndex = Field(0, description="highest index of the saddles searched for, at least 2; 0: none")
    rounds: Natural = Field(100, description="most rounds of searches for saddles")


class SampleConfig(Table):
    """[sample]: independent quenches, and barriers between random pairs of them."""

    quenches: Count = Field(100, description="independent quenches")
    scale: Positive = Field(1.0, description="standard deviation of their starts, normal around zero")
    pairs: Natural = Field(30, description="random pairs of quenches to connect; of training, pairs a regime")
    attempts: Natural = Field(40, description="most elastic bands for a pair")


class MeasureConfig(Table):
    """[measure]: robustness and sharpness of each minimum."""

    epsilon: Radii = Field(
        (0.1, 0.3), description="attack radii, infinity norm, in units of the inputs; a list: one a feature"
    )
    pgd_steps: Count = Field(40, description="steps of projected gradient descent")
    pgd_restarts: Count = Field(5, description="starts of projected gradient descent, the sample itself first")
    apgd_steps: Count = Field(100, description="steps of projected gradient descent whose step adapts (APGD)")
    search_queries: Count = Field(500, description="queries of the random search")
    noise_draws: Count = Field(32, description="draws of Gaussian noise")
    distance_limit: Positive = Field(
        10.0, description="adversarial distance where no nearer point is found, in units of the inputs"
    )
    input_bounds: Bounds = Field((), description="least and largest value of an input under attack; none if empty")


class IdentityConfig(Table):
    """[identity]: tolerances within which two stationary points are one; both must hold."""

    energy_tolerance: Positive = Field(1e-9, description="largest difference of the energies, over their unit")
    distance_tolerance: Positive = Field(1e-4, description="largest distance after alignment")


class RunTable(Table):
    """[run]: seed and device of the campaign, and the lock of its database."""

    seed: Natural = Field(0, description="of every random number")
    device: Device = Field("auto", description="cpu, cuda, cuda:1; auto: a GPU per local rank if there is one")
    lock: LockName = Field("flock", description="of the database; exclusive: for file systems without flock")
