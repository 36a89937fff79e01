"""Run files: what they may say, how they are read, and how every mistake in one becomes one helpful line.

Each table of a run file is a frozen model whose fields carry type, bounds, default and description, so a
new key is one line here and nothing elsewhere. Reading is TOML -> dictionaries -> models, for a file, for
`--set` and for Python alike; `landscape.messages.one_line` alone turns a failed check into a message.
`RunConfig.to_toml` writes the file as understood, which reads back as the same configuration.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from landscape.errors import ConfigError
from landscape.messages import LIST, NUMBER, one_line, toml_value

DataSetName = Literal["xor", "iris", "wine", "breast_cancer", "digits", "moons"]
ActivationName = Literal["tanh", "sigmoid", "softplus", "gelu", "silu", "relu"]
LossName = Literal["cross_entropy", "mse"]
StrategyName = Literal["missing", "gmin", "untrap", "closest", "unconnected", "random"]

DATASETS: tuple[str, ...] = get_args(DataSetName)
FILE_SUFFIXES = (".npz", ".h5", ".csv")
Radius = float | tuple[float, ...]


def _data_set(name: str) -> str:
    if name not in DATASETS and not name.lower().endswith(FILE_SUFFIXES):
        expected = f"{', '.join(DATASETS)} or a path to {', '.join(FILE_SUFFIXES)}"
        raise PydanticCustomError("data_set", "expected {expected}", {"expected": expected})
    return name


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


def _rising(values: tuple[Radius, ...]) -> tuple[Radius, ...]:
    numbers = [value for value in values if not isinstance(value, tuple)]
    if len(numbers) == len(values) and any(first >= second for first, second in pairwise(numbers)):
        raise ValueError("expected rising values, each once")
    return values


Count = Annotated[int, Field(ge=1, lt=2**63)]
Natural = Annotated[int, Field(ge=0, lt=2**63)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
ProperFraction = Annotated[float, Field(ge=0.0, lt=1.0)]
# The values of a list are as strict as others; only the list itself may be any sequence.
Counts = Annotated[tuple[Count, ...], Field(strict=False, min_length=1)]
Positives = Annotated[tuple[Positive, ...], Field(strict=False, min_length=1)]
Bounds = Annotated[tuple[Finite, ...], Field(strict=False), AfterValidator(_ordered)]
Entry = Annotated[
    Annotated[Positive, Tag(NUMBER)] | Annotated[Positives, Tag(LIST)],
    Discriminator(lambda value: LIST if isinstance(value, list | tuple) else NUMBER),
]
Radii = Annotated[tuple[Entry, ...], Field(strict=False, min_length=1), AfterValidator(_rising)]
Strategies = Annotated[tuple[StrategyName, ...], Field(strict=False, min_length=1), AfterValidator(_distinct)]


class Table(BaseModel):
    """A table of the run file: immutable, without coercions, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    @classmethod
    def from_table(cls, values: Mapping[str, object], source: str = "configuration") -> Self:
        """The table with these keys; raises `ConfigError`, one line that starts with `source`."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise ConfigError(f"{source}: {one_line(cls, error)}") from error


class ProblemConfig(Table):
    """[problem]: what the energy is."""

    dataset: Annotated[str, AfterValidator(_data_set)] = Field(description="a known data set or a path to a file")
    standardise: bool = Field(True, description="zero mean and unit population variance per feature")
    subset: Natural = Field(0, description="samples drawn, stratified and seeded; 0: all")
    test_fraction: ProperFraction = Field(0.0, description="held-out part, stratified and seeded")
    hidden: Counts = Field((10,), description="units of each hidden layer")
    activation: ActivationName = Field("tanh", description="of the hidden units")
    loss: LossName = Field("cross_entropy", description="of a sample")
    l2: NonNegative = Field(1e-3, description="E = mean loss + l2 * sum(theta^2), biases included")


class BasinHoppingConfig(Table):
    """[basin_hopping]: the search for minima."""

    walkers: Count = Field(64, description="independent walks")
    steps: Natural = Field(100, description="steps of each walk")
    round_steps: Count = Field(10, description="steps of each walk in one round")
    task_walkers: Count = Field(32, description="walkers of one task")
    step: Positive = Field(0.5, description="first standard deviation of a step in each parameter; it adapts")
    temperature: NonNegative = Field(0.01, description="first temperature, in units of the energy; it adapts")
    patience: Count = Field(10, description="steps, exchanges too, with nothing new after which a walker starts afresh")
    start_scales: Positives = Field((0.1, 0.5, 1.0, 2.0), description="standard deviations of the starts, at random")


class QuenchConfig(Table):
    """[quench]: the minimiser behind every minimum."""

    memory: Count = Field(40, description="correction pairs of L-BFGS")
    max_step: Positive = Field(1.0, description="longest step, Euclidean")
    max_energy_rise: NonNegative = Field(1e-10, description="largest rise of the energy in a step")
    max_iterations: Count = Field(10000, description="iterations after which a quench counts as failed")


class ConnectConfig(Table):
    """[connect]: the search for transition states between minima."""

    strategies: Strategies = Field(("missing", "closest", "unconnected"), description="ways to choose pairs, in turn")
    pairs: Count = Field(32, description="pairs tried in a round")
    task_pairs: Count = Field(8, description="pairs of one task")
    rounds: Natural = Field(20, description="most rounds of connecting")
    image_density: Positive = Field(3.0, description="images of a band per unit length")
    min_images: Annotated[int, Field(ge=3, lt=2**63)] = Field(10, description="fewest images of a band")
    max_images: Annotated[int, Field(ge=3, lt=2**63)] = Field(50, description="most images of a band")
    retries: Natural = Field(2, description="further tries of a pair, each with 1.5 times the images")
    single_ended: Natural = Field(0, description="searches that start from a minimum alone, per minimum")
    target: Fraction = Field(0.95, description="connected fraction of the minima at which connecting stops")

    @model_validator(mode="after")
    def _images_ordered(self) -> Self:
        if self.max_images < self.min_images:
            raise ValueError(f"expected max_images >= min_images, found {self.max_images} < {self.min_images}")
        return self


class MeasureConfig(Table):
    """[measure]: robustness and sharpness of each minimum."""

    epsilon: Radii = Field(
        (0.1, 0.3), description="attack radii, infinity norm, in units of the inputs; a list: one a feature"
    )
    pgd_steps: Count = Field(40, description="steps of projected gradient descent")
    pgd_restarts: Count = Field(5, description="starts of projected gradient descent, the sample itself first")
    input_bounds: Bounds = Field((), description="least and largest value of an input under attack; none if empty")


class IdentityConfig(Table):
    """[identity]: when two stationary points are one; both must hold."""

    energy_tolerance: Positive = Field(1e-9, description="largest difference of the energies, absolute")
    distance_tolerance: Positive = Field(1e-4, description="largest distance after alignment")


class RunTable(Table):
    """[run]: how the campaign runs."""

    seed: Natural = Field(0, description="of every random number")
    device: Annotated[str, AfterValidator(_device)] = Field(
        "auto", description="cpu, cuda, cuda:1; auto: a GPU per local rank if there is one"
    )


class Settings(Table):
    """How a landscape is explored, whatever the energy: all tables of a run file but [problem]."""

    basin_hopping: BasinHoppingConfig = BasinHoppingConfig()
    quench: QuenchConfig = QuenchConfig()
    connect: ConnectConfig = ConnectConfig()
    measure: MeasureConfig = MeasureConfig()
    identity: IdentityConfig = IdentityConfig()
    run: RunTable = RunTable()

    def to_toml(self, *tables: str) -> str:
        """The text of the named tables, of all if none is named: every key, in a fixed order."""
        values = self.model_dump(include=set(tables) if tables else None)
        return "\n".join(_table_text(name, table) for name, table in values.items())


class RunConfig(Settings):
    """A whole run file. Tables that it leaves out, and keys, take their defaults."""

    problem: ProblemConfig

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """The run file at `path`; raises `ConfigError` if it is missing, malformed or says something unusable."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: expected a run file (TOML, UTF-8), cannot read it: {_reason(error)}") from error
        return cls.from_text(text, str(path))

    @classmethod
    def from_text(cls, text: str, source: str = "run file") -> Self:
        """The run file with this text; `source` starts the line of the `ConfigError` that may be raised."""
        return cls.from_table(_parse_toml(text, source), source)

    def override(self, settings: Iterable[str]) -> Self:
        """The configuration after ``TABLE.KEY=VALUE`` settings, values as TOML; raises `ConfigError`."""
        tables = self.model_dump()
        for setting in settings:
            table, key, text = _parts(setting, "--set", "problem.l2=1e-3")
            tables.setdefault(table, {})[key] = _parse_value("--set", setting, text)
        return self.from_table(tables, "--set")

    def family(self, over: str) -> dict[str, Self]:
        """The configurations with each of the values of ``TABLE.KEY=VALUE,VALUE,...``, values as TOML.

        They go by KEY-VALUE, in letters, digits and ``.+-`` alone, as names of files. Raises `ConfigError`.
        """
        table, key, text = _parts(over, "--over", "problem.l2=1e-4,1e-3")
        values = _parse_value("--over", over, f"[{text}]")
        members = {}
        for value in values if isinstance(values, list) else ():
            name = re.sub(r"[^\w.+-]+", "-", f"{key}-{toml_value(value)}").strip("-")
            if name in members:
                raise ConfigError(
                    f"--over {over!r}: expected each value once, and distinct in letters, digits and .+-, by which "
                    f"files are named; found two values for {name}.h5: leave one out"
                )
            tables = self.model_dump()
            tables.setdefault(table, {})[key] = value
            members[name] = self.from_table(tables, "--over")
        return members


def _parts(setting: str, option: str, example: str) -> tuple[str, str, str]:
    """Table, key and text of the value in ``TABLE.KEY=VALUE``."""
    path, _, text = setting.partition("=")
    table, _, key = path.strip().partition(".")
    if not (table and key and text.strip()):
        raise ConfigError(f"{option} {setting!r}: expected TABLE.KEY=VALUE, for instance {example}")
    return table, key, text.strip()


def _parse_toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        last = len(text.splitlines())
        message = str(error).replace("at end of document", f"at the end, line {last}")
        raise ConfigError(f"{source}: expected TOML, found a mistake: {message}") from error


def _parse_value(option: str, setting: str, text: str) -> Any:  # noqa: ANN401 - whatever TOML has
    try:
        values = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError as error:
        path, _, value = setting.partition("=")
        quoted = f"{path.strip()}={json.dumps(value.strip(), ensure_ascii=False)}"
        raise ConfigError(f"{option} {setting!r}: expected a TOML value; a string needs quotes: '{quoted}'") from error
    if list(values) != ["value"]:
        raise ConfigError(f"{option} {setting!r}: expected one value, found several lines")
    return values["value"]


def _table_text(name: str, values: Mapping[str, object]) -> str:
    return "".join([f"[{name}]\n", *(f"{key} = {toml_value(value)}\n" for key, value in values.items())])


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
