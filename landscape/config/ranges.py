"""A key of the [problem] table that changes from one value to another, as in --over problem.l2=1e-2:1e-5."""

import math
from dataclasses import dataclass
from typing import Self

from landscape.config.run_file import RunConfig
from landscape.config.tables import ProblemConfig
from landscape.errors import ConfigError
from landscape.messages import did_you_mean, listed, number_text

SMOOTH_KEYS = (
    "l2",
    "l1",
    "l1_width",
    "label_smoothing",
    "sensitivity_weight",
    "sensitivity_epsilon",
    "sensitivity_width",
    "jacobian_weight",
)
"""Real keys of the [problem] table on which the energy depends smoothly."""
EXAMPLE = "problem.l2=1e-2:1e-5"


@dataclass(frozen=True, kw_only=True)
class KeyRange:
    """A key of the [problem] table and its first and last value, both above 0."""

    name: str
    start: float
    end: float

    @property
    def key(self) -> str:
        """The key with its table, as in "problem.l2"."""
        return f"problem.{self.name}"

    @classmethod
    def of(cls, over: str) -> Self:
        """The range of an option ``problem.KEY=FROM:TO``; raises `ConfigError` for one that cannot be followed."""
        path, _, ends = over.partition("=")
        table, _, name = path.strip().partition(".")
        first, colon, last = ends.partition(":")
        if not (table and name and colon):
            raise ConfigError(f"--over {over!r}: expected TABLE.KEY=FROM:TO, for instance {EXAMPLE}")
        _require_smooth(over, table, name)
        start, end = _number(over, first), _number(over, last)
        if not (0.0 < start < math.inf and 0.0 < end < math.inf):
            raise ConfigError(
                f"--over {over!r}: expected two values above 0, found {number_text(start)} and {number_text(end)}: "
                "the key is followed in its logarithm, and without l2 stationary points are not isolated"
            )
        if start == end:
            raise ConfigError(f"--over {over!r}: expected two different values, found {number_text(start)} twice")
        return cls(name=name, start=start, end=end)

    def at(self, config: RunConfig, value: float) -> RunConfig:
        """The run file at a value of the key; raises `ConfigError`."""
        tables = config.model_dump()
        tables["problem"][self.name] = value
        return RunConfig.from_table(tables, "--over")


def _require_smooth(over: str, table: str, name: str) -> None:
    """Raise ConfigError unless the energy depends smoothly on the key."""
    known = ProblemConfig.model_fields
    if table != "problem" or name not in known:
        raise ConfigError(
            f"--over {over!r}: expected a key of the [problem] table, found {table}.{name}; "
            f"{did_you_mean(name, SMOOTH_KEYS)}"
        )
    if name not in SMOOTH_KEYS:
        what = "whose energy has kinks" if name.startswith("adversarial") else "which is no such number"
        raise ConfigError(
            f"--over {over!r}: expected a number on which the energy depends smoothly ({listed(SMOOTH_KEYS, 'or')}), "
            f"found {name}, {what}"
        )


def _number(over: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"--over {over!r}: expected a number, found {text.strip()!r}, as in {EXAMPLE}") from None
