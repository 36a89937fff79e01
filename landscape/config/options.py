"""Options of a generated data set, written after its name: f_a:K=6,delta=0.25."""

import tomllib
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from landscape.errors import ConfigError
from landscape.messages import one_line


class Options(BaseModel):
    """Options by name, each with a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    DATASET: ClassVar[str]
    """The name of the data set."""
    EXAMPLE: ClassVar[str]
    """A name with options, for messages."""

    @classmethod
    def named(cls, name: str) -> Self | None:
        """The options in the name of a data set; None for another data set. Raises `ConfigError`."""
        kind, _, text = name.partition(":")
        if kind != cls.DATASET:
            return None
        try:
            return cls.model_validate(tomllib.loads(text.replace(",", "\n")))
        except ValidationError as error:
            raise ConfigError(f"{cls.DATASET}: {one_line(cls, error)}") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(
                f"expected options KEY=VALUE with commas between, as in {cls.EXAMPLE}, found {name}"
            ) from error

    @property
    def is_drawn(self) -> bool:
        """True if seeds draw different samples."""
        return True
