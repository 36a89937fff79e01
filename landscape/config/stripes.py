"""Options of the data set `f_a`, written after its name: f_a:K=6,delta=0.25."""

from typing import Annotated, ClassVar

from pydantic import Field

from landscape.config.fields import Count, NonNegative, ProperFraction
from landscape.config.options import Options

STRIPES = "f_a"
"""The name of the data set."""


class Stripes(Options):
    """Options of `f_a`; see `landscape.problems.data.stripes` for the points."""

    DATASET: ClassVar[str] = STRIPES
    EXAMPLE: ClassVar[str] = f"{STRIPES}:K=6,delta=0.25"

    K: Annotated[int, Field(ge=2, le=1000)] = Field(6, description="points, of alternating labels")
    delta: NonNegative = Field(0.25, description="size of the false cue, in units of the least radius r_K")
    a: Annotated[float, Field(ge=0.5, le=1.0)] = Field(1.0, description="the member of the family of functions")
    copies: Count = Field(1, description="samples of each point")
    jitter: ProperFraction = Field(0.0, description="largest shift of a sample along x_1, over the radius of its point")
    shuffled: bool = Field(False, description="cues that are dealt at random; of few, many may be right")

    @property
    def is_drawn(self) -> bool:
        """True if seeds draw different samples."""
        return self.jitter > 0.0 or self.shuffled
