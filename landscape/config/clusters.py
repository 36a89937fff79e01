"""Options of the data set `ljat3`, written after its name: ljat3:samples=500,Z=2.0."""

from typing import Annotated, ClassVar

from pydantic import Field

from landscape.config.options import Options


class Clusters(Options):
    """Options of `ljat3`; see `landscape.problems.data.clusters` for the clusters."""

    DATASET: ClassVar[str] = "ljat3"
    EXAMPLE: ClassVar[str] = "ljat3:samples=500,Z=2.0"

    samples: Annotated[int, Field(ge=100, le=100_000)] = Field(500, description="starting geometries")
    Z: Annotated[float, Field(ge=0.5, le=4.0)] = Field(2.0, description="strength of the three-body term")
    distances: Annotated[int, Field(ge=2, le=3)] = Field(2, description="inputs: r12 and r13, or also r23")
