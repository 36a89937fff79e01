"""Run files: reading, overriding and writing, with one helpful line for every mistake.

A run file, `--set` and Python settings are all read as TOML -> dictionaries -> models. `RunConfig.to_toml` writes a
configuration as a file that reads back as the same configuration.
"""

import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from landscape.config.tables import (
    BasinHoppingConfig,
    ConnectConfig,
    ExploreConfig,
    IdentityConfig,
    MeasureConfig,
    ProblemConfig,
    QuenchConfig,
    RunTable,
    SaddlesConfig,
    SampleConfig,
    Table,
)
from landscape.config.training import TrainConfig
from landscape.errors import ConfigError
from landscape.messages import toml_value

WORD = r"[A-Za-z_./~][\w.:/~-]*"
"""A value of --set that needs no quotes: a name, or a path."""


class Settings(Table):
    """Settings that suit any energy: all tables of a run file except [problem]."""

    explore: ExploreConfig = ExploreConfig()
    basin_hopping: BasinHoppingConfig = BasinHoppingConfig()
    quench: QuenchConfig = QuenchConfig()
    connect: ConnectConfig = ConnectConfig()
    saddles: SaddlesConfig = SaddlesConfig()
    sample: SampleConfig = SampleConfig()
    measure: MeasureConfig = MeasureConfig()
    identity: IdentityConfig = IdentityConfig()
    train: TrainConfig = TrainConfig()
    run: RunTable = RunTable()

    def to_toml(self, *tables: str) -> str:
        """The TOML text of the named tables, or of all if none is named: every key, in a fixed order."""
        values = self.model_dump(include=set(tables) if tables else None)
        return "\n".join(_table_text(name, table) for name, table in values.items())


class RunConfig(Settings):
    """A whole run file. Omitted tables and keys have their defaults."""

    problem: ProblemConfig

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """The run file at `path`; raises `ConfigError` if it is missing, malformed or has unusable values."""
        try:
            text = Path(path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: expected a run file (TOML, UTF-8), cannot read it: {_reason(error)}") from error
        return cls.from_text(text, str(path))

    @classmethod
    def from_text(cls, text: str, source: str = "run file") -> Self:
        """The run file with this text. Raises `ConfigError`; its message is one line that starts with `source`."""
        return cls.from_table(_parse_toml(text, source), source)

    def override(self, settings: Iterable[str]) -> Self:
        """The configuration with ``TABLE.KEY=VALUE`` settings applied; raises `ConfigError`.

        Values are TOML, but for a bare word, which is a string.
        """
        tables = self.model_dump()
        for setting in settings:
            table, key, text = _parts(setting, "--set", "problem.l2=1e-3")
            _put(tables, table, key, _parse_value("--set", setting, text))
        return self.from_table(tables, "--set")

    def family(self, over: str) -> dict[str, Self]:
        """Configurations by name, one for each value of ``TABLE.KEY=VALUE,VALUE,...``.

        Values are TOML, or all of them bare words.

        Names are KEY-VALUE and have only letters, digits and ``.+-``, so they can name files. Raises `ConfigError`.
        """
        table, key, text = _parts(over, "--over", "problem.l2=1e-4,1e-3")
        words = [word.strip() for word in text.split(",")]
        values = words if all(map(_is_word, words)) else _parse_value("--over", over, f"[{text}]")
        members = {}
        for value in values if isinstance(values, list) else ():
            told = re.sub(r"[^\w.+-]+", "-", toml_value(value))
            name = f"{key}-{told if isinstance(value, int | float) else told.strip('-')}".strip("-")
            if name in members:
                raise ConfigError(
                    f"--over {over!r}: expected each value once, and distinct in letters, digits and .+-, by which "
                    f"files are named; found two values for {name}.h5: leave one out"
                )
            tables = self.model_dump()
            _put(tables, table, key, value)
            members[name] = self.from_table(tables, "--over")
        return members

    def replicates(self, count: int, samples: float) -> list[Self]:
        """Configurations of `count` replicates, each with its own search seed and its own subset of problem.subset
        samples.

        The subsets are disjoint if the data have enough samples for all; otherwise each subset is drawn with its own
        seed, and they overlap. `samples` is the number of samples in the data. Samples of a law, which are infinitely
        many, need no subset: each replicate draws its own. Raises `ConfigError`.
        """
        size, seed = self.problem.subset, self.run.seed
        first = self.problem.subset_seed if self.problem.subset_seed >= 0 else seed
        if math.isinf(samples) and not size:
            return [
                self.override([f"run.seed={seed + number}", f"problem.subset_seed={first + number}"])
                for number in range(count)
            ]
        if not size or self.problem.subset_part:
            raise ConfigError(
                "--replicates: expected problem.subset above 0, the samples of each, and no problem.subset_part, "
                f"found {size} and {self.problem.subset_part}"
            )
        if size >= samples:
            raise ConfigError(
                f"--replicates: expected problem.subset below the {samples} samples that there are, found {size}: all "
                "replicates would be the same"
            )
        disjoint = count * size <= samples
        return [
            self.override(
                [
                    f"run.seed={seed + number}",
                    f"problem.subset_seed={first if disjoint else first + number}",
                    f"problem.subset_part={number if disjoint else 0}",
                ]
            )
            for number in range(count)
        ]


def _parts(setting: str, option: str, example: str) -> tuple[str, str, str]:
    """Table, key and text of the value in ``TABLE.KEY=VALUE``."""
    path, _, text = setting.partition("=")
    table, _, key = path.strip().partition(".")
    if not (table and key and text.strip()):
        raise ConfigError(f"{option} {setting!r}: expected TABLE.KEY=VALUE, for instance {example}")
    return table, key, text.strip()


def _put(tables: dict[str, Any], table: str, key: str, value: object) -> None:
    """Set a key of a table; dots in the key lead to nested tables."""
    *within, last = key.split(".")
    for name in (table, *within):
        if not isinstance(tables.get(name), dict):
            tables[name] = {}
        tables = tables[name]
    tables[last] = value


def _parse_toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        last = len(text.splitlines())
        message = str(error).replace("at end of document", f"at the end, line {last}")
        raise ConfigError(f"{source}: expected TOML, found a mistake: {message}") from error


def _parse_value(option: str, setting: str, text: str) -> Any:  # noqa: ANN401 - whatever TOML has
    if _is_word(text):
        return text
    try:
        values = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError as error:
        path, _, value = setting.partition("=")
        quoted = f"{path.strip()}={json.dumps(value.strip(), ensure_ascii=False)}"
        raise ConfigError(f"{option} {setting!r}: expected a TOML value; a string needs quotes: '{quoted}'") from error
    if list(values) != ["value"]:
        raise ConfigError(f"{option} {setting!r}: expected one value, found several lines")
    return values["value"]


def _is_word(text: str) -> bool:
    """True for a bare word, which is no boolean or number of TOML."""
    return re.fullmatch(WORD, text) is not None and text not in ("true", "false", "inf", "nan")


def _table_text(name: str, values: Mapping[str, object]) -> str:
    keys = [f"{key} = {toml_value(value)}\n" for key, value in values.items() if not isinstance(value, Mapping)]
    tables = [_table_text(f"{name}.{key}", value) for key, value in values.items() if isinstance(value, Mapping)]
    return "\n".join(["".join([f"[{name}]\n", *keys]), *tables])


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
