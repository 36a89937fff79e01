"""Options of the data set `f_a`, written after its name: f_a:K=6,delta=0.25."""

import tomllib
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from landscape.config.fields import Count, NonNegative, ProperFraction
from landscape.errors import ConfigError
from landscape.messages import one_line

STRIPES = "f_a"
"""The name of the data set."""


class Stripes(BaseModel):
    """Options of `f_a`; see `landscape.problems.data.stripes` for the points."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    K: Annotated[int, Field(ge=2, le=1000)] = Field(6, description="points, of alternating labels")
    delta: NonNegative = Field(0.25, description="size of the false cue, in units of the least radius r_K")
    a: Annotated[float, Field(ge=0.5, le=1.0)] = Field(1.0, description="the member of the family of functions")
    copies: Count = Field(1, description="samples of each point")
    jitter: ProperFraction = Field(0.0, description="largest shift of a sample along x_1, over the radius of its point")
    shuffled: bool = Field(False, description="cues that are dealt at random; of few, many may be right")

    @classmethod
    def named(cls, name: str) -> Self | None:
        """The options in the name of a data set; None for another data set. Raises `ConfigError`."""
        kind, _, text = name.partition(":")
        if kind != STRIPES:
            return None
        try:
            return cls.model_validate(tomllib.loads(text.replace(",", "\n")))
        except ValidationError as error:
            raise ConfigError(f"{STRIPES}: {one_line(cls, error)}") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(
                f"expected options KEY=VALUE with commas between, as in {STRIPES}:K=6,delta=0.25, found {name}"
            ) from error

    @property
    def is_drawn(self) -> bool:
        """True if seeds draw different samples."""
        return self.jitter > 0.0 or self.shuffled
